"""The committed values, by key and in key order.

Keys sort by code point, as etcd's do by byte: a page of a list is a slice of the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sortedcontainers import SortedList

from fauxkube.store.keyspace import bounds
from fauxkube.store.model import Change, ChangeType, Entry


class View:
    """What every key holds now."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = {entry.key: entry for entry in entries}
        self._keys = SortedList(self._entries)
        self.get = self._entries.get

    def fork(self) -> View:
        """The same view, which goes its own way from here."""
        other = View()
        other._entries = self._entries.copy()
        other._keys = self._keys.copy()
        other.get = other._entries.get
        return other

    def apply(self, change: Change) -> None:
        """Make `change` part of the view."""
        entry = change.entry
        if change.type is ChangeType.DELETED:
            del self._entries[entry.key]
            self._keys.remove(entry.key)
            return
        if change.type is ChangeType.ADDED:
            self._keys.add(entry.key)
        self._entries[entry.key] = entry

    def count(self, prefix: str) -> int:
        """How many keys `prefix` covers."""
        start, end = self._slice(prefix, "")
        return end - start

    def page(self, prefix: str, after: str, limit: int) -> tuple[list[Entry], int]:
        """The first `limit` entries (0: all) that come after the key `after`, and how many follow them."""
        start, end = self._slice(prefix, after)
        stop = min(start + limit, end) if limit else end
        entries = self._entries
        return [entries[key] for key in self._keys.islice(start, stop)], end - stop

    def page_with(
        self, instead: Mapping[str, Entry | None], prefix: str, after: str, limit: int
    ) -> tuple[list[Entry], int]:
        """As `page`, of a view in which the keys of `instead` hold its entries (None: the key is not there)."""
        start, end = self._slice(prefix, after)
        keys = [key for key in self._keys.islice(start, end) if key not in instead]
        keys += [key for key, entry in instead.items() if entry is not None and key > after]
        keys.sort()
        wanted = keys[:limit] if limit else keys
        entries = self._entries
        return [instead.get(key) or entries[key] for key in wanted], len(keys) - len(wanted)

    def _slice(self, prefix: str, after: str) -> tuple[int, int]:
        low, high = bounds(prefix)
        start: int = self._keys.bisect_right(after) if after >= low else self._keys.bisect_left(low)
        end: int = self._keys.bisect_left(high)
        return start, max(start, end)
