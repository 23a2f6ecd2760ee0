"""A cluster's network as it is: the topology out of what the informers show, for traces and checks.

Each part of it is made anew only when its kind has changed since. The model is imported, and what no control loop needs
is watched, once somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import orjson

from fauxkube.client.informer import Informer
from fauxkube.cluster.time import NotRunningError
from fauxkube.kinds.gvrs import ENDPOINT_SLICES, NAMESPACES, NETWORK_POLICIES, NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object, name_of
from fauxkube.nodes.node_faults import NodeFaults
from fauxkube.nodes.node_sync import is_simulated
from fauxkube.nodes.settings import NodeSettings

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster
    from fauxkube.kit.chance import Chance
    from fauxkube.network.affinity import Affinities
    from fauxkube.network.topology import Topology

#: By the names of the topology's parts.
_PARTS = {
    "nodes": NODES,
    "pods": PODS,
    "services": SERVICES,
    "slices": ENDPOINT_SLICES,
    "policies": NETWORK_POLICIES,
    "namespaces": NAMESPACES,
}


class ClusterNetwork:
    """The network of one cluster; what is answered is plain data."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._informers: dict[str, Informer] = {}
        #: The parts, each with the revision that it was made at.
        self._made: dict[str, tuple[int, Any]] = {}
        self._faults = NodeFaults(cluster.faults, cluster.informers.of(NODES))
        #: Which simulated machines ran when the nodes were made into a part.
        self._known: dict[str, bool] = {}

    async def trace(
        self, sender: str, target: str, *, namespace: str, protocol: str, port: str, every: bool = False
    ) -> Object:
        """What becomes of a packet; TraceError when the question cannot be understood."""
        from fauxkube.network.choice import ByChance, Every
        from fauxkube.network.trace import trace

        now = self._cluster.clock.monotonic()
        choice = Every() if every else ByChance(self._chance, self._affinities, now=now)
        topology = await self.topology()
        return _plain(trace(topology, sender, target, choice=choice, namespace=namespace, protocol=protocol, port=port))

    async def check(self) -> Object:
        """What Kubernetes requires of a network, proved or refuted."""
        from fauxkube.network.check import check

        return _plain(check(await self.topology()))

    async def topology(self) -> Topology:
        """The network at this moment."""
        from fauxkube.network import topology

        await self._follow()
        machines = self._machines()
        makers: dict[str, Callable[[Iterable[Object]], Any]] = {
            "nodes": partial(topology.Nodes, machines=machines),
            "pods": partial(topology.Pods, before=self._before("pods")),
            "services": topology.Services,
            "slices": topology.Slices,
            "policies": topology.Policies,
            "namespaces": topology.Namespaces,
        }
        if machines != self._known:
            self._known = machines
            self._made.pop("nodes", None)
        parts = {name: self._part(name, make) for name, make in makers.items()}
        given = self._cluster.settings.ranges
        ranges = topology.Ranges(given.cluster_cidr, given.service_cidr, NodeSettings().network)
        return topology.Topology(**parts, ranges=ranges)

    async def _follow(self) -> None:
        """Have an informer for each part; the first to ask waits for those that are new."""
        if not self._cluster.store.is_open:
            raise NotRunningError("the cluster is not running")
        if not self._informers:
            informers = self._cluster.informers
            followed = {name: informers.of(gvr) for name, gvr in _PARTS.items()}
            await informers.start()
            self._informers = followed

    def _machines(self) -> dict[str, bool]:
        """Which simulated machines run: those that no fault has switched off, whatever is known of their kubelets."""
        nodes = (name_of(node) for node in self._informers["nodes"].items() if is_simulated(node))
        return {name: not self._faults.down(name) for name in nodes}

    def _before(self, name: str) -> Any:
        """The part as it was made last; None when it was not."""
        _, part = self._made.get(name, (0, None))
        return part

    def _part(self, name: str, make: Callable[[Iterable[Object]], Any]) -> Any:
        informer = self._informers[name]
        part = self._before(name)
        if part is None or self._made[name][0] != informer.revision:
            part = make(informer.items())
            self._made[name] = informer.revision, part
        return part

    @cached_property
    def _chance(self) -> Chance:
        return self._cluster.chance.of("network")

    @cached_property
    def _affinities(self) -> Affinities:
        from fauxkube.network.affinity import Affinities

        return Affinities()


def _plain(found: object) -> Object:
    plain: Object = orjson.loads(orjson.dumps(found))
    return plain
