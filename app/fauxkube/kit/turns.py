"""Who goes first when there is more to do than one thread can: requests from outside, then control loops, then events.

Everything shares one event loop, which serves whoever is ready in turn; dozens of busy workers would leave a client
that waits for its answer one turn among many. So background work asks for its turn before each unit of work. While
requests keep coming only a few units are let through in each round of the loop, and none waits longer than its
patience; when no request is about, all go ahead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from enum import IntEnum
from typing import NamedTuple

#: Seconds without a request after which background work need not ask.
_QUIET = 0.005
#: Units let through in a round of the event loop while requests keep coming, and while none do.
_BUSY_UNITS, _QUIET_UNITS = 2, 16


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
    """Lets background work through; for one event loop."""

    def __init__(self) -> None:
        self._last_request = float("-inf")
        self._waiting: dict[Rank, deque[_Waiter]] = {rank: deque() for rank in Rank}
        self._pumping = False

    def request(self) -> None:
        """A request from outside has arrived."""
        self._last_request = asyncio.get_running_loop().time()

    async def wait(self, rank: Rank) -> None:
        """Return when a unit of background work of that rank may go ahead."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self._pumping and now - self._last_request > _QUIET:
            return
        waiter = _Waiter(now + PATIENCE[rank], loop.create_future())
        self._waiting[rank].append(waiter)
        if not self._pumping:
            self._pumping = True
            loop.call_soon(self._pump)
        await waiter.released

    def _pump(self) -> None:
        """Once in each round of the event loop while anyone waits: let the next through."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        units = _BUSY_UNITS if now - self._last_request <= _QUIET else _QUIET_UNITS
        for queue in self._waiting.values():
            while queue and (units > 0 or queue[0].deadline <= now or queue[0].released.done()):
                released = queue.popleft().released
                if not released.done():
                    released.set_result(None)
                    units -= 1
        self._pumping = any(self._waiting.values())
        if self._pumping:
            loop.call_soon(self._pump)
