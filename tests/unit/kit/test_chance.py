"""The same seed gives the same draws."""

from __future__ import annotations

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
