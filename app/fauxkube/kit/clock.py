"""Time as a parameter.

Nothing in fauxkube reads the system's time by itself: it is given a `Clock`. A cluster's is a `VirtualClock`, which
runs as the machine's does until it is frozen, scaled or moved; `SystemClock` is the machine's own, which stays the
measure of what waits for other programs (`Clock.real`); `ManualClock` stands until it is advanced.
"""

from __future__ import annotations

import asyncio
import copy
import heapq
import itertools
import math
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

    @property
    def real(self) -> Clock:
        """The clock of what waits for other programs and not for the cluster's time, and so must never stand still."""

    def now(self) -> datetime:
        """The wall clock's time, aware, in UTC."""

    def stamp(self) -> int:
        """The same in nanoseconds since 1970, each greater than the one before, so that no two are alike."""

    def monotonic(self) -> float:
        """Seconds since some fixed point; never goes back."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` in the running event loop once `seconds` of this clock have passed."""

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` of this clock have passed."""


class SystemClock:
    """The machine's own time."""

    def __init__(self) -> None:
        self._stamp = 0

    @property
    def real(self) -> Clock:
        return self

    def now(self) -> datetime:
        return datetime.now(UTC)

    def stamp(self) -> int:
        self._stamp = max(time.time_ns(), self._stamp + 1)
        return self._stamp

    def monotonic(self) -> float:
        return time.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Due:
    """A call in an agenda."""

    __slots__ = ("_agenda", "callback")

    def __init__(self, agenda: _Agenda, callback: Callable[[], None]) -> None:
        self._agenda = agenda
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        if self.callback is not None:
            self.callback = None
            self._agenda.note_cancelled()


class _Agenda:
    """Calls by the moment at which they are due; those due at one moment in the order in which they were added."""

    #: So many cancelled calls are kept at least before they are thrown out.
    _SPARED = 100

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _Due]] = []
        self._order = itertools.count()
        self._cancelled = 0

    def add(self, moment: float, callback: Callable[[], None]) -> _Due:
        due = _Due(self, callback)
        heapq.heappush(self._heap, (moment, next(self._order), due))
        return due

    def next(self) -> float | None:
        """When the next call is due; None when there is none."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
            self._cancelled -= 1
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Callable[[], None]:
        """Take the next call out; there must be one, as `next` has said."""
        due = heapq.heappop(self._heap)[2]
        callback, due.callback = due.callback, None
        assert callback is not None
        return callback

    def clear(self) -> None:
        for _, _, due in self._heap:
            due.callback = None
        self._heap.clear()
        self._cancelled = 0

    def note_cancelled(self) -> None:
        """Throw the cancelled calls out when they are most of all."""
        self._cancelled += 1
        if self._cancelled > max(self._SPARED, len(self._heap) // 2):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0


class VirtualClock:
    """A clock of one's own: it starts at `start` (None: now) and goes `rate` times as fast as the machine's.

    A rate of 1 is real time, 0 stands still. Whatever the rate, `move_to` and `set_now` move it forward, making every
    call that falls due on the way, each at its own moment and in order. Stamps are greater than `stamp`. For the thread
    of one event loop.
    """

    #: Event loops count milliseconds, some of them rounding down: what rings this much later never rings too early.
    _LATE = 0.001

    def __init__(self, start: datetime | None = None, *, rate: float = 1.0, stamp: int = 0) -> None:
        now = datetime.now(UTC)
        self._real = SystemClock()
        self._rate = _checked(rate)
        self._agenda = _Agenda()
        self._bell: asyncio.TimerHandle | None = None
        #: For which moment the bell is set.
        self._rings_at = math.inf
        #: The time that has passed here, and the machine's monotonic time when that was so.
        self._elapsed, self._as_of = 0.0, time.monotonic()
        #: The wall clock's time at 0; and for a clock in real time, which follows the machine's, how far it is ahead.
        self._epoch = (start or now).astimezone(UTC)
        self._ahead = self._epoch - now
        self._stamp = stamp

    @property
    def real(self) -> Clock:
        return self._real

    @property
    def rate(self) -> float:
        """The seconds that pass here in a second of real time."""
        return self._rate

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._rate == 0

    def now(self) -> datetime:
        if self._rate == 1:
            now = datetime.now(UTC)
            return now + self._ahead if self._ahead else now
        return self._epoch + timedelta(seconds=self.monotonic())

    def stamp(self) -> int:
        self._stamp = max(int(self.now().timestamp() * 1_000_000) * 1000, self._stamp + 1)
        return self._stamp

    def monotonic(self) -> float:
        if not self._rate:
            return self._elapsed
        return self._elapsed + (time.monotonic() - self._as_of) * self._rate

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        moment = self.monotonic() + max(0.0, seconds)
        due = self._agenda.add(moment, callback)
        if self._rate and moment < self._rings_at:
            self._set_bell()
        return due

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    def next_due(self) -> float | None:
        """The monotonic time of the next call; None when none is due ever."""
        return self._agenda.next()

    def set_rate(self, rate: float) -> None:
        """Go on at that rate; ValueError unless it is a number that is not negative."""
        now, elapsed = self.now(), self.monotonic()
        self._rate = _checked(rate)
        self._elapsed, self._as_of = elapsed, time.monotonic()
        self._epoch = now - timedelta(seconds=elapsed)
        self._ahead = now - datetime.now(UTC)
        self._set_bell()

    def move_to(self, moment: float) -> None:
        """Move on to that monotonic time, at which it goes on as before; nothing happens when that is past."""
        try:
            while (due := self._agenda.next()) is not None and due <= moment:
                self._jump(due)
                self._agenda.pop()()
            self._jump(moment)
        finally:
            self._set_bell()

    def set_now(self, now: datetime) -> None:
        """Move on to that time of the wall clock; ValueError when that is past."""
        seconds = (now - self.now()).total_seconds()
        if seconds < 0:
            raise ValueError(f"{now} is past: a clock does not go back")
        self.move_to(self.monotonic() + seconds)

    def fork(self) -> VirtualClock:
        """A clock that shows the same time and goes at the same rate, with no calls due."""
        twin = copy.copy(self)
        twin._agenda, twin._bell, twin._rings_at = _Agenda(), None, math.inf
        return twin

    def close(self) -> None:
        """Make none of the calls that are due later."""
        self._agenda.clear()
        self._set_bell()

    def _jump(self, moment: float) -> None:
        ahead = moment - self.monotonic()
        if ahead > 0:
            self._elapsed += ahead
            self._ahead += timedelta(seconds=ahead)

    def _set_bell(self) -> None:
        """Have the event loop call when the next call is due, if time passes here at all."""
        if self._bell is not None:
            self._bell.cancel()
            self._bell = None
        due = self._agenda.next()
        self._rings_at = math.inf if due is None or not self._rate else due
        if self._rings_at < math.inf:
            wait = max(0.0, self._rings_at - self.monotonic()) / self._rate
            self._bell = asyncio.get_running_loop().call_later(wait + self._LATE, self._ring)

    def _ring(self) -> None:
        self.move_to(self.monotonic())


class ManualClock(VirtualClock):
    """A clock that stands still until `advance` moves it, and with it what is real for those who are given it."""

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__(start or datetime(2026, 1, 1, tzinfo=UTC), rate=0)

    @property
    def real(self) -> Clock:
        return self

    def advance(self, seconds: float) -> None:
        """Move the time on by `seconds`, making every call that falls due on the way, each at its own moment."""
        self.move_to(self.monotonic() + seconds)


def _checked(rate: float) -> float:
    if not (math.isfinite(rate) and rate >= 0):
        raise ValueError(f"a clock's rate must be 0 or more, not {rate}")
    return rate
