"""Regular expressions and patterns that people wrote: each match takes a bounded time, for all share one event loop.

Python's own `re` tries without an end what `(a|aa)+b` may match, and nobody can stop it; so these are matched by the
package `regex`, which writes them alike and gives up in time. It is imported once a program first needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from fauxkube.workloads.process import UsageError

if TYPE_CHECKING:
    import regex

_T = TypeVar("_T")

#: How long one match may take, in seconds.
LONGEST = 0.03


class BadExpressionError(ValueError):
    """What was written is no expression, or a replacement refers to what is not in it."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; UsageError where a match takes too long."""

    _pattern: regex.Pattern[str]

    def search(self, text: str) -> regex.Match[str] | None:
        """The first place that matches."""
        return _in_time(lambda: self._pattern.search(text, timeout=LONGEST))

    def match(self, text: str) -> regex.Match[str] | None:
        """What matches at the start."""
        return _in_time(lambda: self._pattern.match(text, timeout=LONGEST))

    def fullmatch(self, text: str) -> regex.Match[str] | None:
        """Whether the whole text matches."""
        return _in_time(lambda: self._pattern.fullmatch(text, timeout=LONGEST))

    def every(self, text: str) -> list[regex.Match[str]]:
        """All places that match."""
        return _in_time(lambda: list(self._pattern.finditer(text, timeout=LONGEST)))

    def replaced(self, by: str | Callable[[regex.Match[str]], str], text: str, *, every: bool) -> tuple[str, int]:
        """The text with the first match, or every one, replaced, and how many there were; BadExpressionError."""
        import regex

        try:
            return _in_time(lambda: self._pattern.subn(by, text, count=0 if every else 1, timeout=LONGEST))
        except (regex.error, IndexError) as error:
            raise BadExpressionError(str(error)) from None


@lru_cache(maxsize=256)
def compiled(text: str, *, any_case: bool = False) -> Expression:
    """The expression, as Python writes it; BadExpressionError."""
    import regex

    try:
        return Expression(regex.compile(text, regex.IGNORECASE if any_case else 0))
    except (regex.error, RecursionError, OverflowError) as error:
        raise BadExpressionError(str(error)) from None


def _in_time(work: Callable[[], _T]) -> _T:
    try:
        return work()
    except TimeoutError:
        raise UsageError("fauxkube: the pattern takes too long to match", 2) from None
