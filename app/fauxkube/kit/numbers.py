"""Small numbers that are handed out and come back, the lowest that is free first."""

from __future__ import annotations

from itertools import count


class Numbers:
    """Whole numbers from 0."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self) -> int:
        """The lowest that is free, until it is given back."""
        number = next(each for each in count() if each not in self._taken)
        self._taken.add(number)
        return number

    def give_back(self, number: int) -> None:
        """It is free again."""
        self._taken.discard(number)
