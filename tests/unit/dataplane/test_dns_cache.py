"""Answers that are given again: with the new query's number, until what they were made from changes."""

from __future__ import annotations

from fauxkube.dataplane.dns_cache import AnswerCache


class Rig:
    """Counts how often an answer is made."""

    def __init__(self, *, lasts: bool = True, answers: bool = True) -> None:
        self.made = 0
        self._cache = AnswerCache()
        self._lasts, self._answers = lasts, answers

    def ask(self, query: bytes, *, state: int = 1, datagram: bool = True) -> bytes | None:
        def make() -> tuple[bytes | None, bool]:
            self.made += 1
            return (query[:2] + b"answer" if self._answers else None), self._lasts

        return self._cache.answer(query, datagram, state, make)


def test_the_same_question_is_answered_once_and_each_query_has_its_own_number() -> None:
    rig = Rig()
    assert [rig.ask(b"01question"), rig.ask(b"02question")] == [b"01answer", b"02answer"]
    assert rig.made == 1


def test_other_questions_protocols_and_states_are_answered_anew() -> None:
    rig = Rig()
    rig.ask(b"01question")
    rig.ask(b"01other")
    rig.ask(b"01question", datagram=False)
    rig.ask(b"01question", state=2)
    rig.ask(b"01question", state=1)
    assert rig.made == 5


def test_what_chance_has_a_part_in_and_what_has_no_answer_is_not_kept() -> None:
    for rig in (Rig(lasts=False), Rig(answers=False)):
        rig.ask(b"01question")
        rig.ask(b"01question")
        assert rig.made == 2


def test_no_number_of_questions_fills_the_memory() -> None:
    rig = Rig()
    for number in range(5000):
        rig.ask(b"01%d" % number)
    assert len(rig._cache._answers) <= 2048
