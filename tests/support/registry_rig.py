"""A registry over a store in memory: no server, no control loops, time that stands still, chance with a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fauxkube.admission.chain import Chain, Plugin
from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kinds.gvrs import CONFIG_MAPS
from fauxkube.kinds.resource import Resource
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import ManualClock
from fauxkube.machinery.objects import GVR, Object
from fauxkube.machinery.schema import Schemas
from fauxkube.registry.codec import Indexer, decode
from fauxkube.registry.options import Deleted, DeleteOptions, ListQuery, Patch, WriteOptions, Written
from fauxkube.registry.pools import Pools, Ranges
from fauxkube.registry.registry import Registry
from fauxkube.store.log import Log, NullLog
from fauxkube.store.store import Store

#: Schemas are slow to load and never change.
_SCHEMAS = Schemas()


class Rig:
    """The parts, and short ways to use them in the namespace `default`."""

    def __init__(
        self,
        *,
        plugins: Sequence[Plugin] = (),
        ranges: Ranges | None = None,
        chance: Chance | None = None,
        log: Log | None = None,
        history: int = 1_000,
    ) -> None:
        self.catalogue = default_catalogue()
        self.clock = ManualClock()
        self.store = Store(log or NullLog(), index=Indexer(self.catalogue), history=history)
        self.pools = Pools(ranges or Ranges(), self.store)
        self.registry = Registry(
            self.store,
            catalogue=self.catalogue,
            schemas=_SCHEMAS,
            admission=Chain(plugins),
            pools=self.pools,
            clock=self.clock,
            chance=chance or Chance(1),
        )

    async def open(self) -> Rig:
        await self.store.open()
        self.pools.load()
        return self

    def resource(self, gvr: GVR) -> Resource:
        found = self.catalogue.find(*gvr)
        assert found is not None
        return found

    def namespace_of(self, gvr: GVR) -> str:
        return "default" if self.resource(gvr).namespaced else ""

    async def create(self, obj: Object, gvr: GVR = CONFIG_MAPS, **options: Any) -> Object:
        written = await self.registry.create(self.resource(gvr), self.namespace_of(gvr), obj, WriteOptions(**options))
        return written.object

    async def update(self, obj: Object, gvr: GVR = CONFIG_MAPS, *, subresource: str = "", **options: Any) -> Written:
        return await self.registry.update(
            self.resource(gvr),
            self.namespace_of(gvr),
            obj["metadata"]["name"],
            obj,
            WriteOptions(**options),
            subresource=subresource,
        )

    async def patch(self, name: str, content: Any, gvr: GVR = CONFIG_MAPS, *, subresource: str = "") -> Object:
        written = await self.registry.patch(
            self.resource(gvr),
            self.namespace_of(gvr),
            name,
            Patch("merge", content),
            WriteOptions(),
            subresource=subresource,
        )
        return written.object

    async def delete(self, name: str, gvr: GVR = CONFIG_MAPS, **options: Any) -> Deleted:
        return await self.registry.delete(self.resource(gvr), self.namespace_of(gvr), name, DeleteOptions(**options))

    async def get(self, name: str, gvr: GVR = CONFIG_MAPS) -> Object:
        return decode(await self.registry.get(self.resource(gvr), self.namespace_of(gvr), name))

    async def names(self, gvr: GVR = CONFIG_MAPS, **query: Any) -> list[str]:
        result = await self.registry.list(self.resource(gvr), self.namespace_of(gvr), ListQuery(**query))
        return [decode(value)["metadata"]["name"] for value in result.values]

    def held(self, pool: str) -> dict[str, str]:
        """Who holds which value of a pool, by the store; the pool's allocator must agree."""
        held = {each.value: each.owner for each in self.store.allocations(pool) if each.owner is not None}
        allocator = self.pools.find(pool)
        if allocator is not None:
            assert allocator.used == len(held)
            assert all(allocator.owner_of(value) == owner for value, owner in held.items())
        return held
