"""How an ingress controller gets from a request to a pod: which endpoints it may send to, or why to none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fauxkube.network.endpoints import Endpoint, cluster_candidates
from fauxkube.network.hops import Arrival, Backend, End, RuleHit, Way
from fauxkube.network.hosts import Node
from fauxkube.network.ingress import INGRESS, Routed, port_of
from fauxkube.network.places import Place
from fauxkube.network.topology import Topology
from fauxkube.network.walk import Choice, Packet, Walk


@dataclass(frozen=True, slots=True)
class Sent:
    """The endpoints that a request may go to, each as likely as the others; without any the `status` and why."""

    usable: tuple[Endpoint, ...] = ()
    status: int = 200
    problem: str = ""


def sent(topology: Topology, routed: Routed | None, node: Node, *, version: int = 4) -> Sent:
    """Where the controller on that node sends a request."""
    if routed is None:
        return Sent(status=404, problem="no ingress has a rule for it")
    backend = routed.backend
    service = topology.services.by_key.get(backend.service)
    if backend.resource or service is None:
        what = f"{backend.resource} is no service" if backend.resource else f"there is no service {backend.service}"
        return Sent(status=503, problem=what)
    port = port_of(service, backend)
    if port is None:
        return Sent(status=503, problem=f"service {backend.service} has no port {backend.port}")
    endpoints = topology.slices.endpoints(port, version=version)
    usable = cluster_candidates(endpoints, node.name, node.zone).usable
    return Sent(usable) if usable else Sent(status=503, problem=f"{port} has no endpoints")


def ways(topology: Topology, way: Way, host: str, path: str, choice: Choice) -> Iterator[Way]:
    """How a way goes on that has arrived at the controller; any other as it is."""
    last = way.hops[-1]
    if not (isinstance(last, Arrival) and last.answer == INGRESS):
        yield way
        return
    node = topology.nodes.by_name[last.where.removeprefix("node/")]
    routed = topology.ingresses.routes.find(host, path)
    version = 6 if ":" in (node.addresses[0] if node.addresses else "") else 4
    found = sent(topology, routed, node, version=version)
    hops = way.hops[:-1]
    if not found.usable:
        end = End(node.place, "IngressNotRouted", f"{host}{path}: {found.problem}", f"the answer is {found.status}")
        yield Way(way.probability, reached=False, hops=(*hops, end))
        return
    assert routed is not None
    share = 1 / len(found.usable)
    for endpoint in choice.of(found.usable):
        backends = tuple(
            Backend(str(each), each.pod, each.node, share, chosen=each is endpoint) for each in found.usable
        )
        hit = RuleHit(node.place, "ingress", routed.ingress, routed.rule, "", backends, (), ())
        place = Place(node=node, address=node.addresses[0])
        packet = Packet(place.source(endpoint.address), endpoint.address, endpoint.port, "TCP")
        walk = Walk(topology, place, packet, choice, (*hops, hit), way.probability * share)
        yield from walk.ways()
