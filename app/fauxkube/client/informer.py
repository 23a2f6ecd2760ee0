"""A local copy of one collection, kept right by list and watch, as client-go's `SharedIndexInformer`.

Objects are shared with every reader and must not be changed. Handlers are called synchronously, in the order of the
changes, after the copy and its indexes show the change. When the history that a watch needs is gone (410), the
collection is listed again and handlers are told of the difference only.

An informer that takes over another's copy, in a fork of its cluster, need not list. It hands out what is there in
slices, so that however much it is, others have their turn in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from fauxkube.client.cache import Cache, IndexBy
from fauxkube.client.protocol import Client, WatchEvent
from fauxkube.kit.backoff import Backoff
from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import GVR, Object, key_of
from fauxkube.machinery.status import StatusError

#: Told of a change: (old, new); old is None when the object came to be, new is None when it went.
Handler: TypeAlias = Callable[[Object | None, Object | None], None]
#: What is kept of an object.
Transform: TypeAlias = Callable[[Object], Object]

#: A watch that ends sooner than this (seconds) without telling anything counts as a failure (as client-go's reflector).
_SHORT_WATCH = 1.0
#: How many objects that were taken over are handed out at a time: under a millisecond's work.
_SLICE = 16

_log = logging.getLogger("fauxkube.informer")


class Informer:
    """The objects of one GVR in all namespaces, by `namespace/name` (or `name`) and by index.

    With `transform` only what it gives of each object is kept (client-go's `SetTransform`): its metadata at least.
    `taken_over` is the copy of another informer; handlers are told of what it holds when this one runs.
    """

    def __init__(
        self,
        client: Client,
        gvr: GVR,
        clock: Clock,
        *,
        transform: Transform | None = None,
        taken_over: Cache | None = None,
    ) -> None:
        self.gvr = gvr
        self._transform = transform
        self._client = client
        #: Watches break and are taken up again in real time, whatever the cluster's clock says.
        self._clock = clock.real
        self.cache = taken_over or Cache()
        #: Whether what was taken over is still to be told of: what handlers hear meanwhile is not new.
        self.resuming = taken_over is not None
        self._handlers: list[Handler] = []
        #: Whether the collection has been listed once, or taken over.
        self.synced = False
        self._waiting: list[asyncio.Future[None]] = []
        self._backoff = Backoff(base=0.8, cap=30.0)
        self._pausing = False
        self._waking = False

    @property
    def idle(self) -> bool:
        """Whether it watches or rests; it then shows every change that it has been told of."""
        return bool(self.cache.resource_version) and not (self._pausing or self._waking or self.resuming)

    async def wait_synced(self) -> None:
        """Return once `synced`."""
        if not self.synced:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting

    @property
    def revision(self) -> int:
        """The resource version up to which every change is shown here."""
        return int(self.cache.resource_version or 0)

    def get(self, key: str) -> Object | None:
        """The object of that key, if there is one."""
        return self.cache.get(key)

    def items(self) -> Iterable[Object]:
        """All objects; a snapshot that later changes do not touch."""
        return self.cache.items()

    def by_index(self, name: str, value: str) -> list[Object]:
        """The objects that the index `name` keeps under `value`."""
        return self.cache.by_index(name, value)

    def count_index(self, name: str, value: str) -> int:
        """How many objects the index `name` keeps under `value`."""
        return self.cache.count_index(name, value)

    def add_index(self, name: str, by: IndexBy) -> None:
        """Keep objects under the values that `by` gives; a name that is taken keeps its first function."""
        self.cache.add_index(name, by)

    def on_change(self, handler: Handler) -> None:
        """Call `handler` for every change from now on, and once for every object that is there already."""
        self._handlers.append(handler)
        if self.synced:
            for obj in self.items():
                _tell(handler, None, obj)

    async def run(self) -> None:
        """List, then watch, until cancelled; every failure is tried again, after a growing pause."""
        await self.show()
        await self.follow()

    async def show(self) -> None:
        """Show what there is: what was taken over, or else what is listed."""
        if self.resuming:
            await self._resume()
        while not self.cache.resource_version:
            await self._try(self._list)

    async def follow(self) -> None:
        """Watch, until cancelled."""
        self._waking = False
        while True:
            await self._try(self._watch if self.cache.resource_version else self._list)

    def wake(self, revision: int) -> None:
        """The first change since what is shown is that of `revision`; `follow` is about to be called."""
        self.cache.resource_version = str(revision - 1)
        self._waking = True

    async def _try(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except StatusError as error:
            await self._recover(error)
        except Exception:
            _log.exception("the watch of %s failed", self.gvr.group_resource)
            self.cache.resource_version = ""
            await self._pause()

    def resume_at_once(self) -> bool:
        """Whether what was taken over is no object at all: it is then shown."""
        if not self.resuming or self.cache.keys():
            return False
        self.resuming = False
        self._set_synced()
        return True

    async def _resume(self) -> None:
        """Tell the handlers of all that was taken over."""
        for number, obj in enumerate(self.items(), start=1):
            for handler in self._handlers:
                _tell(handler, None, obj)
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        self.resuming = False
        self._set_synced()

    def _set_synced(self) -> None:
        self.synced = True
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    async def _recover(self, error: StatusError) -> None:
        if error.code == 410:
            self.cache.resource_version = ""
            return
        _log.info("the watch of %s failed: %s", self.gvr.group_resource, error.message)
        await self._pause()

    async def _pause(self) -> None:
        self._pausing = True
        try:
            await self._clock.sleep(self._backoff.next(""))
        finally:
            self._pausing = False

    async def _list(self) -> None:
        listed = await self._client.list(self.gvr)
        self.cache.resource_version = listed.resource_version
        there = {key_of(obj): obj for obj in listed.items}
        for key in self.cache.keys():  # noqa: SIM118 - a cache is no dictionary
            if key not in there and (last := self.cache.get(key)) is not None:
                self._drop(key, last)
        for key, obj in there.items():
            self._replace(key, obj)
        self._set_synced()

    async def _watch(self) -> None:
        started = self._clock.monotonic()
        told = False
        async for event in self._client.watch(self.gvr, resource_version=self.cache.resource_version):
            if not told:
                told = True
                self._backoff.forget("")
            self._apply(event)
        if not told and self._clock.monotonic() - started < _SHORT_WATCH:
            await self._pause()

    def _apply(self, event: WatchEvent) -> None:
        obj = event.object
        self.cache.resource_version = obj["metadata"]["resourceVersion"]
        if event.type == "DELETED":
            self._drop(key_of(obj), obj)
        elif event.type != "BOOKMARK":
            self._put(key_of(obj), obj)

    def _replace(self, key: str, obj: Object) -> None:
        """Take what a list shows of an object: nothing, a change, or another object under an old name."""
        old = self.cache.get(key)
        if old is not None:
            if old["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"]:
                return
            if old["metadata"].get("uid") != obj["metadata"].get("uid"):
                self._drop(key, old)
        self._put(key, obj)

    def _put(self, key: str, obj: Object) -> None:
        old = self.cache.get(key)
        if self._transform is not None:
            obj = self._transform(obj)
        self.cache.put(key, obj)
        for handler in self._handlers:
            _tell(handler, old, obj)

    def _drop(self, key: str, last: Object) -> None:
        """Forget an object; handlers are told its last state (`last`), as the deletion shows it."""
        if not self.cache.drop(key):
            return
        for handler in self._handlers:
            _tell(handler, last, None)


def _tell(handler: Handler, old: Object | None, new: Object | None) -> None:
    """Call one handler; its failure is its own, and must not stop the others or the watch."""
    try:
        handler(old, new)
    except Exception:
        _log.exception("a handler failed")
