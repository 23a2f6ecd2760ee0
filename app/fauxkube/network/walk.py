"""A packet's way through the cluster once its destination is an address: rules, translation, policies, routes, arrival.

Each step adds hops and hands over to the next; a choice among backends makes a way for each that is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from fauxkube.network import cluster_dns, diagnosis
from fauxkube.network.dns_access import denied_by
from fauxkube.network.endpoints import Endpoint, socket_address
from fauxkube.network.hops import Arrival, Backend, End, Excluded, Hop, Leg, PolicyCheck, RuleHit, Translation, Way
from fauxkube.network.hosts import Node, Pod
from fauxkube.network.listening import at_node, at_pod
from fauxkube.network.places import Place
from fauxkube.network.policy import Direction, Peer, judge
from fauxkube.network.proxy import LOCAL, Decision, Entry, Rule, ServicePort, Source, Verdict, decide
from fauxkube.network.routes import BEHIND_A_BRIDGE, OUT, Route, is_near_nodes, node_problem, route
from fauxkube.network.topology import Topology

T = TypeVar("T")

#: Of how many services a packet may be: endpoints given by hand can lead from one to the next, and back.
_MOST_RULES = 4
#: The label of nodes that load balancers leave out (KEP-1143).
_NOT_BALANCED = "node.kubernetes.io/exclude-from-external-load-balancers"


class Choice(Protocol):
    """How one of several is picked."""

    def of(self, options: Sequence[T]) -> Sequence[T]:
        """Those that are looked at: one by chance, or all."""

    def kept(self, node: str, port: ServicePort, client: str, usable: Sequence[Endpoint]) -> Endpoint | None:
        """The backend that a client stays with, if it does."""

    def note(self, node: str, port: ServicePort, client: str, backend: Endpoint) -> None:
        """The client was sent to this backend."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What is sent: the first packet of a connection, or a datagram."""

    source: str
    target: str
    port: int
    protocol: str

    @property
    def version(self) -> int:
        """Of IP."""
        return 6 if ":" in self.target else 4

    def to(self, endpoint: Endpoint) -> Packet:
        """The packet, sent to an endpoint instead."""
        return replace(self, target=endpoint.address, port=endpoint.port)

    def __str__(self) -> str:
        return socket_address(self.target, self.port)


