"""Events are forgotten an hour after they were last written (kube-apiserver's `--event-ttl`, there an etcd lease).

The moments are kept in order, so that only one timer runs and nothing is scanned.
"""

from __future__ import annotations

import heapq
from datetime import datetime

from fauxkube.controllers.controller import Context, Controller
from fauxkube.kinds.gvrs import EVENTS
from fauxkube.machinery.objects import Object, key_of, split_key
from fauxkube.machinery.status import StatusError
from fauxkube.machinery.times import from_time

#: Seconds that an event is kept.
TTL = 3600.0
_EXPIRE = "expire"
_KEPT = ("series", "lastTimestamp", "eventTime")
_KEPT_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


class EventTTLController(Controller):
    """One key, for whatever is due."""

    name = "event-ttl-controller"
    workers = 1

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._events = context.informers.of(EVENTS)
        #: When each event goes, on the monotonic clock.
        self._due: dict[str, float] = {}
        #: The same in order; entries that `_due` no longer says are skipped.
        self._order: list[tuple[float, str]] = []
        self._events.on_change(self._event_changed)

    def _event_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            self._due.pop(key_of(old or {}), None)
            return
        now, key = self.clock.now(), key_of(new)
        age = (now - last_written(new, now)).total_seconds()
        due = self.clock.monotonic() + TTL - max(0.0, age)
        self._due[key] = due
        heapq.heappush(self._order, (due, key))
        if self._order[0][0] == due:
            self.queue.add_after(_EXPIRE, due - self.clock.monotonic())

    async def reconcile(self, key: str) -> None:
        now = self.clock.monotonic()
        while self._order and self._order[0][0] <= now:
            due, event = heapq.heappop(self._order)
            if self._due.get(event) == due:
                await self._expire(event, due)
        if self._order:
            self.queue.add_after(key, self._order[0][0] - now)

    async def _expire(self, event: str, due: float) -> None:
        namespace, name = split_key(event)
        try:
            await self.client.delete(EVENTS, name, namespace=namespace)
        except StatusError as error:
            if error.code != 404:
                heapq.heappush(self._order, (due, event))
                raise


def timing(event: Object) -> Object:
    """What is needed of an event to know when it goes; there may be very many, and nothing else reads them."""
    metadata = event["metadata"]
    kept: Object = {"metadata": {name: metadata[name] for name in _KEPT_METADATA if name in metadata}}
    return kept | {name: event[name] for name in _KEPT if event.get(name)}


def last_written(event: Object, now: datetime) -> datetime:
    """When the event was last written, as it says itself; `now` when it does not."""
    series = event.get("series") or {}
    created = event["metadata"].get("creationTimestamp")
    texts = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"), created)
    latest = max((text for text in texts if text), key=_without_zone, default="")
    return from_time(latest) if latest else now


def _without_zone(text: str) -> str:
    """Of a time in UTC, as all that are stored are, what sorts as the moment does, with decimals or without."""
    return text.removesuffix("Z")
