"""A cluster's time in the hands of its user: waited for, moved, frozen, let run.

A cluster is settled when nothing is left to be done that needs no time to pass: the store has no write on its way,
every controller, scheduler and kubelet has seen every change and has dealt with it, events are written and watches
delivered. So `settle` takes the place of polling, and `advance` of waiting.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from fauxkube.cluster.activity import Activity
from fauxkube.server.control import ClockReading, SettledState

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster

#: Seconds (of real time) that a cluster gets to settle unless told otherwise.
SETTLE_SECONDS = 30.0
#: The furthest that time is advanced in one go, in seconds: a year.
ADVANCE_MAX = 366 * 86400.0
#: What falls due within so many seconds is dealt with together.
_TOGETHER = 0.005
#: How many looks at an unsettled cluster follow each other at once, and the longest pause (in seconds) between others.
_QUICK_LOOKS, _PAUSE_MAX = 32, 0.005


class ClockError(ValueError):
    """A clock cannot be moved or set like that; the message says why."""


class NotRunningError(RuntimeError):
    """The cluster has not been started, or is closed."""


class NotSettledError(TimeoutError):
    """The cluster did not settle in time; `busy` names what still had work to do."""

    def __init__(self, seconds: float, busy: Sequence[str]) -> None:
        super().__init__(f"the cluster did not settle within {seconds:g} s: busy are {'; '.join(busy)}")
        self.busy = list(busy)


class Time:
    """The time of one cluster. Calls that move it or change its pace take turns."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        #: What the cluster is doing, if it is not settled.
        self.activity = Activity(cluster)
        self._moving = asyncio.Lock()

    def state(self) -> ClockReading:
        """How the clock stands."""
        clock = self._cluster.clock
        due = clock.next_due()
        left = None if due is None else max(0.0, due - clock.monotonic())
        return ClockReading(clock.now(), clock.rate, clock.frozen, left)

    async def settle(self, *, revision: int = 0, timeout: float = SETTLE_SECONDS) -> SettledState:  # noqa: ASYNC109
        """Return once the cluster is settled and has come to `revision` (a resource version); no time need pass.

        What fails again and again is not waited for, nor a client that does not read its watch. NotSettledError after
        `timeout` (real) seconds, NotRunningError when the cluster is closed.
        """
        await self._quiesce(revision, timeout)
        return self._settled()

    async def advance(self, seconds: float) -> SettledState:
        """Move the time on by `seconds`, letting the cluster settle whenever something has fallen due.

        So leases are renewed on the way, and what happens then happens at its own time. A clock that runs goes on
        running from there. ClockError for less than nothing or more than a year; NotSettledError where the cluster
        does not settle, at whose moment the clock then stays.
        """
        if not 0 <= seconds <= ADVANCE_MAX:
            raise ClockError(f"time can be advanced by 0 to {ADVANCE_MAX:.0f} seconds, not by {seconds}")
        async with self._moving:
            clock = self._cluster.clock
            target = clock.monotonic() + seconds
            await self._quiesce()
            while (due := clock.next_due()) is not None and due <= target:
                clock.move_to(min(due + _TOGETHER, target))
                await self._quiesce()
            clock.move_to(target)
            return self._settled()

    async def freeze(self, at: datetime | None = None) -> ClockReading:
        """Hold the time still, now or `at` a time to come, which is gone to in one leap, like a sleeper's; then settle.

        ClockError when `at` is past.
        """
        clock = self._cluster.clock
        async with self._moving:
            if at is not None and at.tzinfo is None:
                raise ClockError(f"{at} does not name its time zone")
            if at is not None and at < clock.now():
                raise ClockError(f"{at} is past: it is {clock.now()}, and time does not go back")
            clock.set_rate(0)
            if at is not None and at > clock.now():
                clock.set_now(at)
                await self._quiesce()
            return self.state()

    async def run(self, rate: float = 1.0) -> ClockReading:
        """Let the time run from where it is, `rate` times as fast as real time; ClockError unless that is above 0."""
        if not 0 < rate < math.inf:
            raise ClockError(f"time can run at a rate above 0, not at {rate}")
        async with self._moving:
            self._cluster.clock.set_rate(rate)
            return self.state()

    def _settled(self) -> SettledState:
        return SettledState(self._cluster.store.revision, self._cluster.clock.now())

    async def _quiesce(self, revision: int = 0, limit: float = SETTLE_SECONDS) -> None:
        """Look at the cluster until it is settled: time and again at first, later after a small part of the wait."""
        if self._is_settled(revision):
            return
        real = self._cluster.clock.real
        began, looks = real.monotonic(), 0
        with self._cluster.turns.hurry():
            while not self._is_settled(revision):
                waited = real.monotonic() - began
                if waited > limit:
                    raise NotSettledError(limit, list(self.activity.under_way(revision)))
                looks += 1
                await real.sleep(0 if looks <= _QUICK_LOOKS else min(waited / _QUICK_LOOKS, _PAUSE_MAX))

    def _is_settled(self, revision: int) -> bool:
        if not self._cluster.store.is_open:
            raise NotRunningError("the cluster is not running")
        return self.activity.is_idle(revision)
