"""What the server tells of the cluster: at `/fauxkube/v1` and in its health checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxkube import __version__
from fauxkube.kinds.core.node_network import network_of
from fauxkube.kinds.gvrs import NODES
from fauxkube.machinery.objects import name_of
from fauxkube.server.health import Checks
from fauxkube.server.inspection import Allocated, ClusterInfo, PoolUse

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster


class ClusterInspection:
    """A `server.inspection.Inspection` of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def info(self) -> ClusterInfo:
        cluster = self._cluster
        started = cluster.started_at
        return ClusterInfo(
            fauxkube_version=__version__,
            kubernetes_version=cluster.settings.kubernetes_version,
            cluster_cidr=cluster.settings.ranges.cluster_cidr,
            service_cidr=cluster.settings.ranges.service_cidr,
            nodes=sum(1 for _ in cluster.informers.of(NODES).items()),
            uptime_seconds=0.0 if started is None else cluster.clock.monotonic() - started,
        )

    def pools(self) -> list[PoolUse]:
        self.open_blocks()
        return [self._use(name) for name in sorted(self._cluster.pools.names(), key=_pods_last)]

    def open_blocks(self) -> None:
        """Have a pool for every block that a node gives addresses out of, also where no pod has asked for one yet."""
        for node in self._cluster.informers.of(NODES).items():
            network = network_of(node, self._cluster.settings.network)
            for cidr in network.blocks if network is not None else ():
                self._cluster.pools.of_pods(name_of(node), cidr)

    def _use(self, name: str) -> PoolUse:
        allocator, store = self._cluster.pools[name], self._cluster.store
        held = [each for each in store.allocations(name) if each.owner is not None]
        since = store.moments(each.revision for each in held)
        allocated = [Allocated(each.value, each.owner or "", since.get(each.revision)) for each in held]
        return PoolUse(name, str(allocator.range), allocator.used, allocator.free, allocated, allocator.cooling)

    def checks(self) -> Checks:
        """`etcd` stands for the store, as probes of real API servers name it."""
        return {"etcd": lambda: self._cluster.store.is_open}


def _pods_last(pool: str) -> tuple[bool, str]:
    """The pools of nodes' blocks in the order of their names, the others before them as they are."""
    of_pods = pool.startswith("pods/")
    return of_pods, pool if of_pods else ""
