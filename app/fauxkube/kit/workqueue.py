"""A queue of keys to be worked on, with the promises of client-go's `workqueue`.

A key waits at most once, however often it is added; it is worked on by one worker at a time; added while it is being
worked on, it waits again as soon as `done` is called. Keys come out in the order in which they were first added.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from fauxkube.kit.backoff import Backoff
from fauxkube.kit.clock import Clock, Timer


class _Later(NamedTuple):
    moment: float
    timers: list[Timer]


class _Schedule:
    """Keys that are due later, each once and at the earliest moment named, by whichever of `clocks` is there first."""

    def __init__(self, clocks: Sequence[Clock], due: Callable[[str], None]) -> None:
        self._clocks = clocks
        self._due = due
        self._keys: dict[str, _Later] = {}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def add(self, key: str, seconds: float) -> None:
        moment = self._clocks[0].monotonic() + seconds
        earlier = self._keys.get(key)
        if earlier is not None:
            if earlier.moment <= moment:
                return
            self.drop(key)
        fall_due = partial(self._fall_due, key)
        self._keys[key] = _Later(moment, [clock.call_later(seconds, fall_due) for clock in self._clocks])

    def drop(self, key: str) -> None:
        later = self._keys.pop(key, None)
        if later is not None:
            for timer in later.timers:
                timer.cancel()

    def clear(self) -> None:
        for key in list(self._keys):
            self.drop(key)

    def within(self, seconds: float) -> list[str]:
        """The keys that the first of the clocks brings up within `seconds`."""
        limit = self._clocks[0].monotonic() + seconds
        return [key for key, later in self._keys.items() if later.moment <= limit]

    def _fall_due(self, key: str) -> None:
        self.drop(key)
        self._due(key)


class WorkQueue:
    """Keys that wait, that are being worked on, and that will be added later; for one event loop.

    `ready` is called whenever there is one more key to `take`. What is to be done after a time is due by `clock`; what
    failed is tried again by real time as well (whichever comes first), so that it does not fail for as long as a
    clock stands still.
    """

    def __init__(self, clock: Clock, backoff: Backoff | None = None, *, ready: Callable[[], None]) -> None:
        self._backoff = backoff or Backoff()
        self._ready = ready
        self._line: deque[str] = deque()
        #: Keys that need work: those in `_line`, and those added again while they are being worked on.
        self._waiting: set[str] = set()
        self._processing: set[str] = set()
        self._later = _Schedule([clock], self.add)
        self._retries = _Schedule([clock] if clock.real is clock else [clock.real, clock], self.add)
        self._closed = False

    def __len__(self) -> int:
        """How many keys wait now; not those that are to be added later."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Whether no key waits and none is being worked on (keys may still be due later)."""
        return not self._waiting and not self._processing

    @property
    def processing(self) -> frozenset[str]:
        """The keys that are being worked on."""
        return frozenset(self._processing)

    @property
    def waiting(self) -> frozenset[str]:
        """The keys that wait."""
        return frozenset(self._waiting)

    @property
    def quiet(self) -> bool:
        """Whether it is idle, and no key that failed is to be tried again."""
        return not (self._waiting or self._processing or self._retries)

    def retried_within(self, seconds: float) -> list[str]:
        """The keys that failed and are tried again within `seconds` of real time."""
        return self._retries.within(seconds)

    def add(self, key: str) -> None:
        """`key` needs work; nothing happens if it waits already or the queue is closed."""
        if key in self._waiting or self._closed:
            return
        self._waiting.add(key)
        if key not in self._processing:
            self._line.append(key)
            self._ready()

    def add_after(self, key: str, seconds: float) -> None:
        """Add `key` once `seconds` have passed; of several such calls the earliest moment counts."""
        if seconds <= 0:
            self.add(key)
        elif not self._closed:
            self._later.add(key, seconds)

    def add_rate_limited(self, key: str) -> None:
        """Add `key` after its back-off, which grows with every call until `forget`."""
        if not self._closed:
            self._retries.add(key, self._backoff.next(key))

    def forget(self, key: str) -> None:
        """`key` was worked on with success: it need not be tried again, and its back-off starts afresh."""
        self._backoff.forget(key)
        self._retries.drop(key)

    def take(self) -> str | None:
        """The next key, which the caller must hand to `done`; None when none waits."""
        if not self._line:
            return None
        key = self._line.popleft()
        self._waiting.remove(key)
        self._processing.add(key)
        return key

    def done(self, key: str) -> None:
        """The work on `key` ended, well or badly."""
        self._processing.remove(key)
        if key in self._waiting:
            self._line.append(key)
            self._ready()

    def close(self) -> None:
        """Take no more keys; those in line are still handed out, those due later are dropped."""
        self._closed = True
        self._later.clear()
        self._retries.clear()
