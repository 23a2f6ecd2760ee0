"""From a cluster to its snapshot, and from a snapshot to a cluster that goes on from there.

    data = save(cluster)
    snapshot = load(data)                      # SnapshotError for what is none
    cluster = cluster_of(snapshot)             # Cluster(settings_of(snapshot), state=state_of(snapshot))

A loaded cluster is what the snapshot says: its version, address ranges and nodes come from there. It begins as quietly
as a fork does. A clock that kept real time does so again, as after a pause; any other goes on from where it was.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings, SettingsError
from fauxkube.cluster.state import State, collections_of
from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import VirtualClock
from fauxkube.registry.codec import Indexer
from fauxkube.registry.pools import Pools
from fauxkube.simulation.snapshot import SavedClock, Snapshot, SnapshotError, encode
from fauxkube.simulation.snapshot_reading import decode
from fauxkube.simulation.users import Users
from fauxkube.store.log import NullLog, Recovered
from fauxkube.store.store import Store

#: A clock that differs from the machine's by less than so many seconds keeps real time.
_REAL = 1.0


def save(cluster: Cluster) -> bytes:
    """The cluster as it is now; what is being written is no part of it."""
    state = cluster.state.fork()
    settings = cluster.settings
    return encode(
        Snapshot(
            kubernetes_version=settings.kubernetes_version,
            ranges=settings.ranges,
            nodes=settings.nodes,
            network=settings.network,
            history=settings.history,
            registers=sorted(state.registers or ()),
            seed=settings.seed,
            chance=state.chance.state(),
            clock=_reading(state.clock),
            revision=state.store.revision,
            allocations=state.store.allocations(),
            entries=state.store.page("").entries,
        )
    )


def _reading(clock: VirtualClock) -> SavedClock:
    now = clock.now()
    real = clock.rate == 1 and abs((now - datetime.now(UTC)).total_seconds()) < _REAL
    return SavedClock(now=now, rate=clock.rate, real=real, stamp=clock.stamp())


def load(data: bytes) -> Snapshot:
    """What a file's bytes hold; SnapshotError when that is no snapshot, or no cluster that could be served."""
    snapshot = decode(data, default_catalogue())
    settings_of(snapshot)
    _chance_of(snapshot)
    return snapshot


def cluster_of(snapshot: Snapshot) -> Cluster:
    """A cluster that goes on from the snapshot, not started."""
    return Cluster(settings_of(snapshot), state=state_of(snapshot))


def settings_of(snapshot: Snapshot) -> Settings:
    """The settings of a cluster that goes on from the snapshot, in memory; SnapshotError when they cannot be."""
    clock = snapshot.clock
    try:
        return Settings(
            nodes=snapshot.nodes,
            network=snapshot.network,
            kubernetes_version=snapshot.kubernetes_version,
            ranges=snapshot.ranges,
            seed=snapshot.seed,
            history=snapshot.history,
            clock_start=None if clock.real else clock.now,
            clock_rate=clock.rate,
        )
    except SettingsError as error:
        raise SnapshotError(f"the snapshot's cluster cannot be served: {error}") from None


def state_of(snapshot: Snapshot) -> State:
    """What such a cluster begins with."""
    chance, clock = _chance_of(snapshot), snapshot.clock
    store = Store(NullLog(), index=Indexer(default_catalogue()), history=snapshot.history)
    store.begin_with(Recovered(snapshot.revision, snapshot.revision, snapshot.entries, (), snapshot.allocations))
    pools = Pools(snapshot.ranges, store)
    pools.load()
    return State(
        store=store,
        pools=pools,
        clock=VirtualClock(None if clock.real else clock.now, rate=clock.rate, stamp=clock.stamp),
        chance=chance,
        users=Users(chance.fork().of("users")),
        collections=collections_of(snapshot.objects, snapshot.revision),
        registers=snapshot.registers,
    )


def _chance_of(snapshot: Snapshot) -> Chance:
    try:
        return Chance(snapshot.seed) if snapshot.chance is None else Chance.resumed(snapshot.chance)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"the snapshot is damaged: its seed's state is none ({error})") from None