@dataclass(frozen=True, slots=True)
class Walk:
    """A packet on its way; what comes of the next step is another walk."""

    topology: Topology
    sender: Place
    packet: Packet
    choice: Choice
    hops: tuple[Hop, ...] = ()
    probability: float = 1.0
    #: Whether the sender's policies have let it out.
    is_out: bool = False
    #: Why the source is to be translated on the last node's way out; empty when it is not.
    masquerade: str = ""
    #: The keys of the pods that it is meant for; empty when any will do that has the address.
    meant: tuple[str, ...] = ()

    def ways(self) -> Iterator[Way]:
        """Every way that is looked at, from here on."""
        if (problem := diagnosis.cannot_send(self.sender, self.packet.target)) is not None:
            yield self.lost(problem)
        elif self.sender.node is not None:
            yield from self._at_node(self.sender.node)
        else:
            yield from self._from_outside()

    def told(self, *hops: Hop) -> Walk:
        """The walk after these hops."""
        return replace(self, hops=(*self.hops, *hops))

    def lost(self, end: End) -> Way:
        """The way that ends here."""
        return Way(self.probability, reached=False, hops=(*self.hops, end))

    # Into the cluster

    def _from_outside(self) -> Iterator[Way]:
        packet, nodes = self.packet, self.topology.nodes
        if (node := nodes.by_address.get(packet.target)) is not None:
            yield from self._onto(node, "outside")
            return
        rules = self.topology.services.rules.at_address(packet.target)
        entries = {rule.entry for rule in rules}
        if not entries & {Entry.LOAD_BALANCER, Entry.EXTERNAL_IP}:
            yield self.lost(diagnosis.unreachable_from_outside(self.topology, packet.target, str(self.sender)))
            return
        receivers = self._receivers(rules)
        if not receivers:
            yield self.lost(diagnosis.no_receiver(rules[0]))
        for receiver in self.choice.of(receivers):
            walk = replace(self, probability=self.probability / len(receivers))
            yield from walk._onto(receiver, str(rules[0].entry))

    def _receivers(self, rules: Sequence[Rule]) -> list[Node]:
        """The nodes that a load balancer sends to: those that are up, and pass the service's health check."""
        nodes = [node for node in self.topology.nodes if node.is_up and _NOT_BALANCED not in node.labels]
        rule = next((each for each in rules if each.port.number == self.packet.port), rules[0])
        if rule.policy != LOCAL:
            return nodes
        endpoints = self.topology.slices.endpoints(rule.port, version=self.packet.version)
        holding = {each.node for each in endpoints if each.ready}
        return [node for node in nodes if node.name in holding]

    def _onto(self, node: Node, via: str) -> Iterator[Way]:
        walk = self.told(Leg(str(self.sender), node.place, via))
        if problem := node_problem(node):
            yield walk.lost(diagnosis.node_down(node, problem))
        else:
            yield from walk._at_node(node)

    # On a node

    def _at_node(self, node: Node) -> Iterator[Way]:
        """The node's rules for the packet, else its way on from there."""
        packet, rules = self.packet, self.topology.services.rules
        if sum(isinstance(hop, RuleHit) for hop in self.hops) == _MOST_RULES:
            yield self.lost(diagnosis.in_circles(node))
            return
        rule = rules.at(packet.target, packet.protocol, packet.port)
        if rule is None and packet.target in node.addresses:
            rule = rules.at_node_port(packet.protocol, packet.port, like=packet.target)
        if rule is not None:
            yield from self._by_rule(rule, node)
        elif others := rules.at_address(packet.target):
            yield self.lost(diagnosis.no_such_port(self.topology, others, packet.protocol, packet.port, node))
        elif cluster_dns.answers_at(self.topology, packet.target, packet.protocol, packet.port):
            yield self._to_dns()
        else:
            yield from self._forward(node)

    def _to_dns(self) -> Way:
        """The cluster's DNS, where it runs nowhere but is taken to be: it is a pod's to the sender's policies."""
        packet, pod = self.packet, self.sender.pod
        if pod is not None and (policies := denied_by(self.topology, pod)):
            end = diagnosis.policy_denies(pod, Direction.EGRESS, policies, str(packet), packet.source)
            return self.lost(end)
        return self._arrived(Arrival("DNS", str(packet), packet.source, answer="the cluster's DNS"))

    def _by_rule(self, rule: Rule, node: Node) -> Iterator[Way]:
        endpoints = self.topology.slices.endpoints(rule.port, version=self.packet.version)
        decision = decide(rule, endpoints, node, self._seen_by(node), self.packet.source)
        usable = decision.candidates.usable
        kept = self.choice.kept(node.name, rule.port, self.packet.source, usable)
        if decision.verdict is not Verdict.FORWARD:
            hit = _hit(rule, decision, endpoints, node)
            yield self.told(hit).lost(diagnosis.no_backend(self.topology, rule, decision, node))
            return
        for backend in [kept] if kept else self.choice.of(usable):
            self.choice.note(node.name, rule.port, self.packet.source, backend)
            hit = _hit(rule, decision, endpoints, node, chosen=backend, kept=kept is not None)
            walk = replace(self, probability=self.probability / (1 if kept else len(usable)))
            yield from walk.told(hit)._translated(rule, decision, backend, node)

    def _translated(self, rule: Rule, decision: Decision, backend: Endpoint, node: Node) -> Iterator[Way]:
        reason = decision.masquerade
        if backend.address == self.packet.source:
            reason = "the backend is the client itself"
        before, packet = str(self.packet), self.packet.to(backend)
        hop = Translation(node.place, "destination", before, str(packet), f"a backend of {rule.port}")
        meant = self.topology.slices.pods_at(rule.port.service, backend.address) if backend.pod else ()
        yield from replace(self.told(hop), packet=packet, masquerade=reason, meant=meant)._forward(node)

    def _seen_by(self, node: Node) -> Source:
        sender = self.sender
        if sender.pod is not None and not sender.pod.host_network:
            return Source.POD
        return Source.NODE if sender.node is not None and sender.node.name == node.name else Source.ELSEWHERE

    # On to where it is sent

    def _forward(self, node: Node) -> Iterator[Way]:
        target = route(self.topology, node, self.packet.target)
        walk = self._let_out(target)
        if isinstance(walk, Way):
            yield walk
        elif target.problem:
            yield walk.lost(diagnosis.no_route(self.topology, target, node))
        elif target.via == OUT:
            yield walk._leave(node)
        elif target.pod is not None:
            yield walk._to_pod(node, target, target.pod)
        elif target.node is not None and target.node.name != node.name:
            hop = Leg(node.place, target.node.place, target.via)
            yield from (
                walk._hidden(node)._masqueraded(node.address(self.packet.target), node).told(hop)._at_node(target.node)
            )
        else:
            yield from walk._into_node(node)

    def _leave(self, node: Node) -> Way:
        """Out of the cluster; the world knows the nodes' addresses, not the pods'."""
        walk = self._hidden(node)
        pod = self.sender.pod
        if pod is not None and not pod.host_network and not is_near_nodes(self.topology, self.packet.target):
            walk = replace(walk, masquerade=walk.masquerade or "the world has no route back to a pod")
        walk = walk._masqueraded(node.address(self.packet.target), node)
        walk = walk.told(Leg(node.place, "outside", OUT))
        answer = "the API server" if _is_api_server(self.topology, self.packet) else ""
        return walk._arrived(Arrival("outside", str(self.packet), walk.packet.source, answer=answer))

    def _to_pod(self, node: Node, target: Route, pod: Pod) -> Way:
        """On the pod's own node its policies see the packet before the source is translated, else after."""
        here = pod.node == node.name
        walk = self
        if not here:
            walk = walk._masqueraded(node.address(self.packet.target), node)
            walk = walk.told(Leg(node.place, f"node/{pod.node}", target.via))
        let_in = walk._let_in(pod)
        if isinstance(let_in, Way):
            return let_in
        if here:
            let_in = let_in._masqueraded(node.gateway(self.packet.target), node)
        walk = let_in.told(Leg(f"node/{pod.node}", pod.place, "bridge"))
        if self.meant and pod.key not in self.meant:
            return walk.lost(diagnosis.wrong_receiver(self.topology, self.meant[0], pod, node, self.packet.target))
        return walk._heard(at_pod(pod, self.packet.protocol, self.packet.port), pod.place)

    def _into_node(self, node: Node) -> Iterator[Way]:
        """For the node itself: a pod's host port, or what listens on the node, which no masquerading precedes."""
        heard = at_node(self.topology, node, self.packet.protocol, self.packet.port, like=self.packet.target)
        if heard.forward is None:
            yield self._heard(heard.result, node.place)
            return
        packet = self.packet.to(Endpoint(heard.forward.address, heard.forward.port))
        hop = Translation(node.place, "destination", str(self.packet), str(packet), heard.reason)
        yield from replace(self.told(hop), packet=packet)._forward(node)

    def _heard(self, result: Arrival | End, where: str) -> Way:
        if isinstance(result, End):
            hit = next((hop for hop in self.hops if isinstance(hop, RuleHit)), None)
            return self.lost(diagnosis.with_target_port(result, hit.service, self.packet.port) if hit else result)
        return self._arrived(replace(result, where=where, address=str(self.packet), source=self.packet.source))

    def _arrived(self, arrival: Arrival) -> Way:
        return Way(self.probability, reached=True, hops=(*self.hops, arrival))

    def _hidden(self, node: Node) -> Walk:
        """From a pod behind a lone bridge packets leave its node as the node's own."""
        pod = self.sender.pod
        if self.masquerade or not node.is_alone or pod is None or pod.host_network or pod.node != node.name:
            return self
        return replace(self, masquerade=BEHIND_A_BRIDGE)

    def _masqueraded(self, address: str, node: Node) -> Walk:
        """The source becomes `address`, if it is to be another."""
        if not self.masquerade:
            return self
        if not address or address == self.packet.source:
            return replace(self, masquerade="")
        hop = Translation(node.place, "source", self.packet.source, address, self.masquerade)
        return replace(self.told(hop), packet=replace(self.packet, source=address), masquerade="")

    # Policies

    def _let_out(self, target: Route) -> Walk | Way:
        """The walk past the sender's policies, or the way that they end."""
        pod = self.sender.pod
        if pod is None or self.is_out:
            return self
        node = target.node.name if target.node is not None and target.pod is None else ""
        peer = Peer(self.packet.target, target.pod, node)
        return replace(self, is_out=True)._past(pod, peer, Direction.EGRESS, target.pod)

    def _let_in(self, pod: Pod) -> Walk | Way:
        """The walk past the receiver's policies, or the way that they end."""
        source = self.packet.source
        sender = self.sender.pod
        own = sender if sender is not None and not sender.host_network and source in sender.addresses else None
        node = self.topology.nodes.by_address.get(source)
        return self._past(pod, Peer(source, own, node.name if node else ""), Direction.INGRESS, pod)

    def _past(self, pod: Pod, peer: Peer, direction: Direction, target: Pod | None) -> Walk | Way:
        packet = self.packet
        found = judge(self.topology, pod, peer, direction, protocol=packet.protocol, port=packet.port, target=target)
        if not found.policies:
            return self
        walk = self.told(PolicyCheck(pod.place, str(direction), found.allowed, found.policies, found.decides))
        if found.allowed:
            return walk
        return walk.lost(diagnosis.policy_denies(pod, direction, found.policies, str(packet), packet.source))


