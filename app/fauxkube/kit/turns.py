"""Who goes first when there is more to do than one thread can: writes from outside, then control loops, then events.

Everything shares one event loop, which serves whoever is ready in turn; dozens of busy workers would leave a client
that waits for its answer one turn among many. So background work asks for its turn before each unit of work. While
requests are being answered only a trickle is let through, and none waits longer than its patience; when no request is
about, or someone waits for the background work itself, all go ahead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import TracebackType
from typing import NamedTuple

#: Seconds after the last request from when on none is about.
_QUIET = 0.01
#: The trickle: so many units, together since the store then commits them together, in so many seconds. In between the
#: loop may rest, which the store's writer thread needs to get Python's global lock soon.
_TRICKLE_UNITS, _TRICKLE = 4, 0.01
#: Units let through in a round of the event loop when no request is about.
_UNITS = 16


class Rank(IntEnum):
    """Background work by what waits on it; the lower goes first."""

    CONTROL = 0
    EVENTS = 1


#: The longest that a unit of each rank is held back, in seconds.
PATIENCE = {Rank.CONTROL: 3.0, Rank.EVENTS: 10.0}


class _Waiter(NamedTuple):
    deadline: float
    released: asyncio.Future[None]


class Turns:
    """Lets background work through; for one event loop. A request is answered in a `with` block on it."""

    def __init__(self) -> None:
        self._requests = 0
        self._last_request = float("-inf")
        self._last_pump = 0.0
        self._waiting: dict[Rank, deque[_Waiter]] = {rank: deque() for rank in Rank}
        self._pump_due: asyncio.Handle | None = None
        self._hurried = 0

    def __enter__(self) -> Turns:
        self._requests += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._requests -= 1
        self._last_request = asyncio.get_running_loop().time()

    async def wait(self, rank: Rank) -> None:
        """Return when a unit of background work of that rank may go ahead."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._pump_due is None and not self._is_busy(now):
            return
        waiter = _Waiter(now + PATIENCE[rank], loop.create_future())
        self._waiting[rank].append(waiter)
        if self._pump_due is None:
            self._pump_due = loop.call_at(self._last_pump + _TRICKLE, self._pump)
        await waiter.released

    @contextmanager
    def hurry(self) -> Iterator[None]:
        """In this block background work is not held back by requests."""
        self._hurried += 1
        if self._pump_due is not None:
            self._pump_due.cancel()
            self._pump_due = asyncio.get_running_loop().call_soon(self._pump)
        try:
            yield
        finally:
            self._hurried -= 1

    def _is_busy(self, now: float) -> bool:
        return not self._hurried and (self._requests > 0 or now - self._last_request <= _QUIET)

    def _pump(self) -> None:
        """Again and again while anyone waits: let the next through."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        busy = self._is_busy(now)
        self._last_pump = now
        self._release(_TRICKLE_UNITS if busy else _UNITS, now)
        if not any(self._waiting.values()):
            self._pump_due = None
        elif busy:
            self._pump_due = loop.call_at(now + _TRICKLE, self._pump)
        else:
            self._pump_due = loop.call_soon(self._pump)

    def _release(self, units: int, now: float) -> None:
        """Let so many units through, and all whose patience has ended."""
        for queue in self._waiting.values():
            while queue and (units > 0 or queue[0].deadline <= now or queue[0].released.done()):
                released = queue.popleft().released
                if not released.done():
                    released.set_result(None)
                    units -= 1
