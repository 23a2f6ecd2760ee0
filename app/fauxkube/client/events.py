"""Events as components write them (core/v1 `Event`), as client-go's `EventRecorder` and `EventBroadcaster`.

Recording never waits: events go into a bounded queue and are written in the background, repeated ones as a count. An
event that cannot be written (its namespace is going, say) is dropped; the component's work does not depend on it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from typing import ClassVar, NamedTuple, Protocol

from fauxkube.client.event_correlation import Correlator, Written
from fauxkube.client.protocol import Client
from fauxkube.kinds.gvrs import EVENTS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.kit.tasks import Tasks
from fauxkube.machinery.names import dns_subdomain_problems
from fauxkube.machinery.objects import Object, key_of, name_of
from fauxkube.machinery.status import StatusError
from fauxkube.machinery.times import to_time

#: Events that may wait to be written; more are dropped.
QUEUE_MAX = 65_536
#: Events written side by side.
_BATCH_MAX = 64
#: Seconds that `close` waits for events on their way.
_CLOSE_SECONDS = 0.5
#: Answers that are no surprise: namespace terminating or gone, event gone or there already.
_QUIET_CODES = frozenset({403, 404, 409})

#: As wide as nanoseconds since 1970 are in our time.
_STAMP_BITS = 61

_REFERENCED = ("apiVersion", "kind")
_REFERENCED_METADATA = ("namespace", "name", "uid", "resourceVersion")

_log = logging.getLogger("fauxkube.events")


class Correlating(Protocol):
    """A memory of what was written, and the fields that a repetition changes."""

    counted: ClassVar[tuple[str, ...]]

    def correlate(self, event: Object, now: float) -> Written | None:
        """What to write of a new event; None for nothing."""
        ...


class _Recorded(NamedTuple):
    event: Object
    moment: float


class EventRecorder:
    """Records the events of one component (`replicaset-controller`), on one host for those that run on a node."""

    correlator: ClassVar[Callable[[], Correlating]] = Correlator

    def __init__(self, client: Client, component: str, clock: Clock, chance: Chance, host: str = "") -> None:
        self._client = client
        self.component = component
        self._clock = clock
        self._chance = chance
        self._host = host
        self._queue: deque[_Recorded] = deque()
        self._tasks = Tasks(f"events/{component}")
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    @cached_property
    def _correlator(self) -> Correlating:
        """What has been said so far; most components of most clusters never say anything."""
        return type(self).correlator()

    @property
    def idle(self) -> bool:
        """Whether everything recorded has been written or dropped."""
        return self._writer is None

    def event(
        self,
        obj: Object,
        type: str,
        reason: str,
        message: str,
        *,
        related: Object | None = None,
        field_path: str = "",
        action: str = "",
    ) -> None:
        """Record that something happened to `obj`: `type` is Normal or Warning, `reason` and `action` are words."""
        if self._closed:
            return
        if len(self._queue) >= QUEUE_MAX:
            _log.warning("unable to record event: too many queued events, dropped %s of %s", reason, name_of(obj))
            return
        event = self._new(reference_to(obj, field_path))
        event |= {"type": type, "reason": reason, "message": message}
        if action:
            event["action"] = action
        if related is not None:
            event["related"] = reference_to(related)
        self._queue.append(_Recorded(event, self._clock.monotonic()))
        if self._writer is None:
            self._writer = self._tasks.spawn(self._write_all(), name="writer")

    async def flush(self) -> None:
        """Return once everything recorded so far has been written or dropped."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def close(self) -> None:
        """Write what waits, for half a second at most, and take no more."""
        self._closed = True
        if not self.idle:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.flush(), _CLOSE_SECONDS)
        await self._tasks.close()

    def _new(self, reference: Object) -> Object:
        namespace = reference.get("namespace") or "default"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": self._new_name(namespace, reference.get("name", "")), "namespace": namespace},
            "involvedObject": reference,
            **self._said(),
        }

    def _said(self) -> Object:
        """When it was said, and by whom."""
        now, component, host = to_time(self._clock.now()), self.component, self._host
        return {
            "source": {"component": component, "host": host} if host else {"component": component},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "reportingComponent": component,
            "reportingInstance": host,
        }

    def _new_name(self, namespace: str, of: str) -> str:
        """`<name>.<nanoseconds in hex>`, never the same twice; a UUID where that would be no name.

        With a seed the number is drawn, as two events of one moment would be numbered by which was first.
        """
        chance = self._chance.of("event", self.component, self._host, namespace, of)
        stamp = chance.number(_STAMP_BITS) if chance.seeded else self._clock.stamp()
        name = f"{of}.{stamp:x}"
        return chance.uuid() if dns_subdomain_problems(name) else name

    async def _write_all(self) -> None:
        try:
            while self._queue:
                await asyncio.gather(*map(self._write, self._next_batch()))
        finally:
            self._writer = None

    def _next_batch(self) -> Iterable[Written]:
        """Events that may be written side by side: one that repeats another of the batch takes its place."""
        batch: dict[str, Written] = {}
        while self._queue and len(batch) < _BATCH_MAX:
            recorded = self._queue.popleft()
            written = self._correlator.correlate(recorded.event, recorded.moment)
            if written is None:
                continue
            name = key_of(written.event)
            earlier = batch.get(name)
            batch[name] = Written(written.event, earlier.repeats) if earlier else written
        return batch.values()

    async def _write(self, written: Written) -> None:
        try:
            if not (written.repeats and await self._count(written.event)):
                await self._client.create(EVENTS, written.event, namespace=written.event["metadata"]["namespace"])
        except StatusError as error:
            level = logging.DEBUG if error.code in _QUIET_CODES else logging.WARNING
            _log.log(level, "event %s not written: %s", written.event["metadata"]["name"], error.message)
        except Exception:
            _log.exception("event %s not written", written.event["metadata"]["name"])

    async def _count(self, event: Object) -> bool:
        """Raise the count of an event that was written before; False when it is there no more."""
        patch = {name: event[name] for name in self._correlator.counted}
        metadata = event["metadata"]
        try:
            await self._client.patch(EVENTS, metadata["name"], patch, namespace=metadata["namespace"], kind="merge")
        except StatusError as error:
            if error.code != 404:
                raise
            return False
        return True


def reference_to(obj: Object, field_path: str = "") -> Object:
    """An `ObjectReference` to an object, or (with `field_path`) to a part of it such as `spec.containers{web}`."""
    metadata = obj["metadata"]
    reference = {name: obj[name] for name in _REFERENCED if name in obj}
    reference |= {name: metadata[name] for name in _REFERENCED_METADATA if metadata.get(name)}
    if field_path:
        reference["fieldPath"] = field_path
    return reference
