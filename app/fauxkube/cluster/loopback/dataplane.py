"""A cluster's network on loopback: who is reached by the network's model, and what is listened for.

It belongs to a cluster of a server, from its start to its end; a reset of the cluster closes every socket and opens
those of the new one. Nothing of it is imported, and nothing opened, unless the cluster's settings ask for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import orjson

from fauxkube.kinds.gvrs import ENDPOINT_SLICES, INGRESS_CLASSES, INGRESSES, NODES, PODS, SECRETS, SERVICES
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object

if TYPE_CHECKING:
    from ssl import SSLContext

    from fauxkube.cluster.cluster import Cluster
    from fauxkube.dataplane.bindings import Binding
    from fauxkube.dataplane.claims import Claim
    from fauxkube.dataplane.dataplane import Dataplane
    from fauxkube.dataplane.reached import Reached
    from fauxkube.network.dial import Dialled
    from fauxkube.network.places import Place
    from fauxkube.network.topology import Topology

_COMPONENT = "fauxkube-dataplane"
_log = logging.getLogger("fauxkube.dataplane")


class ClusterDataplane:
    """The data plane of one cluster of a server: `serve` has it serve that cluster and no other.

    It does so if the cluster's settings ask for it, or those of the whole server (`always`).
    """

    def __init__(self, *, always: bool = False) -> None:
        self._always = always
        self._claim: Claim | None = None
        self._serving: Dataplane | None = None
        self._changing = asyncio.Lock()

    async def serve(self, cluster: Cluster) -> None:
        """Serve this cluster if it is to be, in the place of the one before."""
        async with self._changing:
            await self._stop()
            if self._always or cluster.settings.dataplane:
                self._serving = await self._started(cluster)

    async def close(self) -> None:
        """Close every socket; harmless when called again."""
        async with self._changing:
            await self._stop()
            if self._claim is not None:
                self._claim.close()
                self._claim = None

    async def settled(self) -> None:
        """Return once what the cluster's informers show is listened for."""
        if self._serving is not None:
            await self._serving.settled()

    async def described(self) -> Object:
        """What stands for what, and where each binding is served."""
        if self._serving is None:
            return {"enabled": False, "nodes": [], "listeners": []}
        await self.settled()
        listeners = [
            orjson.loads(orjson.dumps(each.binding)) | {"at": each.at, "problem": each.problem}
            for each in self._serving.listed()
        ]
        nodes = orjson.loads(orjson.dumps(self._serving.nodes()))
        return {"enabled": True, "nodes": nodes, "listeners": listeners}

    async def _started(self, cluster: Cluster) -> Dataplane:
        from fauxkube.dataplane.claims import CLUSTERS, claim
        from fauxkube.dataplane.dataplane import Dataplane

        if self._claim is None:
            self._claim = claim()
        if self._claim is None:
            raise status.forbidden("clusters", "", f"only {CLUSTERS} clusters of a machine have loopback addresses")
        cluster.informers.of(SECRETS)
        await cluster.network.topology()
        await cluster.informers.start()
        dataplane = Dataplane(self._claim.number, ClusterBackends(cluster))
        informers = cluster.informers
        informers.of(NODES).on_change(dataplane.node_changed)
        informers.of(SERVICES).on_change(dataplane.service_changed)
        informers.of(ENDPOINT_SLICES).on_change(dataplane.slice_changed)
        informers.of(PODS).on_change(dataplane.pod_changed)
        informers.of(INGRESSES).on_change(dataplane.ingresses_changed)
        informers.of(INGRESS_CLASSES).on_change(dataplane.ingresses_changed)
        dataplane.start()
        return dataplane

    async def _stop(self) -> None:
        if self._serving is not None:
            await self._serving.close()
            self._serving = None


class ClusterBackends:
    """Whom the clients of a cluster's data plane get to (`dataplane.Backends`)."""

    def __init__(self, cluster: Cluster) -> None:
        from fauxkube.cluster.loopback.ingress import ClusterIngress

        self._cluster = cluster
        self._recorder = cluster.recorder(_COMPONENT)
        self._ingress = ClusterIngress(cluster)

    def topology(self) -> Topology:
        """The network at this moment."""
        return self._cluster.network.now()

    def dial(self, binding: Binding, client: str) -> Reached:
        """Whom that client gets to; who asks for a cluster IP, which leads nowhere from outside, as if from a node."""
        from fauxkube.dataplane.bindings import INGRESS
        from fauxkube.dataplane.reached import Reached
        from fauxkube.network.dial import dial
        from fauxkube.network.local_ports import LocalPort

        if binding.entry == INGRESS:
            return Reached(self._ingress.answer(binding, client), client)
        topology = self.topology()
        sender = _sender(topology, binding, client)
        choice = self._cluster.network.choice()
        dialled = dial(topology, sender, binding.address, binding.port, protocol=binding.protocol, choice=choice)
        if dialled.end is not None:
            return Reached(refused=dialled.refused)
        if not dialled.pod:
            return Reached(_node_answer(topology, dialled), dialled.source, refused=True)
        pod = topology.pods.by_key[dialled.pod].object
        try:
            taker = self._cluster.workloads.serving.at(pod, dialled.port, protocol=binding.protocol)
        except ConnectionRefusedError:
            return Reached(refused=True)
        assert isinstance(taker, LocalPort) or callable(taker)
        return Reached(taker, dialled.source, dialled.pod)

    def context(self, binding: Binding) -> SSLContext | None:
        """What the ingress controller speaks TLS with."""
        from fauxkube.dataplane.bindings import INGRESS

        return self._ingress.context if binding.entry == INGRESS and binding.port == 443 else None

    def tell(self, binding: Binding, problem: str) -> None:
        """Say on the object that its port is served elsewhere, or not at all."""
        kind, _, key = binding.owner.partition("/")
        if not key:
            _log.warning("%s %d of %s: %s", binding.entry, binding.port, binding.node, problem)
            return
        found = self._cluster.informers.of(PODS if kind == "pod" else SERVICES).get(key)
        if found is not None:
            message = f"{binding.entry} {binding.port}/{binding.protocol}: {problem}"
            self._recorder.event(found, "Warning", "LoopbackPortUnavailable", message)


def _sender(topology: Topology, binding: Binding, client: str) -> Place:
    from fauxkube.network.places import Place
    from fauxkube.network.proxy import Entry

    if ":" in binding.address:
        # Loopback is IPv4's here: as IPv6 writes such addresses (RFC 4291, 2.5.5.2).
        client = str(IPv6Address(f"::ffff:{client}"))
    if binding.entry != Entry.CLUSTER_IP:
        return Place(address=client)
    node = next((node for node in topology.nodes if node.is_up and node.addresses), None)
    return Place(node=node, address=node.addresses[0]) if node is not None else Place(address=client)


def _node_answer(topology: Topology, dialled: Dialled) -> Callable[[HttpRequest], HttpResponse] | None:
    """What a node itself answers at a port: the health check of a service."""
    service = topology.services.rules.health_checks.get(dialled.port)
    node = topology.nodes.by_name.get(dialled.node)
    if service is None or node is None:
        return None
    from fauxkube.network.listening import health_at

    code, body = health_at(topology, service, node)
    headers = (("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff"))
    weight = ("X-Load-Balancing-Endpoint-Weight", str(body["localEndpoints"]))
    answer = HttpResponse(code, orjson.dumps(body) + b"\n", (*headers, weight))
    return lambda _: answer
