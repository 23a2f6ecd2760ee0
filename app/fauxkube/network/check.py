"""What Kubernetes requires of a network, proved or refuted for a cluster as it is.

Every pod and every node reaches every pod without translation and is reached by it, no address is had twice, and the
ranges of pods, services and nodes lie apart. Network policies are no part of it: they forbid what the network can do.

What is true of one pair is true of all pairs that the routes treat alike, so the cost grows with the pods, not with
their pairs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, pairwise
from typing import TypeAlias

from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.machinery.objects import key_of
from fauxkube.network.hosts import Node, Pod
from fauxkube.network.routes import node_problem, route
from fauxkube.network.topology import Topology

#: How many failures of a requirement are listed; the others are counted.
_LISTED = 20

#: By the pods' keys: why a pod cannot be reached from its own node, and from another; empty where it can.
_Problems: TypeAlias = Mapping[str, tuple[str, str]]


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
    problems = {pod.key: _problems(topology, pod) for pod in pods}
    requirements = (
        _pods_reach_pods(pods, problems),
        _nodes_reach_pods(topology, pods, problems),
        _addresses_differ(topology, pods),
        _ranges_lie_apart(topology),
    )
    return Check(all(each.holds for each in requirements), requirements)


def _pods_reach_pods(pods: Sequence[Pod], problems: _Problems) -> Requirement:
    troubled = [pod for pod in pods if any(problems[pod.key])]

    def failures() -> Iterator[Failure]:
        for target in troubled:
            here, elsewhere = problems[target.key]
            for source in pods:
                reason = here if source.node == target.node else elsewhere
                if reason and source.key != target.key:
                    yield Failure(source.place, target.place, reason)

    return _judged("every pod reaches every pod without NAT", len(pods) * (len(pods) - 1), failures())


def _nodes_reach_pods(topology: Topology, pods: Sequence[Pod], problems: _Problems) -> Requirement:
    nodes = list(topology.nodes)

    def failures() -> Iterator[Failure]:
        for node in nodes:
            if problem := node_problem(node) or ("" if node.addresses else f"node {node.name} has no address"):
                yield from (Failure(pod.place, node.place, problem) for pod in pods)
        for pod in pods:
            here, elsewhere = problems[pod.key]
            for node in nodes:
                if reason := here if node.name == pod.node else elsewhere:
                    yield Failure(node.place, pod.place, reason)

    return _judged("every node reaches every pod without NAT, and back", 2 * len(pods) * len(nodes), failures())


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
    """The three ranges, and the nodes' blocks: each within the pods' range, and apart from the others."""
    ranges = topology.ranges
    named = {"pods": ranges.pods, "services": ranges.services, "nodes": ranges.nodes}
    listed = [(name, cidr) for name, cidrs in named.items() for cidr in cidrs]
    pairs = [(one, other) for one, other in combinations(listed, 2) if _alike(one[1], other[1])]
    blocks = [(node.place, cidr) for node in topology.nodes for cidr in node.pod_cidrs]

    def failures() -> Iterator[Failure]:
        for first, second in (*pairs, *_neighbours(blocks)):
            if _overlap(first[1], second[1]):
                yield Failure(first[0], second[0], f"{first[1]} and {second[1]} overlap")
        for place, cidr in blocks:
            if ranges.pods and not any(_overlap(each, cidr) for each in ranges.pods):
                yield Failure(place, "pods", f"{cidr} lies outside {','.join(ranges.pods)}")

    text = "the ranges of pods, services and nodes, and the nodes' blocks, lie apart"
    return _judged(text, len(pairs) + len(blocks), failures())


def _judged(text: str, checked: int, failures: Iterable[Failure]) -> Requirement:
    found = iter(failures)
    listed = tuple(islice(found, _LISTED))
    return Requirement(text, not listed, max(checked, 0), listed, sum(1 for _ in found))


def _problems(topology: Topology, pod: Pod) -> tuple[str, str]:
    home = topology.nodes.by_name.get(pod.node)
    if home is None:
        return (f"there is no node {pod.node}",) * 2
    if down := node_problem(home):
        return down, down
    if not pod.addresses:
        block = "" if home.pod_cidrs else f": node {home.name} has no block of addresses"
        return (f"pod {pod.key} has no address{block}",) * 2
    other = next((node for node in topology.nodes if node.name != home.name), None)
    return _problem(topology, home, pod), _problem(topology, other, pod) if other is not None else ""


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


def _alike(one: str, other: str) -> bool:
    """Whether both are of one IP family."""
    return (":" in one) == (":" in other)


def _overlap(one: str, other: str) -> bool:
    first, second = ipaddress.ip_network(one), ipaddress.ip_network(other)
    return first.version == second.version and first.overlaps(second)
