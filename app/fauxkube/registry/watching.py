"""Watch: the state so far where it is asked for, then every change, in order, once.

Entries that come to match a selector are told as ADDED, those that cease to as DELETED, whatever the change itself
was. What is told is the change's stored bytes, and one `WatchItem` a change serves every watcher that gets it plain.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator

from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status
from fauxkube.machinery.objects import GVR, Object
from fauxkube.registry.codec import at_revision, shown
from fauxkube.registry.options import WatchQuery
from fauxkube.registry.reading import parse_revision
from fauxkube.registry.selection import Selection
from fauxkube.store.model import Change, ChangeType, Closed, Compacted, Entry, FutureRevision, Overflowed
from fauxkube.store.store import Store
from fauxkube.store.subscription import Subscription

#: How many changes' items are kept to be shared; a watcher further behind makes its own.
_SHARED_ITEMS = 512


class WatchItem:
    """One event: its type, the object's bytes, the decoded object where it is at hand, and the revision.

    `frame` is a place for the server to keep the event as it is sent, so that it is made once for all watchers.
    """

    __slots__ = ("attachment", "frame", "revision", "type", "value")

    def __init__(self, event: str, value: bytes, *, attachment: Object | None, revision: int) -> None:
        self.type = event
        self.value = value
        self.attachment = attachment
        self.revision = revision
        self.frame: bytes | None = None


class Watcher:
    """Opens watches on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._items: OrderedDict[tuple[GVR, int], WatchItem] = OrderedDict()

    def open(self, resource: Resource, namespace: str, query: WatchQuery) -> Watch:
        """A watch on what `query` selects; 410 when it is to start at a revision that has been compacted."""
        selection = Selection(
            resource, namespace, label_selector=query.label_selector, field_selector=query.field_selector
        )
        revision = parse_revision(query.resource_version)
        initial: list[Entry] | None = None
        if _wants_initial_events(query, revision):
            if revision and revision > self._store.revision:
                raise status.too_large_resource_version(revision, self._store.revision)
            page = self._store.page(selection.prefix)
            initial, revision = [entry for entry in page.entries if selection.matches(entry)], page.revision
        elif not revision:
            revision = self._store.revision
        try:
            subscription = self._store.subscribe(selection.prefix, after=revision)
        except Compacted as error:
            raise status.expired(f"too old resource version: {error.asked} ({error.oldest})") from None
        except FutureRevision as error:
            raise status.too_large_resource_version(error.asked, error.current) from None
        return Watch(self, selection, subscription, initial=initial, revision=revision)

    def item_of(self, resource: Resource, change: Change) -> WatchItem:
        """The change as it is told to those who see it plain; the same item to all watchers of the resource."""
        key = (resource.gvr, change.revision)
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = new_item(resource, change.type, change.entry.value, change)
            if len(self._items) > _SHARED_ITEMS:
                self._items.popitem(last=False)
        return item

    @property
    def revision(self) -> int:
        """The newest revision."""
        return self._store.revision


def new_item(resource: Resource, event: str, value: bytes, change: Change) -> WatchItem:
    """A change told as `event`, with `value` as the resource shows it."""
    plain = resource.conversion is None and value is change.entry.value
    attachment = change.attachment if plain else None
    return WatchItem(event, shown(resource, value), attachment=attachment, revision=change.revision)


def _wants_initial_events(query: WatchQuery, revision: int | None) -> bool:
    if query.send_initial_events is not None:
        return query.send_initial_events
    return not revision


class Watch:
    """An open watch: iterate it for batches of items; `close` it when done.

    `initial_events_end` tells that the first batch holds the state so far (it may be empty); `revision` is what has
    been told up to, for bookmarks.
    """

    def __init__(
        self,
        watcher: Watcher,
        selection: Selection,
        subscription: Subscription,
        *,
        initial: list[Entry] | None,
        revision: int,
    ) -> None:
        self._watcher = watcher
        self._selection = selection
        self._subscription = subscription
        self._initial = initial
        self.initial_events_end = initial is not None
        self._revision = revision

    @property
    def revision(self) -> int:
        """Every change up to this revision has been handed over."""
        return self._revision

    def progress(self) -> int:
        """The newest revision of which nothing is left to be handed over: what a bookmark may say."""
        if self._initial is None and not self._subscription.pending:
            self._revision = max(self._revision, self._watcher.revision)
        return self._revision

    async def __aiter__(self) -> AsyncIterator[list[WatchItem]]:
        if self._initial is not None:
            initial, self._initial = self._initial, None
            yield [self._initial_item(entry) for entry in initial]
        try:
            while True:
                changes = await self._subscription.next()
                self._revision = changes[-1].revision
                if items := self._items(changes):
                    yield items
        except Closed:
            return
        except Overflowed:
            raise status.expired("the watch fell too far behind; list again and watch from there") from None

    def _initial_item(self, entry: Entry) -> WatchItem:
        value = shown(self._selection.resource, entry.value)
        return WatchItem(ChangeType.ADDED, value, attachment=None, revision=entry.revision)

    def _items(self, changes: list[Change]) -> list[WatchItem]:
        if self._selection.everything:
            return [self._watcher.item_of(self._selection.resource, change) for change in changes]
        return [item for change in changes if (item := self._selected(change)) is not None]

    def _selected(self, change: Change) -> WatchItem | None:
        """The change as the selector sees it: an object may come into sight, or go out of it."""
        resource, previous = self._selection.resource, change.previous
        before = previous is not None and self._selection.matches(previous)
        after = change.type is not ChangeType.DELETED and self._selection.matches(change.entry)
        if not before and not after:
            return None
        if before and previous is not None and not after and change.type is not ChangeType.DELETED:
            return new_item(resource, ChangeType.DELETED, at_revision(previous.value, change.revision), change)
        if after and not before and previous is not None:
            return new_item(resource, ChangeType.ADDED, change.entry.value, change)
        return self._watcher.item_of(resource, change)

    def close(self) -> None:
        """End the watch; harmless when it has ended."""
        self._subscription.close()
