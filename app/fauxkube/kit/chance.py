"""Chance as a parameter.

Every random choice (UIDs, generated names, the node among equals) is drawn from a `Chance` that is handed in, so that
a seeded cluster makes the same choices on every run.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

#: The alphabet of generated names: no vowels and no 0, 1, 3, so that no words appear (apimachinery `util/rand`).
NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Chance:
    """A source of randomness; the same `seed` gives the same draws in the same order."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)

    def uuid(self) -> str:
        """A version 4 UUID in its usual text form."""
        bits = self._random.getrandbits(128)
        bits = bits & ~(0xF << 76) | 4 << 76
        bits = bits & ~(0x3 << 62) | 2 << 62
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def suffix(self, length: int = 5) -> str:
        """`length` characters as upstream appends them to a `generateName`."""
        return "".join(self._random.choices(NAME_ALPHABET, k=length))

    def random(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()

    def choice(self, options: Sequence[T]) -> T:
        """One of `options`, each as likely as the others."""
        return options[self._random.randrange(len(options))]
