"""What a cluster consists of, apart from what works on it: a fork of it is where another cluster begins.

Forking copies tables of references and no objects: stored bytes and decoded objects are shared until they change. What
control loops keep in mind is no part of it; they find it out again from what the cluster says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fauxkube.client.cache import Cache
from fauxkube.client.informer import Transform
from fauxkube.cluster.settings import Settings
from fauxkube.controllers.eventttl import timing
from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kinds.gvrs import EVENTS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import VirtualClock
from fauxkube.machinery.objects import GVR, Object, key_of
from fauxkube.registry.codec import Indexer
from fauxkube.registry.pools import Pools
from fauxkube.simulation.users import Users
from fauxkube.store.log import Log
from fauxkube.store.store import Store

#: What is kept decoded of which objects, where that is not all.
TRANSFORMS: Mapping[GVR, Transform] = {EVENTS: timing}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The store and the pools that follow it, time and chance, users, and decoded what informers have listed.

    `faults` is the memory of those that there are, if any. `registers` names the nodes that are still to be made (None:
    all that the settings count).
    """

    store: Store
    pools: Pools
    clock: VirtualClock
    chance: Chance
    users: Users
    collections: Mapping[GVR, Cache] = field(default_factory=dict)
    faults: Object | None = None
    registers: Iterable[str] | None = None

    def fork(self, *, after: int = 0) -> State:
        """The same state, which goes its own way from here; its revisions come after `after`, if that is given."""
        store = self.store.fork(after=after)
        return State(
            store=store,
            pools=self.pools.fork(store),
            clock=self.clock.fork(),
            chance=self.chance.fork(),
            users=self.users.fork(),
            collections={gvr: self._taken_on(cache, store.revision) for gvr, cache in self.collections.items()},
            faults=self.faults,
            registers=self.registers,
        )

    def _taken_on(self, cache: Cache, revision: int) -> Cache:
        """A fork of what is as new as the store is so at the fork's revision; anything else lags behind it."""
        other = cache.fork()
        if other.resource_version == str(self.store.revision):
            other.resource_version = str(revision)
        return other


def new_state(settings: Settings, log: Log, *, clock: VirtualClock | None, chance: Chance | None) -> State:
    """The state of a cluster that was never started; what `log` keeps is read once its store is opened."""
    store = Store(log, index=Indexer(default_catalogue()), history=settings.history)
    chance = chance or Chance(settings.seed)
    return State(
        store=store,
        pools=Pools(settings.ranges, store),
        clock=clock or VirtualClock(settings.clock_start, rate=settings.clock_rate),
        chance=chance,
        users=Users(chance.of("users")),
    )


def collections_of(objects: Iterable[Object], revision: int) -> dict[GVR, Cache]:
    """What informers would show that had listed these objects, all there are, at that revision."""
    catalogue = default_catalogue()
    caches: dict[GVR, Cache] = {}
    for resource in catalogue.resources:
        if resource.conversion is None:
            caches[resource.gvr] = cache = Cache()
            cache.resource_version = str(revision)
    for obj in objects:
        listed = catalogue.of_object(obj)
        if listed is not None:
            transform = TRANSFORMS.get(listed.gvr)
            caches[listed.gvr].put(key_of(obj), transform(obj) if transform else obj)
    return caches
