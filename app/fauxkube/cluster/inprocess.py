"""The client protocol over a registry in the same process: no sockets, no bytes, but every pipeline step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from typing import Any, cast

from fauxkube.client.protocol import Client, Listed, WatchEvent
from fauxkube.kinds.resource import Resource
from fauxkube.kit.turns import Rank, Turns
from fauxkube.machinery import status
from fauxkube.machinery.objects import GVR, Object, copy_of, name_of, namespace_of
from fauxkube.registry.codec import decode
from fauxkube.registry.options import (
    DeleteOptions,
    FieldValidation,
    ListQuery,
    Patch,
    PatchKind,
    WatchQuery,
    WriteOptions,
)
from fauxkube.registry.registry import Registry
from fauxkube.registry.watching import WatchItem


class InProcessClient:
    """A `client.protocol.Client` on a registry."""

    def __init__(
        self,
        registry: Registry,
        user_agent: str = "fauxkube",
        *,
        turns: Turns | None = None,
        rank: Rank = Rank.CONTROL,
        typed: bool = True,
    ) -> None:
        """With `turns`, each write first waits for its turn behind the requests from outside.

        Unless `typed`, objects are what people write: they are read along their schema, and unknown fields refused.
        """
        self._registry = registry
        self._turns = turns
        self._rank = rank
        self._author = user_agent
        self._options = _options_of(user_agent, typed=typed)

    def as_user_agent(self, user_agent: str) -> Client:
        return InProcessClient(
            self._registry, user_agent, turns=self._turns, rank=self._rank, typed=self._options.typed
        )

    async def get(self, gvr: GVR, name: str, namespace: str = "") -> Object:
        return decode(await self._registry.get(self._resource(gvr), namespace, name))

    async def list(
        self, gvr: GVR, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> Listed:
        query = ListQuery(label_selector=label_selector, field_selector=field_selector)
        result = await self._registry.list(self._resource(gvr), namespace, query)
        return Listed([decode(value) for value in result.values], str(result.revision))

    async def watch(self, gvr: GVR, namespace: str = "", *, resource_version: str) -> AsyncIterator[WatchEvent]:
        query = WatchQuery(resource_version=resource_version)
        watch = await self._registry.watch(self._resource(gvr), namespace, query)
        try:
            async for items in watch:
                for item in items:
                    yield WatchEvent(item.type, _object_of(item))
        finally:
            watch.close()

    async def create(
        self, gvr: GVR, obj: Object, *, namespace: str = "", subresource: str = "", name: str = ""
    ) -> Object:
        await self._turn()
        resource = self._resource(gvr)
        namespace = namespace or namespace_of(obj)
        written = await self._registry.create(
            resource, namespace, copy_of(obj), self._options, name=name, subresource=subresource
        )
        return written.object

    async def update(self, gvr: GVR, obj: Object, *, subresource: str = "") -> Object:
        await self._turn()
        written = await self._registry.update(
            self._resource(gvr), namespace_of(obj), name_of(obj), copy_of(obj), self._options, subresource=subresource
        )
        return written.object

    async def patch(
        self,
        gvr: GVR,
        name: str,
        patch: Any,
        *,
        namespace: str = "",
        kind: str = "merge",
        subresource: str = "",
    ) -> Object:
        await self._turn()
        written = await self._registry.patch(
            self._resource(gvr),
            namespace,
            name,
            Patch(cast("PatchKind", kind), patch),
            self._options,
            subresource=subresource,
        )
        return written.object

    async def delete(
        self,
        gvr: GVR,
        name: str,
        *,
        namespace: str = "",
        grace_period_seconds: int | None = None,
        uid: str = "",
        propagation: str = "",
    ) -> None:
        await self._turn()
        options = DeleteOptions(
            grace_period_seconds=grace_period_seconds, uid=uid, propagation_policy=propagation, author=self._author
        )
        await self._registry.delete(self._resource(gvr), namespace, name, options)

    async def delete_collection(self, gvr: GVR, namespace: str = "", *, label_selector: str = "") -> None:
        query, options = ListQuery(label_selector=label_selector), DeleteOptions(author=self._author)
        await self._registry.delete_collection(self._resource(gvr), namespace, query, options)

    async def _turn(self) -> None:
        if self._turns is not None:
            await self._turns.wait(self._rank)

    def _resource(self, gvr: GVR) -> Resource:
        resource = self._registry.catalogue.find(*gvr)
        if resource is None:
            raise status.no_such_path()
        return resource


@cache
def _options_of(user_agent: str, *, typed: bool) -> WriteOptions:
    """How a component writes, which all clusters' share."""
    validation: FieldValidation = "Ignore" if typed else "Strict"
    return WriteOptions(field_manager=user_agent, field_validation=validation, typed=typed, author=user_agent)


def _object_of(item: WatchItem) -> Object:
    """The decoded object, made once for all who watch in process."""
    if item.attachment is None:
        item.attachment = decode(item.value)
    return item.attachment
