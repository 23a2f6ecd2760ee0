"""What the server tells of the cluster: at `/fauxkube/v1` and in its health checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxkube import __version__
from fauxkube.kinds.gvrs import NODES
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
        return [self._use(name) for name in self._cluster.pools.names()]

    def _use(self, name: str) -> PoolUse:
        allocator = self._cluster.pools[name]
        held = [
            Allocated(each.value, each.owner)
            for each in self._cluster.store.allocations(name)
            if each.owner is not None
        ]
        return PoolUse(name, str(allocator.range), allocator.used, allocator.free, held)

    def checks(self) -> Checks:
        """`etcd` stands for the store, as probes of real API servers name it."""
        return {"etcd": lambda: self._cluster.store.is_open}
