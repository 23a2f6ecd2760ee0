"""The store: keys to bytes, with one revision counter over all of them.

What it promises, as etcd does for the API server:

- A write is checked and given its revision when it is called, in call order, against what is committed plus the
  writes on their way (`latest`), so pipelined writes never lose to themselves.
- A write returns once its log has it. Writes that arrive while a commit is under way share the next one.
- Changes become visible (`get`, `page`, subscriptions) in order of revision, only after they are durable.
- Revisions grow and are never given twice, not even those of a batch that failed: a value read by `latest` can thus
  never be mistaken for another one of the same revision.

Everything happens in one event loop's thread; only a log may have a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime

from fauxkube.store.history import History
from fauxkube.store.ledger import Ledger
from fauxkube.store.log import Index, Log, NullLog, Record, Recovered, no_attributes
from fauxkube.store.model import (
    Allocation,
    Change,
    ChangeType,
    Claim,
    Closed,
    Compacted,
    Entry,
    FutureRevision,
    LogFailed,
    Lost,
    Page,
    Taken,
    Write,
)
from fauxkube.store.subscription import Bell, Subscription, Subscriptions
from fauxkube.store.view import View

#: How long `close` waits for writes on their way, in seconds.
DRAIN_SECONDS = 5.0


class Store:
    """Current values in memory, a window of their history, and a log behind them."""

    def __init__(self, log: Log, *, index: Index = no_attributes, history: int = 16_384) -> None:
        self._log = log
        self._index = index
        self._history_limit = history
        self._view = View()
        self._history = History(history)
        self._ledger = Ledger()
        self._subscriptions = Subscriptions()
        #: The last committed revision.
        self.revision = 0
        #: The last revision given out; those between it and `revision` are on their way or have failed.
        self._assigned = 0
        #: Whether writes are taken.
        self.is_open = False
        #: The newest change on its way of each key that has one.
        self._overlay: dict[str, Change] = {}
        self._queued: list[Record] = []
        self._committing: list[Record] = []
        self._flush_due = False
        self._waiters: dict[int, asyncio.Future[Exception | None]] = {}
        #: Set whenever a commit has ended.
        self._settled = asyncio.Event()

    async def open(self) -> None:
        """Take over what the log holds; raises as `Log.open` does."""
        self.begin_with(await self._log.open(self._index))

    def begin_with(self, found: Recovered) -> None:
        """Open with what was found elsewhere; in place of `open`, where there is no log to hold it."""
        self._view = View(found.entries)
        self._history = History(self._history_limit, oldest=found.oldest, changes=found.changes)
        self._ledger = Ledger(found.allocations)
        self.revision = self._assigned = found.revision
        self.is_open = True

    def fork(self, *, after: int = 0) -> Store:
        """An open store in memory that goes on from what is committed here; values are shared, for they never change.

        Its revisions count on from this one's last, and the same history can be read in it; or they come after
        `after`, if that is later, and up to there all is compacted. Writes on their way here are no part of it, and
        neither store sees what is done to the other from now on.
        """
        other = Store(NullLog(), index=self._index, history=self._history_limit)
        other._view = self._view.fork()
        other._history = self._history.fork()
        other._ledger = self._ledger.fork()
        for record in reversed(self._committing + self._queued):
            other._ledger.undo(record.moves)
        other.revision = other._assigned = self.revision
        if after and after >= self.revision:
            other.revision = other._assigned = after + 1
            other._history = History(self._history_limit, oldest=other.revision)
        other.is_open = True
        return other

    async def close(self) -> None:
        """Take no more writes, wait (not for ever) for those on their way, and end all subscriptions.

        Idempotent. Reads go on answering from memory; writes and subscriptions raise `Closed`.
        """
        self.is_open = False
        await self._drain()
        await self._log.close()
        self._fail(TimeoutError("the store was closed first"))
        self._subscriptions.close()

    @property
    def instant(self) -> bool:
        """Whether a write returns without a pause between its becoming visible and its caller's going on."""
        return self._log.instant

    @property
    def oldest(self) -> int:
        """The oldest revision that can be read or watched from."""
        return self._history.oldest

    # Reading

    def get(self, key: str) -> Entry | None:
        """What is committed."""
        return self._view.get(key)

    def latest(self, key: str) -> Entry | None:
        """What will be there once the writes on their way are committed: what a read-modify-write must base on."""
        change = self._overlay.get(key)
        if change is None:
            return self._view.get(key)
        return None if change.type is ChangeType.DELETED else change.entry

    def count(self, prefix: str) -> int:
        """How many keys `prefix` covers."""
        return self._view.count(prefix)

    def page(self, prefix: str, *, after: str = "", limit: int = 0, revision: int | None = None) -> Page:
        """Up to `limit` entries (0: all) in key order, after the key `after`, as of `revision` (None: now).

        Raises Compacted or FutureRevision.
        """
        if revision is None or revision == self.revision:
            entries, remaining = self._view.page(prefix, after, limit)
            return Page(entries, self.revision, remaining)
        self._require_held(revision)
        undone = self._history.undone(revision, prefix)
        entries, remaining = self._view.page_with(undone, prefix, after, limit)
        return Page(entries, revision, remaining)

    def changes(self, prefix: str) -> list[Change]:
        """Every change still held of the keys that `prefix` covers, the oldest first."""
        return self._history.since(self.oldest, prefix)

    def revision_before(self, prefix: str, changes: int) -> int:
        """The revision before the newest `changes` of the keys that `prefix` covers; the oldest if there are fewer."""
        return self._history.before(prefix, changes)

    def revision_at(self, moment: datetime) -> int:
        """The revision at a moment; the oldest if that is longer ago than is remembered."""
        return self._history.at(moment)

    @property
    def last_written(self) -> datetime | None:
        """When the newest change that is remembered was made."""
        return self._history.newest

    def subscribe(self, prefix: str, *, after: int, limit: int = 4096) -> Subscription:
        """The changes after the revision `after` of the keys that `prefix` covers: from history, then as they happen.

        A reader that is more than `limit` live changes behind is cut off. Raises Compacted, FutureRevision or Closed.
        """
        if not self.is_open:
            raise Closed("the store is not open")
        self._require_held(after)
        return self._subscriptions.add(prefix, self._history.since(after, prefix), limit=limit)

    def bell(self, prefix: str, ring: Callable[[int], None], *, after: int) -> Bell | None:
        """Have `ring` called with the revision of the first change after `after` of a key that `prefix` covers.

        None when there has been one, or when it is not known any more whether there has.
        """
        if not self.is_open or after < self.oldest or self._history.since(after, prefix):
            return None
        return self._subscriptions.bell(prefix, ring)

    @property
    def is_writing(self) -> bool:
        """Whether writes are on their way."""
        return bool(self._queued or self._committing)

    def finish(self, prefix: str) -> None:
        """End the subscriptions below a prefix that is no longer used; what has been told of it is still delivered."""
        self._subscriptions.finish(prefix)

    def lagging(self) -> list[Subscription]:
        """The subscriptions whose readers have changes still to take."""
        return self._subscriptions.lagging()

    def _require_held(self, revision: int) -> None:
        if revision < self.oldest:
            raise Compacted(revision, self.oldest)
        if revision > self.revision:
            raise FutureRevision(revision, self.revision)

    def moments(self, revisions: Iterable[int]) -> dict[int, datetime]:
        """When these revisions were written; those that the history no longer reaches are left out."""
        return self._history.moments(revisions)

    # Claims, with the writes on their way

    def owner_of(self, claim: Claim) -> str | None:
        """The key that holds `claim`, if one does."""
        return self._ledger.owner_of(claim)

    def held_by(self, owner: str) -> list[Claim]:
        """What the key `owner` holds."""
        return self._ledger.held_by(owner)

    def allocations(self, pool: str | None = None) -> list[Allocation]:
        """Every allocation of `pool` (None: of all); those with no owner have been given back."""
        return self._ledger.allocations(pool)

    # Writing

    async def write(self, write: Write) -> Change | Lost | Taken:
        """Apply `write` whole, or say why not. Returns once it is durable and visible.

        A caller that is cancelled while it waits does not take its write back. Raises Closed, or LogFailed when the
        log could not keep it; nothing of it then happened.
        """
        if not self.is_open:
            raise Closed("the store is not open")
        current = self.latest(write.key)
        if _is_lost(write, current):
            return Lost(current)
        if write.claims and (taken := self._ledger.conflict(write.claims, write.key)):
            return taken
        change = self._stage(write, current)
        if self._log.instant:
            self._flush()
            return change
        await self._durable(change.revision)
        return change

    def _stage(self, write: Write, current: Entry | None) -> Change:
        """Give `write` its revision and put it on its way."""
        self._assigned = revision = self._assigned + 1
        key, kind = write.key, write.type
        value = write.draft.at(revision)
        attributes = write.attributes if write.attributes is not None else self._index(key, value)
        entry = Entry(key, revision, revision if current is None else current.created, value, attributes)
        change = Change(revision, kind, entry, current, write.author, write.at, write.attachment)
        touches_claims = write.claims or write.releases or kind is ChangeType.DELETED
        self._overlay[key] = change
        self._queued.append(Record(change, self._ledger.apply(write, revision) if touches_claims else ()))
        return change

    async def _durable(self, revision: int) -> None:
        loop = asyncio.get_running_loop()
        waiter = self._waiters[revision] = loop.create_future()
        if not self._committing and not self._flush_due:
            # Not at once: what else is ready to run in this turn of the loop writes into the same batch.
            self._flush_due = True
            loop.call_soon(self._flush)
        error = await waiter
        if error is not None:
            raise LogFailed(f"revision {revision} could not be made durable: {error}") from error

    def _flush(self) -> None:
        self._flush_due = False
        if self._queued and not self._committing:
            self._committing, self._queued = self._queued, []
            self._log.commit(self._committing, self._committed)

    def _committed(self, error: Exception | None) -> None:
        if error is not None:
            self._fail(error)
        else:
            batch, self._committing = self._committing, []
            # The next batch goes first: the log has work while this one is published.
            self._flush()
            for record in batch:
                self._publish(record.change)
        self._settled.set()

    def _publish(self, change: Change) -> None:
        key = change.entry.key
        self._view.apply(change)
        self._history.append(change)
        self.revision = change.revision
        if self._overlay.get(key) is change:
            del self._overlay[key]
        self._subscriptions.publish(change)
        self._answer(change.revision, None)

    def _fail(self, error: Exception) -> None:
        """Take back all that is on its way: what came after a failed batch was built on it."""
        failed = self._committing + self._queued
        self._committing, self._queued = [], []
        self._overlay.clear()
        for record in reversed(failed):
            self._ledger.undo(record.moves)
        for record in failed:
            self._answer(record.change.revision, error)

    def _answer(self, revision: int, error: Exception | None) -> None:
        waiter = self._waiters.pop(revision, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(error)

    async def _drain(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._queued or self._committing:
                    self._settled.clear()
                    await self._settled.wait()


def _is_lost(write: Write, current: Entry | None) -> bool:
    """Whether the key is not as `write` expects, by its revision or by being there at all."""
    if (current is None) is not (write.type is ChangeType.ADDED):
        return True
    return write.expected is not None and write.expected != (0 if current is None else current.revision)
