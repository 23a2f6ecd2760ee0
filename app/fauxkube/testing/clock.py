"""The clock of a cluster, in the hands of a test."""

from __future__ import annotations

from datetime import datetime, timedelta

from fauxkube.server.control import ClockReading, Operations
from fauxkube.testing.loop_thread import Runner


class Clock:
    """A cluster's time: real unless it is frozen, scaled or advanced."""

    def __init__(self, control: Operations, run: Runner) -> None:
        self._control = control
        self._run = run

    @property
    def now(self) -> datetime:
        """What time it is in the cluster."""
        return self.read().now

    def read(self) -> ClockReading:
        """The time, its pace, and in how many of its seconds something is due."""
        return self._run(self._control.clock())

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Stop the clock, now or at a time to come (RFC 3339 if text), which is leapt to."""
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        return self._run(self._control.freeze(at=moment)).now

    def run(self, rate: float = 1.0) -> datetime:
        """Let the clock go, `rate` times as fast as real time."""
        return self._run(self._control.run(rate=rate)).now

    def advance(self, /, by: timedelta | float = 0, **units: float) -> datetime:
        """Move the clock on by seconds or a timedelta, or `minutes=5`; what is due on the way happens, in order.

        The cluster is settled afterwards. Answers the new time.
        """
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        seconds += timedelta(**units).total_seconds() if units else 0
        return self._run(self._control.advance(seconds=seconds)).now


def clock_overrides(clock: datetime | str | float | None) -> dict[str, object]:
    """The settings for how a cluster's clock begins.

    None: real time. A datetime, or text (RFC 3339): frozen at that time; `"frozen"`: frozen now. A number: real time
    times that.
    """
    if clock is None:
        return {}
    if isinstance(clock, int | float):
        return {"clock_rate": float(clock)}
    if clock == "frozen":
        return {"clock_rate": 0.0}
    start = datetime.fromisoformat(clock) if isinstance(clock, str) else clock
    return {"clock_start": start, "clock_rate": 0.0}
