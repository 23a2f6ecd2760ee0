"""A queue of keys to be worked on, with the promises of client-go's `workqueue`.

A key waits at most once, however often it is added; it is worked on by one worker at a time; added while it is being
worked on, it waits again as soon as `done` is called. Keys come out in the order in which they were first added.
"""

from __future__ import annotations

import asyncio
from functools import partial

from fauxkube.kit.backoff import Backoff
from fauxkube.kit.clock import Clock, Timer


class Closed(Exception):
    """The queue is closed and nothing waits in it any more."""


class WorkQueue:
    """Keys that wait, that are being worked on, and that will be added later; for one event loop."""

    def __init__(self, clock: Clock, backoff: Backoff | None = None) -> None:
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        #: Keys that need work: those in `_queue`, and those added again while they are being worked on.
        self._waiting: set[str] = set()
        self._processing: set[str] = set()
        self._later: dict[str, tuple[float, Timer]] = {}
        self._closed = False

    def __len__(self) -> int:
        """How many keys wait now; not those that are to be added later."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Whether no key waits and none is being worked on (keys may still be due later)."""
        return not self._waiting and not self._processing

    def add(self, key: str) -> None:
        """`key` needs work; nothing happens if it waits already or the queue is closed."""
        if key in self._waiting or self._closed:
            return
        self._waiting.add(key)
        if key not in self._processing:
            self._queue.put_nowait(key)

    def add_after(self, key: str, seconds: float) -> None:
        """Add `key` once `seconds` have passed; of several such calls the earliest moment counts."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        earlier = self._later.get(key)
        if self._closed or (earlier and earlier[0] <= due):
            return
        if earlier:
            earlier[1].cancel()
        self._later[key] = (due, self._clock.call_later(seconds, partial(self._fall_due, key)))

    def add_rate_limited(self, key: str) -> None:
        """Add `key` after its back-off, which grows with every call until `forget`."""
        self.add_after(key, self._backoff.next(key))

    def forget(self, key: str) -> None:
        """`key` was worked on with success: its back-off starts afresh."""
        self._backoff.forget(key)

    async def get(self) -> str:
        """The next key, which the caller must hand to `done`; `Closed` when there will be no more."""
        key = await self._queue.get()
        if key is None:
            self._queue.put_nowait(None)
            raise Closed
        self._waiting.remove(key)
        self._processing.add(key)
        return key

    def done(self, key: str) -> None:
        """The work on `key` ended, well or badly."""
        self._processing.remove(key)
        if key in self._waiting:
            self._queue.put_nowait(key)

    def close(self) -> None:
        """Take no more keys; those in line are still handed out, those due later are dropped."""
        if self._closed:
            return
        self._closed = True
        for _, timer in self._later.values():
            timer.cancel()
        self._later.clear()
        self._queue.put_nowait(None)

    def _fall_due(self, key: str) -> None:
        del self._later[key]
        self.add(key)
