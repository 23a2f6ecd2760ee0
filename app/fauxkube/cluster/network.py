"""A cluster's network as it is: the topology out of what the informers show, for traces and checks.

What has changed since somebody asked last is taken in object by object when somebody asks again. The model is imported,
and what no control loop needs is watched, once somebody asks.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

import orjson

from fauxkube.cluster.time import NotRunningError
from fauxkube.ipam.families import cidrs_of
from fauxkube.kinds.gvrs import (
    ENDPOINT_SLICES,
    INGRESS_CLASSES,
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    NODES,
    PODS,
    SECRETS,
    SERVICES,
)
from fauxkube.machinery.objects import Object, key_of
from fauxkube.nodes.addresses import NETWORKS
from fauxkube.nodes.node_faults import NodeFaults
from fauxkube.nodes.node_sync import is_simulated

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster
    from fauxkube.kit.chance import Chance
    from fauxkube.network.affinity import Affinities
    from fauxkube.network.dial import Dialled
    from fauxkube.network.places import Place
    from fauxkube.network.topology import Part, Topology
    from fauxkube.network.walk import Choice

#: By the names of the topology's parts.
_PARTS = {
    "nodes": NODES,
    "pods": PODS,
    "services": SERVICES,
    "slices": ENDPOINT_SLICES,
    "policies": NETWORK_POLICIES,
    "namespaces": NAMESPACES,
    "ingresses": INGRESSES,
}


class ClusterNetwork:
    """The network of one cluster; what is answered is plain data."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._faults = NodeFaults(cluster.faults, cluster.informers.of(NODES))
        self._topology: Topology | None = None
        #: The revision at which the topology last took something in.
        self.changed_at = 0
        #: By the topology's parts: what has changed since it was looked at, None for what is gone.
        self._changed: dict[str, dict[str, Object | None]] = {name: {} for name in _PARTS}
        #: The nodes whose machines may have been switched on or off since.
        self._disturbed: set[str] = set()

    async def trace(
        self, sender: str, target: str, *, namespace: str, protocol: str, port: str, every: bool = False
    ) -> Object:
        """What becomes of a packet; TraceError when the question cannot be understood."""
        from fauxkube.network.choice import Every
        from fauxkube.network.trace import trace

        choice = Every() if every else self.choice()
        topology = await self.topology()
        return _plain(trace(topology, sender, target, choice=choice, namespace=namespace, protocol=protocol, port=port))

    async def dial(self, address: str, port: int, *, protocol: str = "TCP", sender: Place | None = None) -> Dialled:
        """Who takes a connection from `sender`, or from the control plane if nobody is given."""
        from fauxkube.network.dial import control_plane, dial

        topology = await self.topology()
        place = sender or control_plane(topology)
        return dial(topology, place, address, port, protocol=protocol, choice=self.choice())

    def choice(self) -> Choice:
        """What picks among backends: by chance, and clients stay with theirs where they are to."""
        from fauxkube.network.choice import ByChance

        return ByChance(self.chance, self._affinities, now=self._cluster.clock.monotonic())

    async def check(self) -> Object:
        """What Kubernetes requires of a network, proved or refuted."""
        from fauxkube.network.check import check

        return _plain(check(await self.topology()))

    async def doctor(self, *, namespace: str = "") -> Object:
        """What is wrong with the network of the cluster, or of a namespace."""
        from fauxkube.network.doctor import Surroundings, examine
        from fauxkube.network.doctor.surroundings import Level

        client = self._cluster.client
        ingresses, classes, secrets = [await client.list(gvr) for gvr in (INGRESSES, INGRESS_CLASSES, SECRETS)]
        pools = self._cluster.inspection.pools()
        levels = [Level(each.name, each.range, each.used, each.used + each.free) for each in pools]
        around = Surroundings(ingresses.items, classes.items, frozenset(map(key_of, secrets.items)), levels)
        return _plain(examine(await self.topology(), around, namespace=namespace))

    async def topology(self) -> Topology:
        """The network at this moment, to be read before control is given up again."""
        if not self._cluster.store.is_open:
            raise NotRunningError("the cluster is not running")
        if self._topology is None:
            await self._follow()
        return self.now()

    def now(self) -> Topology:
        """The same at once, for those who have waited for `topology` before."""
        assert self._topology is not None
        self._catch_up(self._topology)
        return self._topology

    async def _follow(self) -> None:
        """Have an informer for each part, which tells of what is there and of every change."""
        from fauxkube.network import topology

        informers = self._cluster.informers
        followed = {name: informers.of(gvr) for name, gvr in _PARTS.items()}
        classes = informers.of(INGRESS_CLASSES)
        await informers.start()
        if self._topology is not None:
            return
        given = self._cluster.settings.ranges
        networks = tuple(NETWORKS[family] for family in given.families)
        ranges = topology.Ranges(cidrs_of(given.cluster_cidr), cidrs_of(given.service_cidr), networks)
        self._topology = topology.Topology(topology.Nodes(network=self._cluster.settings.network), ranges=ranges)
        for name, informer in followed.items():
            informer.on_change(partial(_note, self._changed[name]))
        classes.on_change(partial(_note, self._changed["ingresses"]))
        self._faults.on_change(self._disturbed.add)

    def _catch_up(self, topology: Topology) -> None:
        """Take in what has changed."""
        if self._disturbed or any(self._changed.values()):
            self.changed_at = self._cluster.store.revision
        self._disturbed.update(self._changed["nodes"])
        for name, changed in self._changed.items():
            part: Part = getattr(topology, name)
            for key, obj in changed.items():
                if obj is None:
                    part.drop(key)
                else:
                    part.put(key, obj)
            changed.clear()
        for name in self._disturbed:
            topology.nodes.switch(name, is_on=self._is_on(name))
        self._disturbed.clear()

    def _is_on(self, name: str) -> bool | None:
        """Whether a simulated machine runs: no fault has switched it off, whatever is known of its kubelet."""
        node = self._cluster.informers.of(NODES).get(name)
        return not self._faults.down(name) if node is not None and is_simulated(node) else None

    @cached_property
    def chance(self) -> Chance:
        """What chooses among backends."""
        return self._cluster.chance.of("network")

    @cached_property
    def dns_chance(self) -> Chance:
        """What orders the addresses of a name; so that no query changes what is chosen elsewhere."""
        return self._cluster.chance.of("dns")

    @cached_property
    def _affinities(self) -> Affinities:
        from fauxkube.network.affinity import Affinities

        return Affinities()


def _note(changed: dict[str, Object | None], old: Object | None, new: Object | None) -> None:
    """What became of an object; of one in the place of another the end of the other comes first."""
    changed[key_of(new or old or {})] = new


def _plain(found: object) -> Object:
    plain: Object = orjson.loads(orjson.dumps(found))
    return plain
