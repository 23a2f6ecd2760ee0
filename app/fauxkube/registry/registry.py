"""The registry: every verb on every resource, as one object that the server and the in-process client share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from fauxkube.admission.chain import Chain
from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.gvrs import BINDINGS, PODS
from fauxkube.kinds.resource import Resource
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema import Schemas
from fauxkube.registry.allocation import Allocations
from fauxkube.registry.codec import decode, shown
from fauxkube.registry.decoding import Decoder
from fauxkube.registry.deleting import Deleter
from fauxkube.registry.evicting import Evictor
from fauxkube.registry.options import (
    Deleted,
    DeleteOptions,
    ListQuery,
    ListResult,
    Patch,
    WatchQuery,
    WriteOptions,
    Written,
)
from fauxkube.registry.patching import Patcher
from fauxkube.registry.pools import Pools
from fauxkube.registry.reading import Reader
from fauxkube.registry.subresources import Subresources
from fauxkube.registry.watching import Watch, Watcher
from fauxkube.registry.writing import Target, Writer
from fauxkube.store.model import Change, StoreError
from fauxkube.store.store import Store
from fauxkube.store.subscription import Bell

#: How many of a collection are deleted side by side, so that they share the store's commits.
_DELETED_TOGETHER = 64


class Registry:
    """The pipelines over one store. Bodies handed in become the registry's own; all failures are `StatusError`."""

    def __init__(
        self,
        store: Store,
        *,
        catalogue: Catalogue,
        schemas: Schemas,
        admission: Chain,
        pools: Pools,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self.catalogue = catalogue
        self.schemas = schemas
        self._store = store
        self._prefixes = {resource.prefix for resource in catalogue.resources}
        catalogue.on_change(self._end_watches)
        allocations = Allocations(pools, store)
        decoder = Decoder(schemas)
        self._reader = Reader(store)
        self._watcher = Watcher(store)
        self._writer = Writer(
            store, decoder=decoder, admission=admission, allocations=allocations, clock=clock, chance=chance
        )
        self._deleter = Deleter(store, admission=admission, allocations=allocations, clock=clock)
        self._patcher = Patcher(self._writer, decoder)
        evictor = Evictor(self._reader, self._writer, self._deleter, catalogue=catalogue, clock=clock)
        self._subresources = Subresources(self._writer, evictor, patcher=self._patcher, decoder=decoder, clock=clock)

    def _end_watches(self) -> None:
        """End the watches of what is served no longer."""
        before, self._prefixes = self._prefixes, {resource.prefix for resource in self.catalogue.resources}
        for prefix in before - self._prefixes:
            self._store.finish(prefix)

    @property
    def revision(self) -> int:
        """The newest revision."""
        return self._store.revision

    async def get(
        self, resource: Resource, namespace: str, name: str, *, resource_version: str = "", subresource: str = ""
    ) -> bytes:
        """One object's bytes, or those of a subresource's view of it."""
        entry = self._reader.get(resource, namespace, name, resource_version=resource_version)
        if subresource in ("", "status") or subresource in resource.subresource_strategies:
            return shown(resource, entry.value)
        return self._subresources.view(resource, subresource, entry)

    async def at(self, resource: Resource, namespace: str, name: str, revision: int) -> bytes:
        """One object's bytes as they were at a revision; 404 when it was not there, 410 once that is compacted."""
        return shown(resource, self._reader.at(resource, namespace, name, revision).value)

    def changes(self, resource: Resource, namespace: str, name: str) -> Sequence[Change]:
        """Every change of one object that is still held, the oldest first, through deletions and new creations."""
        return self._store.changes(resource.key(namespace, name))

    async def list(self, resource: Resource, namespace: str, query: ListQuery) -> ListResult:
        """A collection, or a page of it."""
        return _as_shown(resource, self._reader.list(resource, namespace, query))

    def past(self, resource: Resource, *, changes: int, moment: datetime | None = None) -> int:
        """The revision before the newest `changes` to the resource's objects, or at `moment` if that is given."""
        if moment is not None:
            return self._store.revision_at(moment)
        return self._store.revision_before(resource.prefix, changes)

    async def watch(self, resource: Resource, namespace: str, query: WatchQuery) -> Watch:
        """An open watch; the caller closes it."""
        with _store_errors():
            return self._watcher.open(resource, namespace, query)

    def bell(self, resource: Resource, ring: Callable[[int], None], *, after: int) -> Bell | None:
        """Have `ring` called once, with the revision of the collection's first change after `after`.

        None when there has been one, or when it is not known any more whether there has.
        """
        return self._store.bell(resource.prefix, ring, after=after)

    async def create(
        self,
        resource: Resource,
        namespace: str,
        body: Object,
        options: WriteOptions,
        *,
        name: str = "",
        subresource: str = "",
    ) -> Written:
        """Create an object, or act through a subresource of the object called `name`."""
        with _store_errors():
            if resource.gvr == BINDINGS:
                return await self._subresources.create(self._bound(namespace, body), body, options)
            if subresource:
                return await self._subresources.create(Target(resource, namespace, name, subresource), body, options)
            return _present(resource, await self._writer.create(resource, namespace, body, options))

    def _bound(self, namespace: str, binding: Object) -> Target:
        """The pod that a Binding posted by itself is about; 400 when it names none."""
        pods, metadata = self.catalogue.find(*PODS), binding.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if pods is None or not isinstance(name, str) or not name:
            raise status.bad_request("Name parameter required.")
        return Target(pods, namespace, name, "binding")

    async def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Object,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Written:
        """Replace an object, its status, or what another subresource shows of it."""
        target = Target(resource, namespace, name, subresource)
        with _store_errors():
            if subresource in ("", "status"):
                return _present(resource, await self._writer.update(target, body, options))
            return await self._subresources.update(target, body, options)

    async def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Patch,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Written:
        """Change an object, its status, or what another subresource shows of it, by a patch."""
        target = Target(resource, namespace, name, subresource)
        with _store_errors():
            if subresource in ("", "status"):
                return _present(resource, await self._patcher.patch(target, patch, options))
            return await self._subresources.patch(target, patch, options)

    async def delete(self, resource: Resource, namespace: str, name: str, options: DeleteOptions) -> Deleted:
        """Delete an object, or have it begin to terminate."""
        with _store_errors():
            deleted = await self._deleter.delete(resource, namespace, name, options)
        return deleted._replace(value=shown(resource, deleted.value)) if resource.conversion else deleted

    async def delete_collection(
        self, resource: Resource, namespace: str, query: ListQuery, options: DeleteOptions
    ) -> ListResult:
        """Delete what `query` selects; answers the objects as they were before."""
        result = self._reader.list(resource, namespace, query)
        for batch in _batches(result.values):
            await asyncio.gather(*(self._delete_listed(resource, value, options) for value in batch))
        return _as_shown(resource, result)

    async def _delete_listed(self, resource: Resource, value: bytes, options: DeleteOptions) -> None:
        metadata = decode(value)["metadata"]
        try:
            await self.delete(resource, metadata.get("namespace", ""), metadata["name"], options)
        except status.StatusError as error:
            if error.code != 404:
                raise


def _present(resource: Resource, written: Written) -> Written:
    """What was written, in the form of the version that the client speaks."""
    if resource.conversion is None:
        return written
    value = shown(resource, written.value)
    return written._replace(value=value, object=decode(value))


def _as_shown(resource: Resource, result: ListResult) -> ListResult:
    if resource.conversion is None:
        return result
    return result._replace(values=[shown(resource, value) for value in result.values])


def _batches(values: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(values), _DELETED_TOGETHER):
        yield values[start : start + _DELETED_TOGETHER]


@contextmanager
def _store_errors() -> Iterator[None]:
    """Answer 503 when the store is closed or cannot keep what is written."""
    try:
        yield
    except StoreError as error:
        raise status.unavailable(f"the store does not answer: {error}") from error
