"""Events of the newer kind, which the scheduler writes: a moment (`eventTime`) and an action, repeats as a series.

As client-go's `tools/events`: what is the same but for its message is one event; the second time it becomes a series
of two, and how often it was seen since is told again after half an hour. What was not seen for six minutes is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fauxkube.client.event_correlation import Recent, Written
from fauxkube.client.events import EventRecorder
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_micro_time

_OVER_SECONDS = 360.0
_TELL_SECONDS = 1800.0
_ALIKE = ("type", "action", "reason")


@dataclass(slots=True)
class _Series:
    """An event as it was written, how often it was seen, when last, and when that was told."""

    event: Object
    count: int
    last: float
    told: float


class SeriesCorrelator:
    """The memory of one source; `now` is always the clock's monotonic time in seconds."""

    counted: ClassVar[tuple[str, ...]] = ("series",)

    def __init__(self) -> None:
        self._series: Recent[tuple[Any, ...], _Series] = Recent()

    def correlate(self, event: Object, now: float) -> Written | None:
        """What to write of a new event; None when it only counts."""
        key = (*(event.get(name) for name in _ALIKE), *sorted(event["involvedObject"].items()))
        series = self._series.get(key)
        if series is None or now - series.last > _OVER_SECONDS:
            self._series.remember(key, _Series(event, 1, now, now))
            return Written(event, repeats=False)
        series.count += 1
        series.last = now
        self._series.remember(key, series)
        if series.count > 2 and now - series.told < _TELL_SECONDS:
            return None
        series.told = now
        counted = {"count": series.count, "lastObservedTime": event["eventTime"]}
        return Written(series.event | {"series": counted}, repeats=True)


class SeriesRecorder(EventRecorder):
    """Records the newer kind of events, of a component that must say on which host it runs."""

    correlator = SeriesCorrelator

    def _said(self) -> Object:
        return {
            "eventTime": to_micro_time(self._clock.now()),
            "reportingComponent": self.component,
            "reportingInstance": f"{self.component}-{self._host}",
        }
