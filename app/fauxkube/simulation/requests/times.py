"""How often a call is expected: `1`, `0`, `">=2"`, `"<3"`; None means at least once."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import NamedTuple

_EXPECTED = re.compile(r"\s*(>=|<=|==|>|<|)\s*(\d+)\s*")
_COMPARISONS: dict[str, tuple[Callable[[int, int], bool], str]] = {
    ">=": (operator.ge, "at least "),
    "<=": (operator.le, "at most "),
    ">": (operator.gt, "more than "),
    "<": (operator.lt, "fewer than "),
    "==": (operator.eq, ""),
    "": (operator.eq, ""),
}


class Times(NamedTuple):
    """A number of calls and how the number seen is to compare to it."""

    compare: Callable[[int, int], bool]
    words: str
    number: int

    @classmethod
    def of(cls, times: int | str | None) -> Times:
        """What `times` means; ValueError when it means nothing."""
        found = _EXPECTED.fullmatch(">=1" if times is None else str(times))
        if found is None:
            raise ValueError(f"times: {times!r} is neither a number nor of the form '>=2'")
        compare, words = _COMPARISONS[found[1]]
        return cls(compare, words, int(found[2]))

    def hold(self, count: int) -> bool:
        """Whether so many calls are as expected."""
        return self.compare(count, self.number)

    def __str__(self) -> str:
        return f"{self.words}{self.number} call{'' if self.number == 1 else 's'}"
