"""Fan-out: every change goes to those who asked for its key, and waits for none of them.

Subscriptions are indexed by prefix, so that a change costs a look-up for each level of its key and not one for each
subscriber. A subscriber has a bounded queue; one that lets it fill up is cut off and has to list again, as a slow
watcher of the API server has to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fauxkube.store.keyspace import covering
from fauxkube.store.model import Change, Closed, Overflowed, StoreError


class Subscription:
    """The changes under one prefix, in order, without a gap or a double; for one reader."""

    def __init__(
        self, prefix: str, backlog: list[Change], *, limit: int, on_end: Callable[[Subscription], None]
    ) -> None:
        self.prefix = prefix
        self._queue = backlog
        self._limit = limit
        #: What history replays was asked for all at once, and is no sign of a slow reader.
        self._room = limit + len(backlog)
        self._on_end = on_end
        self._ended: StoreError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def pending(self) -> bool:
        """Whether changes wait to be taken."""
        return bool(self._queue)

    @property
    def oldest_pending(self) -> int:
        """The revision of the first change that waits to be taken; 0 when none does."""
        return self._queue[0].revision if self._queue else 0

    async def next(self) -> list[Change]:
        """What has happened since the last call, at least one change.

        Raises `Overflowed` when the reader was too slow and was cut off, `Closed` after `close` here or on the store.
        """
        while not self._queue:
            if self._ended is not None:
                raise self._ended
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self.drain()

    def drain(self) -> list[Change]:
        """What is there now, which may be nothing; waits for nothing and raises nothing."""
        changes, self._queue = self._queue, []
        self._room = self._limit
        return changes

    def close(self) -> None:
        """Ask for no more, and drop what has not been taken."""
        self._queue.clear()
        self._end(Closed("the subscription was closed"))

    def offer(self, change: Change) -> bool:
        """Queue `change` for the reader; False when there is no room, which cuts the reader off."""
        if len(self._queue) >= self._room:
            return False
        self._queue.append(change)
        self._wake()
        return True

    def cut_off(self) -> None:
        """End for want of room: what is queued is dropped, since a gap would follow it."""
        self._queue.clear()
        self._end(Overflowed(f"the reader of {self.prefix!r} fell more than {self._limit} changes behind"))

    def finish(self) -> None:
        """End because nothing more will come: the reader still gets what is queued."""
        self._end(Closed("the store was closed, or there is no such prefix any more"))

    def _end(self, reason: StoreError) -> None:
        if self._ended is None:
            self._ended = reason
            self._on_end(self)
            self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class Bell:
    """Tells of one change and is then done: for those who do not listen until there is something to hear."""

    def __init__(self, prefix: str, ring: Callable[[int], None], *, on_end: Callable[[Bell], None]) -> None:
        self.prefix = prefix
        self.ring = ring
        self._on_end = on_end

    def cancel(self) -> None:
        """Tell nobody; harmless when it has rung."""
        self._on_end(self)


class Subscriptions:
    """All of a store's subscriptions, by prefix."""

    def __init__(self) -> None:
        #: Inner dicts serve as ordered sets: whoever subscribed first is told first.
        self._by_prefix: dict[str, dict[Subscription, None]] = {}
        self._bells: dict[str, dict[Bell, None]] = {}

    def bell(self, prefix: str, ring: Callable[[int], None]) -> Bell:
        """Have `ring` called with the revision of the next change under `prefix`, and then no more."""
        bell = Bell(prefix, ring, on_end=self._take_down)
        self._bells.setdefault(prefix, {})[bell] = None
        return bell

    def add(self, prefix: str, backlog: list[Change], *, limit: int) -> Subscription:
        """A new subscription that has `backlog` waiting and gets every change published from now on."""
        subscription = Subscription(prefix, backlog, limit=limit, on_end=self._remove)
        self._by_prefix.setdefault(prefix, {})[subscription] = None
        return subscription

    def publish(self, change: Change) -> None:
        """Hand `change` to everyone whose prefix covers its key."""
        if not self._by_prefix and not self._bells:
            return
        slow: list[Subscription] = []
        for prefix in covering(change.entry.key):
            for bell in self._bells.pop(prefix, ()):
                bell.ring(change.revision)
            if prefix in self._by_prefix:
                slow += [each for each in self._by_prefix[prefix] if not each.offer(change)]
        for subscription in slow:
            subscription.cut_off()

    def lagging(self) -> list[Subscription]:
        """Those whose readers have changes still to take."""
        return [each for group in self._by_prefix.values() for each in group if each.pending]

    def finish(self, prefix: str) -> None:
        """End the subscriptions to what is below `prefix`; their readers still get what is queued."""
        for each in [each for below, group in self._by_prefix.items() if below.startswith(prefix) for each in group]:
            each.finish()

    def close(self) -> None:
        """End every subscription."""
        for subscription in [each for group in self._by_prefix.values() for each in group]:
            subscription.finish()

    def _take_down(self, bell: Bell) -> None:
        bells = self._bells.get(bell.prefix, {})
        bells.pop(bell, None)
        if not bells:
            self._bells.pop(bell.prefix, None)

    def _remove(self, subscription: Subscription) -> None:
        group = self._by_prefix[subscription.prefix]
        del group[subscription]
        if not group:
            del self._by_prefix[subscription.prefix]
