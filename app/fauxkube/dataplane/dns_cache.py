"""Answers that are given again as long as what they were made from stays the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable

#: How many different queries are remembered.
_MOST = 2048
#: The number of a query, which its answer repeats.
_NUMBER = 2


class AnswerCache:
    """Answers by the bytes of their queries; none outlives the state that it was made in."""

    def __init__(self) -> None:
        self._state: Hashable = None
        self._answers: dict[tuple[bytes, bool], bytes] = {}

    def answer(
        self, query: bytes, is_datagram: bool, state: Hashable, make: Callable[[], tuple[bytes | None, bool]]
    ) -> bytes | None:
        """The answer from before, else the one that is made; that says whether it would be the same again."""
        if state != self._state or len(self._answers) >= _MOST:
            self._state = state
            self._answers.clear()
        key = (query[_NUMBER:], is_datagram)
        kept = self._answers.get(key)
        if kept is not None:
            return query[:_NUMBER] + kept
        made, lasts = make()
        if made is not None and lasts:
            self._answers[key] = made[_NUMBER:]
        return made
