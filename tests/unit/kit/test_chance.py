"""The same seed gives the same draws."""

from __future__ import annotations

import json
import re

from fauxkube.kit.chance import NAME_ALPHABET, Chance


def test_a_seed_fixes_every_draw() -> None:
    def draws(chance: Chance) -> list[object]:
        return [chance.uuid(), chance.suffix(), chance.random(), chance.choice("abc")]

    assert draws(Chance(7)) == draws(Chance(7))
    assert draws(Chance(7)) != draws(Chance(8))


def test_uids_are_version_4_uuids() -> None:
    chance = Chance(1)
    for _ in range(100):
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", chance.uuid())


def test_suffixes_are_of_the_alphabet_of_generated_names() -> None:
    assert set(Chance(1).suffix(500)) == set(NAME_ALPHABET)


def test_what_a_stream_gives_does_not_depend_on_the_others() -> None:
    one, other = Chance(7), Chance(7)
    one.of("uid", "a").uuid()
    one.uuid()
    assert one.of("uid", "b").uuid() == other.of("uid", "b").uuid()
    assert one.of("uid", "c").uuid() != other.of("name", "c").uuid()


def test_a_stream_asked_for_again_is_another_one() -> None:
    def uids(chance: Chance) -> list[str]:
        return [chance.of("uid", "a").uuid() for _ in range(3)]

    assert uids(Chance(7)) == uids(Chance(7))
    assert len(set(uids(Chance(7)))) == 3
    assert uids(Chance(7)) != uids(Chance(8))


def test_without_a_seed_there_is_one_stream() -> None:
    chance = Chance()
    assert not chance.seeded
    assert chance.of("uid", "a") is chance


def test_a_fork_goes_on_as_its_source_would() -> None:
    chance = Chance(7)
    chance.uuid()
    chance.of("uid", "a")
    twin = chance.fork()
    assert [twin.uuid(), twin.of("uid", "a").uuid()] == [chance.uuid(), chance.of("uid", "a").uuid()]
    assert twin.random() == chance.random()


def test_a_fork_without_a_seed_goes_its_own_way() -> None:
    chance = Chance()
    assert chance.fork().uuid() != chance.fork().uuid()


def test_once_moved_on_nothing_is_drawn_again_and_all_of_it_is_fixed() -> None:
    def later(mark: str) -> list[str]:
        chance = Chance(7)
        chance.move_on(mark)
        return [chance.uuid(), chance.of("uid", "a").uuid()]

    assert later("5") == later("5")
    assert len({*later("5"), *later("6"), Chance(7).uuid(), Chance(7).of("uid", "a").uuid()}) == 6


def test_a_source_goes_on_in_another_process_from_its_state() -> None:
    chance = Chance(7)
    chance.of("uid", "a")
    for draws in (0, 3):
        for _ in range(draws):
            chance.random()
        resumed = Chance.resumed(json.loads(json.dumps(chance.state())))
        assert [resumed.uuid(), resumed.of("uid", "a").uuid()] == [chance.uuid(), chance.of("uid", "a").uuid()]
    assert Chance().state() is None
