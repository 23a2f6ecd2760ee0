"""The newest changes, kept for those who read or watch from an older revision.

The window is bounded by count. A change that leaves it takes the revisions before it along: what lies before
`oldest` is compacted, and the state at `oldest` itself can still be read, as with etcd's compaction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from itertools import islice, takewhile

from fauxkube.store.keyspace import covers
from fauxkube.store.model import Change, Entry


class History:
    """A window of changes in order of revision, the newest `limit` of them."""

    def __init__(self, limit: int, *, oldest: int = 0, changes: Iterable[Change] = ()) -> None:
        self.oldest = oldest
        self._limit = limit
        self._changes: deque[Change] = deque()
        for change in changes:
            self.append(change)

    def append(self, change: Change) -> None:
        """Take the newest change in, without its attachment, and let the oldest go if the window is full."""
        if change.attachment is not None:
            change = Change(change.revision, change.type, change.entry, change.previous, change.author, change.at)
        self._changes.append(change)
        if len(self._changes) > self._limit:
            self.oldest = self._changes.popleft().revision

    def fork(self) -> History:
        """The same window, which moves on by itself from here."""
        other = History(self._limit, oldest=self.oldest)
        other._changes = self._changes.copy()
        return other

    def since(self, revision: int, prefix: str) -> list[Change]:
        """The changes after `revision` of the keys that `prefix` covers, the oldest first."""
        covered = covers(prefix)
        found = [change for change in self._newer_than(revision) if covered(change.entry.key)]
        found.reverse()
        return found

    def undone(self, revision: int, prefix: str) -> dict[str, Entry | None]:
        """What the keys that changed after `revision` held at it: None for those that were not there."""
        covered = covers(prefix)
        return {change.entry.key: change.previous for change in self._newer_than(revision) if covered(change.entry.key)}

    def before(self, prefix: str, changes: int) -> int:
        """The revision before the newest `changes` of the keys that `prefix` covers, or the oldest there is."""
        covered = covers(prefix)
        newest = (change.revision for change in reversed(self._changes) if covered(change.entry.key))
        found = next(islice(newest, changes - 1, None), self.oldest + 1)
        return max(found - 1, self.oldest)

    def at(self, moment: datetime) -> int:
        """The revision at a moment: that of the last change made until then, or the oldest there is."""
        made = (change.revision for change in reversed(self._changes) if change.at and change.at <= moment)
        return next(made, self.oldest)

    def moments(self, revisions: Iterable[int]) -> dict[int, datetime]:
        """When the changes of these revisions were made, of those that are held and say so."""
        wanted = set(revisions)
        return {each.revision: each.at for each in self._changes if each.at and each.revision in wanted}

    @property
    def newest(self) -> datetime | None:
        """When the newest change was made; None when none says so."""
        return next((change.at for change in reversed(self._changes) if change.at), None)

    def _newer_than(self, revision: int) -> Iterable[Change]:
        """The newest first, so that the cost is that of the changes asked for and not of the window."""
        return takewhile(lambda change: change.revision > revision, reversed(self._changes))
