"""Time as a parameter.

Nothing in fauxkube reads the system's time by itself: it is given a `Clock`, so that a cluster's time can be held
still and moved. `SystemClock` is the real one; `ManualClock` stands until it is advanced.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Timer(Protocol):
    """A call that is due later and can be taken back."""

    def cancel(self) -> None:
        """Take the call back; harmless when it has happened or was cancelled before."""


class Clock(Protocol):
    """What everything that waits, expires or stamps a time is given."""

    def now(self) -> datetime:
        """The wall clock's time, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some fixed point; never goes back."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` in the running event loop once `seconds` of this clock have passed."""

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` of this clock have passed."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Due:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """A clock that stands still until `advance` moves it; what falls due is called in order of its time."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._elapsed = 0.0
        self._order = itertools.count()
        self._due: list[tuple[float, int, _Due]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        due = _Due(callback)
        heapq.heappush(self._due, (self._elapsed + max(0.0, seconds), next(self._order), due))
        return due

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    def advance(self, seconds: float) -> None:
        """Move the time on by `seconds`, making every call that falls due on the way, each at its own moment."""
        target = self._elapsed + seconds
        while self._due and self._due[0][0] <= target:
            moment, _, due = heapq.heappop(self._due)
            self._elapsed = max(self._elapsed, moment)
            if due.callback is not None:
                due.callback()
        self._elapsed = target
