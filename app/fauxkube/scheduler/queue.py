"""The pods that want a node, in the order in which they are tried (kube-scheduler's `backend/queue`).

Active pods come first, by priority, then by age. A pod for which there was no node is parked until something happens
that may help it, or for five minutes; then it is active again, or, while its back-off (1 s, doubled with each attempt,
at most 10 s) still runs, it is tried only when no pod is active (KEP-5142). A pod whose attempt failed by an error
waits for its back-off in any case.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import TypeAlias

from fauxkube.kit.clock import Clock, Timer
from fauxkube.scheduler.pod_info import PodInfo

#: Seconds of back-off after the first attempt, and at most.
INITIAL_BACKOFF = 1.0
MAX_BACKOFF = 10.0
#: Seconds for which a pod stays parked when nothing happens, and between two looks for such pods.
MAX_PARKED = 300.0
OVERDUE_EVERY = 30.0


class Place(Enum):
    """Where an entry is."""

    ACTIVE = auto()
    BACKOFF = auto()
    PARKED = auto()
    RETRY = auto()
    IN_FLIGHT = auto()
    GONE = auto()


class Entry:
    """A pod that wants a node, with the history of its attempts."""

    def __init__(self, pod: PodInfo, now: float) -> None:
        self.pod = pod
        self.place = Place.ACTIVE
        self.attempts = 0
        self.since = now
        self.failed_at = now

    @property
    def in_flight(self) -> bool:
        """Whether it is being tried."""
        return self.place is Place.IN_FLIGHT

    @property
    def backoff_ends(self) -> float:
        """The moment (monotonic) until which the last failure holds the pod back."""
        if not self.attempts:
            return self.failed_at
        return self.failed_at + min(MAX_BACKOFF, INITIAL_BACKOFF * 2.0 ** min(self.attempts - 1, 10))


_Heap: TypeAlias = list[tuple[float, float, int, Entry]]


class SchedulingQueue:
    """Entries by pod key; each heap may hold entries that have since moved on, which are skipped.

    `ready` is called whenever there is one more pod to `take`.
    """

    def __init__(self, clock: Clock, *, ready: Callable[[], None]) -> None:
        self._clock = clock
        self._ready = ready
        self._entries: dict[str, Entry] = {}
        self._parked: dict[str, Entry] = {}
        self._active: _Heap = []
        self._backoff: _Heap = []
        self._order = itertools.count()
        self._retries: dict[str, Timer] = {}
        #: Runs while any pod is parked.
        self._overdue: Timer | None = None
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """How many pods are being tried."""
        return self._in_flight

    @property
    def idle(self) -> bool:
        """Whether no pod can be tried now and none is being tried."""
        return not self._in_flight and not any(
            entry.place in (Place.ACTIVE, Place.BACKOFF) for *_, entry in (*self._active, *self._backoff)
        )

    def put(self, pod: PodInfo) -> None:
        """The pod is new, or changed so that it may fit now: try it."""
        entry = self._entries.get(pod.key)
        if entry is not None and entry.pod.uid != pod.uid:
            self.remove(pod.key)
            entry = None
        if entry is None:
            entry = self._entries[pod.key] = Entry(pod, self._clock.monotonic())
            self._activate(entry)
            return
        entry.pod = pod
        if entry.place is Place.PARKED:
            self._wake(entry)

    def refresh(self, pod: PodInfo) -> None:
        """The pod changed in a way that cannot make it fit."""
        if entry := self._entries.get(pod.key):
            entry.pod = pod

    def find(self, key: str) -> PodInfo | None:
        """The pod of that key, if it wants a node."""
        entry = self._entries.get(key)
        return entry.pod if entry else None

    def remove(self, key: str) -> None:
        """The pod wants no node any more."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        if entry.place is Place.IN_FLIGHT:
            self._in_flight -= 1
        entry.place = Place.GONE
        self._parked.pop(key, None)
        if timer := self._retries.pop(key, None):
            timer.cancel()

    def take(self) -> Entry | None:
        """The next pod to try, to be handed to `remove`, `park` or `retry` afterwards; None when there is none."""
        entry = self._pop_ready()
        if entry is not None:
            entry.place = Place.IN_FLIGHT
            entry.attempts += 1
            self._in_flight += 1
        return entry

    def park(self, entry: Entry) -> None:
        """No node fits: wait for a change that may help."""
        if self._landed(entry):
            entry.place = Place.PARKED
            self._parked[entry.pod.key] = entry
            self._overdue = self._overdue or self._clock.call_later(OVERDUE_EVERY, self._wake_overdue)

    def retry(self, entry: Entry) -> None:
        """The attempt failed by an error: try again after the back-off."""
        if self._landed(entry):
            entry.place = Place.RETRY
            wait = entry.backoff_ends - self._clock.monotonic()
            self._retries[entry.pod.key] = self._clock.call_later(wait, partial(self._retry_now, entry))

    def wake(self, may_help: Callable[[PodInfo], bool]) -> None:
        """Something happened: try the parked pods that it may help."""
        for entry in [entry for entry in self._parked.values() if may_help(entry.pod)]:
            self._wake(entry)

    def close(self) -> None:
        """Bring nothing up any more."""
        for timer in (*self._retries.values(), *([self._overdue] if self._overdue else ())):
            timer.cancel()

    def _wake_overdue(self) -> None:
        """Try the pods that have been parked for five minutes."""
        limit = self._clock.monotonic() - MAX_PARKED
        for entry in [entry for entry in self._parked.values() if entry.failed_at <= limit]:
            self._wake(entry)
        self._overdue = self._clock.call_later(OVERDUE_EVERY, self._wake_overdue) if self._parked else None

    def _landed(self, entry: Entry) -> bool:
        """Take an entry back whose attempt failed; false when its pod has gone meanwhile."""
        if entry.place is not Place.IN_FLIGHT:
            return False
        self._in_flight -= 1
        entry.failed_at = self._clock.monotonic()
        return True

    def _activate(self, entry: Entry) -> None:
        entry.place = Place.ACTIVE
        heapq.heappush(self._active, (-entry.pod.priority, entry.since, next(self._order), entry))
        self._ready()

    def _retry_now(self, entry: Entry) -> None:
        del self._retries[entry.pod.key]
        self._activate(entry)

    def _wake(self, entry: Entry) -> None:
        self._parked.pop(entry.pod.key, None)
        if entry.backoff_ends <= self._clock.monotonic():
            self._activate(entry)
            return
        entry.place = Place.BACKOFF
        heapq.heappush(self._backoff, (entry.backoff_ends, 0.0, next(self._order), entry))
        self._ready()

    def _pop_ready(self) -> Entry | None:
        self._end_backoffs()
        return _pop(self._active, Place.ACTIVE) or _pop(self._backoff, Place.BACKOFF)

    def _end_backoffs(self) -> None:
        now = self._clock.monotonic()
        while self._backoff and self._backoff[0][0] <= now:
            entry = heapq.heappop(self._backoff)[-1]
            if entry.place is Place.BACKOFF:
                entry.place = Place.ACTIVE
                heapq.heappush(self._active, (-entry.pod.priority, entry.since, next(self._order), entry))


def _pop(heap: _Heap, place: Place) -> Entry | None:
    while heap:
        entry = heapq.heappop(heap)[-1]
        if entry.place is place:
            return entry
    return None