def _is_api_server(topology: Topology, packet: Packet) -> bool:
    slices = topology.slices.of("default/kubernetes")
    return any(packet.target in each["addresses"] for found in slices for each in found.get("endpoints") or ())


def _hit(
    rule: Rule,
    decision: Decision,
    endpoints: Sequence[Endpoint],
    node: Node,
    *,
    chosen: Endpoint | None = None,
    kept: bool = False,
) -> RuleHit:
    usable = decision.candidates.usable
    used = set(usable)
    share = 1 / len(usable) if usable else 0.0
    backends = tuple(
        Backend(str(each), each.pod, each.node, float(each is chosen) if kept else share, each is chosen)
        for each in usable
    )
    excluded = tuple(
        Excluded(str(each), each.pod, diagnosis.why_excluded(each, decision, node))
        for each in endpoints
        if each not in used
    )
    number = rule.port.node_port if rule.entry is Entry.NODE_PORT else rule.port.number
    port = f"{rule.port.name}:{number}/{rule.port.protocol}" if rule.port.name else f"{number}/{rule.port.protocol}"
    return RuleHit(
        node.place,
        str(rule.entry),
        rule.port.service,
        port,
        decision.policy,
        backends,
        excluded,
        tuple(_notes(decision, kept=kept)),
    )


def _notes(decision: Decision, *, kept: bool) -> Iterator[str]:
    if decision.candidates.topology:
        yield f"hints of the endpoint slices: {decision.candidates.topology}"
    if decision.candidates.terminating:
        yield "nothing is ready: what still serves while it terminates is used"
    if decision.policy == LOCAL:
        yield "the traffic policy is Local: only what runs on this node"
    if kept:
        yield "sessionAffinity ClientIP: the client stays with its backend"
