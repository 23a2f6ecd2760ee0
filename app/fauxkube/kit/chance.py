"""Chance as a parameter.

Every random choice (UIDs, generated names, the node among equals) is drawn from a `Chance` that is handed in, so that
a seeded cluster makes the same choices on every run. There each purpose draws from a stream of its own (`of`): what is
drawn for one object then does not depend on how much was drawn for others before it.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

#: The alphabet of generated names: no vowels and no 0, 1, 3, so that no words appear (apimachinery `util/rand`).
NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Chance:
    """A source of randomness; the same `seed` gives the same draws in the same order."""

    def __init__(self, seed: int | str | None = None) -> None:
        self._seed = seed
        self._random = random.Random(seed)
        #: How often each stream has been asked for.
        self._asked: dict[str, int] = {}

    @property
    def seeded(self) -> bool:
        """Whether the draws are the same on every run."""
        return self._seed is not None

    def of(self, *key: str) -> Chance:
        """The stream for what `key` names, apart from all others; asked for again, it is another one.

        Without a seed there is nothing to keep apart, and this is the source itself.
        """
        if self._seed is None:
            return self
        path = "/".join(key)
        self._asked[path] = asked = self._asked.get(path, 0) + 1
        return type(self)(f"{self._seed}/{path}/{asked}")

    def move_on(self, mark: str) -> None:
        """Repeat nothing of before: go on with other streams, which the seed and `mark` fix."""
        if self._seed is not None:
            self._seed = f"{self._seed}@{mark}"
            self._random.seed(self._seed)
            self._asked.clear()

    def fork(self) -> Chance:
        """A source that goes on as this one does; neither draw affects the other."""
        twin = copy.copy(self)
        twin._random = random.Random()
        twin._asked = self._asked.copy()
        if self._seed is not None:
            twin._random.setstate(self._random.getstate())
        return twin

    def state(self) -> dict[str, Any] | None:
        """What another process needs to go on as this source does (`resumed`), as JSON; None where there is no seed."""
        if self._seed is None:
            return None
        drawn = self._random.getstate()
        untouched = drawn == random.Random(self._seed).getstate()
        return {"seed": self._seed, "asked": dict(sorted(self._asked.items())), "drawn": None if untouched else drawn}

    @classmethod
    def resumed(cls, state: Mapping[str, Any]) -> Chance:
        """The source that had this state; KeyError, TypeError or ValueError when it is none."""
        chance = cls(state["seed"])
        chance._asked = {str(path): int(asked) for path, asked in state["asked"].items()}
        if state["drawn"] is not None:
            version, words, gauss = state["drawn"]
            chance._random.setstate((version, tuple(words), gauss))
        return chance

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

    def number(self, bits: int) -> int:
        """A whole number of up to so many bits."""
        return self._random.getrandbits(bits)

    def choice(self, options: Sequence[T]) -> T:
        """One of `options`, each as likely as the others."""
        return options[self._random.randrange(len(options))]
