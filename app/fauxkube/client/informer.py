"""A local copy of one collection, kept right by list and watch, as client-go's `SharedIndexInformer`.

Objects are shared with every reader and must not be changed. Handlers are called synchronously, in the order of the
changes, after the copy and its indexes show the change. When the history that a watch needs is gone (410), the
collection is listed again and handlers are told of the difference only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

from fauxkube.client.protocol import Client, WatchEvent
from fauxkube.kit.backoff import Backoff
from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import GVR, Object, key_of
from fauxkube.machinery.status import StatusError

#: Told of a change: (old, new); old is None when the object came to be, new is None when it went.
Handler: TypeAlias = Callable[[Object | None, Object | None], None]
#: The values under which an index keeps an object.
IndexBy: TypeAlias = Callable[[Object], Iterable[str]]
#: What is kept of an object.
Transform: TypeAlias = Callable[[Object], Object]

#: A watch that ends sooner than this (seconds) without telling anything counts as a failure (as client-go's reflector).
_SHORT_WATCH = 1.0

_log = logging.getLogger("fauxkube.informer")


class _Index:
    """The objects under each value that `by` gives for them."""

    def __init__(self, by: IndexBy) -> None:
        self._by = by
        self._values: dict[str, tuple[str, ...]] = {}
        self.buckets: dict[str, dict[str, Object]] = {}

    def put(self, key: str, obj: Object) -> None:
        values = tuple(self._by(obj))
        before = self._values.get(key, ())
        if before != values:
            self._leave(key, before)
            self._values[key] = values
        for value in values:
            self.buckets.setdefault(value, {})[key] = obj

    def drop(self, key: str) -> None:
        self._leave(key, self._values.pop(key, ()))

    def _leave(self, key: str, values: tuple[str, ...]) -> None:
        for value in values:
            bucket = self.buckets.get(value)
            if bucket is None:
                continue
            bucket.pop(key, None)
            if not bucket:
                del self.buckets[value]


class Informer:
    """The objects of one GVR in all namespaces, by `namespace/name` (or `name`) and by index.

    With `transform` only what it gives of each object is kept (client-go's `SetTransform`): its metadata at least.
    """

    def __init__(self, client: Client, gvr: GVR, clock: Clock, transform: Transform | None = None) -> None:
        self.gvr = gvr
        self._transform = transform
        self._client = client
        self._clock = clock
        self._objects: dict[str, Object] = {}
        self._indexes: dict[str, _Index] = {}
        self._handlers: list[Handler] = []
        self._synced = asyncio.Event()
        self._backoff = Backoff(base=0.8, cap=30.0)
        self._resource_version = ""

    @property
    def synced(self) -> bool:
        """Whether the collection has been listed once."""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        """Return once `synced`."""
        await self._synced.wait()

    @property
    def revision(self) -> int:
        """The resource version up to which every change is shown here."""
        return int(self._resource_version or 0)

    def get(self, key: str) -> Object | None:
        """The object of that key, if there is one."""
        return self._objects.get(key)

    def items(self) -> Iterable[Object]:
        """All objects; a snapshot that later changes do not touch."""
        return list(self._objects.values())

    def by_index(self, name: str, value: str) -> list[Object]:
        """The objects that the index `name` keeps under `value`."""
        return list(self._indexes[name].buckets.get(value, {}).values())

    def count_index(self, name: str, value: str) -> int:
        """How many objects the index `name` keeps under `value`."""
        return len(self._indexes[name].buckets.get(value, ()))

    def add_index(self, name: str, by: IndexBy) -> None:
        """Keep objects under the values that `by` gives; a name that is taken keeps its first function."""
        if name in self._indexes:
            return
        index = self._indexes[name] = _Index(by)
        for key, obj in self._objects.items():
            index.put(key, obj)

    def on_change(self, handler: Handler) -> None:
        """Call `handler` for every change from now on, and once for every object that is there already."""
        self._handlers.append(handler)
        for obj in self.items():
            _tell(handler, None, obj)

    async def run(self) -> None:
        """List, then watch, until cancelled; every failure is tried again, after a growing pause."""
        while True:
            try:
                if not self._resource_version:
                    await self._list()
                await self._watch()
            except StatusError as error:
                await self._recover(error)
            except Exception:
                _log.exception("the watch of %s failed", self.gvr.group_resource)
                self._resource_version = ""
                await self._pause()

    async def _recover(self, error: StatusError) -> None:
        if error.code == 410:
            self._resource_version = ""
            return
        _log.info("the watch of %s failed: %s", self.gvr.group_resource, error.message)
        await self._pause()

    async def _pause(self) -> None:
        await self._clock.sleep(self._backoff.next(""))

    async def _list(self) -> None:
        listed = await self._client.list(self.gvr)
        self._resource_version = listed.resource_version
        there = {key_of(obj): obj for obj in listed.items}
        for key in [key for key in self._objects if key not in there]:
            self._drop(key, self._objects[key])
        for key, obj in there.items():
            self._replace(key, obj)
        self._synced.set()

    async def _watch(self) -> None:
        started = self._clock.monotonic()
        told = False
        async for event in self._client.watch(self.gvr, resource_version=self._resource_version):
            if not told:
                told = True
                self._backoff.forget("")
            self._apply(event)
        if not told and self._clock.monotonic() - started < _SHORT_WATCH:
            await self._pause()

    def _apply(self, event: WatchEvent) -> None:
        obj = event.object
        self._resource_version = obj["metadata"]["resourceVersion"]
        if event.type == "DELETED":
            self._drop(key_of(obj), obj)
        elif event.type != "BOOKMARK":
            self._put(key_of(obj), obj)

    def _replace(self, key: str, obj: Object) -> None:
        """Take what a list shows of an object: nothing, a change, or another object under an old name."""
        old = self._objects.get(key)
        if old is not None:
            if old["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"]:
                return
            if old["metadata"].get("uid") != obj["metadata"].get("uid"):
                self._drop(key, old)
        self._put(key, obj)

    def _put(self, key: str, obj: Object) -> None:
        old = self._objects.get(key)
        if self._transform is not None:
            obj = self._transform(obj)
        self._objects[key] = obj
        for index in self._indexes.values():
            index.put(key, obj)
        for handler in self._handlers:
            _tell(handler, old, obj)

    def _drop(self, key: str, last: Object) -> None:
        """Forget an object; handlers are told its last state (`last`), as the deletion shows it."""
        if self._objects.pop(key, None) is None:
            return
        for index in self._indexes.values():
            index.drop(key)
        for handler in self._handlers:
            _tell(handler, last, None)


def _tell(handler: Handler, old: Object | None, new: Object | None) -> None:
    """Call one handler; its failure is its own, and must not stop the others or the watch."""
    try:
        handler(old, new)
    except Exception:
        _log.exception("a handler failed")
