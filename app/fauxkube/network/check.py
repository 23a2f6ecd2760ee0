"""What Kubernetes requires of a network, proved or refuted for a cluster as it is.

Every pod and every node reaches every pod without translation and is reached by it, no address is had twice, and the
ranges of pods, services and nodes lie apart. Network policies are no part of it: they forbid what the network can do.

What is true of one pair is true of all pairs that the routes treat alike, so the cost grows with the pods, not with
their pairs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, pairwise, product
from typing import TypeVar

from fauxkube.ipam.families import family_of, lies_in, overlap
from fauxkube.kinds.core.node_network import NodeNetwork
from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.machinery.objects import key_of
from fauxkube.network import mistakes
from fauxkube.network.hosts import Node, Pod
from fauxkube.network.routes import BEHIND_A_BRIDGE, node_problem, route
from fauxkube.network.topology import Topology

#: How many failures of a requirement are listed; the others are counted.
_LISTED = 20


S = TypeVar("S", Node, Pod)


@dataclass(frozen=True, slots=True)
class Failure:
    """A pair for which a requirement does not hold."""

    source: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement, how many pairs (or addresses) were judged, and the first of those for which it fails."""

    text: str
    holds: bool
    checked: int
    failures: tuple[Failure, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """All requirements."""

    holds: bool
    requirements: tuple[Requirement, ...]


def check(topology: Topology) -> Check:
    """Judge every requirement."""
    pods = [pod for pod in topology.pods if pod.node and not pod.host_network and not pod.is_over]
    reach = Reach(topology)
    troubled = [pod for pod in pods if reach.is_troubled(pod)]
    requirements = (
        _pods_reach_pods(pods, troubled, reach),
        _nodes_reach_pods(topology, pods, troubled, reach),
        _addresses_differ(topology, pods),
        _ranges_lie_apart(topology),
        _nodes_have_networks(topology),
    )
    return Check(all(each.holds for each in requirements), requirements)


def _pods_reach_pods(pods: Sequence[Pod], troubled: Sequence[Pod], reach: Reach) -> Requirement:
    def failures() -> Iterator[Failure]:
        for source, target in _strangers(pods, pods):
            yield Failure(source.place, target.place, _apart(source, target))
        for target in troubled:
            for source in pods:
                if source.key != target.key and (reason := reach.problem(source.node, target)):
                    yield Failure(source.place, target.place, reason)

    return _judged("every pod reaches every pod without NAT", len(pods) * (len(pods) - 1), failures())


def _nodes_reach_pods(topology: Topology, pods: Sequence[Pod], troubled: Sequence[Pod], reach: Reach) -> Requirement:
    nodes = list(topology.nodes)
    hidden = [pod for pod in pods if (home := topology.nodes.by_name.get(pod.node)) is not None and home.is_alone]

    def failures() -> Iterator[Failure]:
        for node in nodes:
            if problem := node_problem(node) or ("" if node.addresses else f"node {node.name} has no address"):
                yield from (Failure(pod.place, node.place, problem) for pod in pods)
        for pod in troubled:
            for node in nodes:
                if reason := reach.problem(node.name, pod):
                    yield Failure(node.place, pod.place, reason)
        for node, pod in _strangers(nodes, pods):
            yield Failure(node.place, pod.place, _apart(node, pod))
        for pod in hidden:
            reason = f"its packets leave {pod.node} as the node's own: {BEHIND_A_BRIDGE}"
            yield from (Failure(pod.place, node.place, reason) for node in nodes if node.name != pod.node)

    return _judged("every node reaches every pod without NAT, and back", 2 * len(pods) * len(nodes), failures())


def _strangers(sources: Sequence[S], pods: Sequence[Pod]) -> Iterator[tuple[S, Pod]]:
    """The pairs that have addresses, but of no common IP family."""
    everybody: list[Node | Pod] = [*sources, *pods]
    if len({_families(each) for each in everybody if each.addresses}) < 2:
        return
    for source, pod in product(sources, pods):
        if source.addresses and pod.addresses and not _families(source) & _families(pod):
            yield source, pod


def _apart(source: Node | Pod, pod: Pod) -> str:
    own, other = (" and ".join(sorted(_families(each))) for each in (source, pod))
    return f"{source.place} has {own} addresses only, {pod.place} {other} ones"


def _families(host: Node | Pod) -> frozenset[str]:
    return frozenset(map(family_of, host.addresses))


def _addresses_differ(topology: Topology, pods: Sequence[Pod]) -> Requirement:
    owners: dict[str, list[str]] = {}
    for host in (*topology.nodes, *pods):
        for address in host.addresses:
            owners.setdefault(address, []).append(host.place)
    for service in topology.services:
        for address in cluster_ips(service):
            owners.setdefault(address, []).append(f"service/{key_of(service)}")
    failures = (
        Failure(first, second, f"both have {address}")
        for address, found in owners.items()
        for first, second in combinations(found, 2)
    )
    return _judged("no address is had twice", len(owners), failures)


def _ranges_lie_apart(topology: Topology) -> Requirement:
    """The three ranges, and the nodes' blocks: each within its network's range, and apart from the others."""
    ranges = topology.ranges
    networks = [node.network for node in topology.nodes if node.network is not None]
    own = {each.name: each.ranges for each in networks if each.ranges and not _within(each.ranges, ranges.pods)}
    named = {"pods": ranges.pods, "services": ranges.services, "nodes": ranges.nodes, **own}
    listed = [(name, cidr) for name, cidrs in named.items() for cidr in cidrs]
    apart = ((one, other) for one, other in combinations(listed, 2) if not (one[0] == "pods" and other[0] in own))
    pairs = [(one, other) for one, other in apart if family_of(one[1]) == family_of(other[1])]
    blocks = [(node.place, cidr) for node in topology.nodes for cidr in node.pod_cidrs]

    def failures() -> Iterator[Failure]:
        for first, second in (*pairs, *_neighbours(blocks)):
            if overlap(first[1], second[1]):
                yield Failure(first[0], second[0], f"{first[1]} and {second[1]} overlap")
        for node in topology.nodes:
            name, whole = ("pods", ranges.pods) if node.network is None else _whole(node.network, ranges.pods)
            for cidr in node.pod_cidrs if whole else ():
                if not _within([cidr], whole):
                    yield Failure(node.place, name, f"{cidr} lies outside {','.join(whole)}")

    text = "the ranges of pods, services and nodes, and the nodes' blocks, lie apart"
    return _judged(text, len(pairs) + len(blocks), failures())


def _within(some: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether each of some ranges lies in one of the others."""
    return all(any(lies_in(one, other) for other in whole) for one in some)


def _whole(network: NodeNetwork, pods: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The range that a node's blocks have to lie in, and what it is called; the range of a lone bridge is no one's."""
    if not network.joined:
        return "", ()
    return (network.name, network.ranges) if network.ranges else ("pods", pods)


def _judged(text: str, checked: int, failures: Iterable[Failure]) -> Requirement:
    found = iter(failures)
    listed = tuple(islice(found, _LISTED))
    return Requirement(text, not listed, max(checked, 0), listed, sum(1 for _ in found))


def _nodes_have_networks(topology: Topology) -> Requirement:
    nodes = list(topology.nodes)
    failures = (
        Failure(node.place, "pods", "; ".join(mistakes.of_node(node))) for node in nodes if mistakes.of_node(node)
    )
    return _judged("every node has a network that gives its pods their addresses", len(nodes), failures)


class Reach:
    """From which nodes each pod can be reached, found out once for all nodes that see the pods alike."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._views = {node.name: _view(node) for node in topology.nodes}
        #: One node of each view, and another for the pods of that one.
        self._seers: dict[str, list[Node]] = {}
        for node in topology.nodes:
            seers = self._seers.setdefault(self._views[node.name], [])
            if len(seers) < _SEERS:
                seers.append(node)
        self._known: dict[tuple[str, str], str] = {}

    def is_troubled(self, pod: Pod) -> bool:
        """Whether anybody cannot reach it."""
        seers = (node.name for seers in self._seers.values() for node in seers)
        return any(self.problem(node, pod) for node in (pod.node, *seers))

    def problem(self, node: str, pod: Pod) -> str:
        """Why the pod cannot be reached from a node (or from a pod on it); empty when it can."""
        view = "" if node == pod.node else self._views.get(node, "")
        known = self._known.get((view, pod.key))
        if known is None:
            known = self._known[view, pod.key] = self._find(node, pod)
        return known

    def _find(self, node: str, pod: Pod) -> str:
        nodes = self._topology.nodes.by_name
        home, start = nodes.get(pod.node), nodes.get(node)
        if home is None:
            return f"there is no node {pod.node}"
        if down := node_problem(home):
            return down
        if not pod.addresses:
            why = "; ".join(mistakes.of_node(home))
            return f"pod {pod.key} has no address{': ' if why else ''}{why}"
        return _problem(self._topology, start, pod) if start is not None else f"there is no node {node}"


#: Enough of a view's nodes to have one that is not a pod's own.
_SEERS = 2


def _view(node: Node) -> str:
    """What tells nodes apart that see other nodes' pods differently."""
    if node.is_alone:
        return f"{node.name} alone"
    return f"{node.network.name} {bool(node.network.blocks)}" if node.network is not None else "none"


def _problem(topology: Topology, start: Node, pod: Pod) -> str:
    for address in pod.addresses:
        found = route(topology, start, address)
        if found.problem:
            return found.problem
        if found.pod is not None and found.pod.key != pod.key:
            return f"{address} leads to pod {found.pod.key}"
    return ""


def _neighbours(blocks: Sequence[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Each block and the next in order: if any two overlap, two such do."""
    ordered = sorted(blocks, key=lambda each: _key(each[1]))
    return pairwise(ordered)


def _key(cidr: str) -> tuple[int, int, int]:
    network = ipaddress.ip_network(cidr)
    return network.version, int(network.network_address), network.prefixlen
