"""kube-proxy's rules as data: which traffic a node takes for a service's, and what it does with it.

They are what the modes iptables, ipvs and nftables have in common (upstream's `pkg/proxy`). `Rules` finds the rule for
a packet's destination, `decide` tells where one node sends it:

- to a cluster IP, by `internalTrafficPolicy`; to a node port, external IP or load balancer's address, by
  `externalTrafficPolicy`, but what comes from a pod or from the node itself goes to any backend, as if it had left the
  cluster and come back;
- without any backend it is rejected (ICMP port unreachable), and dropped where the policy is `Local` and none is here;
- the source becomes the node's where the answer would else not come back this way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from fauxkube.ipam.families import IPV4, IPV6, canonical_ip, family_of, lies_in
from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.machinery.objects import Object, key_of, split_key
from fauxkube.network.endpoints import Candidates, Endpoint, cluster_candidates, local_candidates
from fauxkube.network.hosts import DEFAULT_PROTOCOL, Node

LOCAL, CLUSTER = "Local", "Cluster"
_DEFAULT_AFFINITY_SECONDS = 10_800
#: The address of rules for ports of every node.
_ANY_NODE = {IPV4: "0.0.0.0", IPV6: "::"}

K = TypeVar("K")
V = TypeVar("V")


class Entry(StrEnum):
    """By what a service is reached."""

    CLUSTER_IP = "cluster IP"
    NODE_PORT = "node port"
    EXTERNAL_IP = "external IP"
    LOAD_BALANCER = "load balancer"


class Source(StrEnum):
    """Where a packet comes from, as the node sees it that applies its rules."""

    POD = "pod"
    NODE = "node"
    ELSEWHERE = "elsewhere"


class Verdict(StrEnum):
    """What becomes of a packet."""

    FORWARD = "forward"
    REJECT = "reject"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a service, and what the service says of its traffic.

    `affinity` is for how many seconds a client stays with a backend, 0 without. `target` is a number or a port's name.
    """

    service: str
    name: str
    number: int
    protocol: str
    target: int | str
    node_port: int
    internal_policy: str
    external_policy: str
    affinity: int
    source_ranges: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.service}:{self.name or self.number}"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is sent to `address` (any of the node's own for a node port) belongs to a service's port."""

    entry: Entry
    address: str
    port: ServicePort

    @property
    def policy(self) -> str:
        """The traffic policy that governs it."""
        return self.port.internal_policy if self.entry is Entry.CLUSTER_IP else self.port.external_policy

    @property
    def destination(self) -> tuple[str, str, int]:
        """The address, protocol and port that a packet must be sent to."""
        number = self.port.node_port if self.entry is Entry.NODE_PORT else self.port.number
        return self.address, self.port.protocol, number


@dataclass(frozen=True, slots=True)
class Decision:
    """What a node does with a packet, by which traffic policy; empty when it drops it before that.

    `masquerade` is why the source is translated, empty when it is not.
    """

    verdict: Verdict
    policy: str
    candidates: Candidates
    masquerade: str = ""
    reason: str = ""


class Rules:
    """The rules of all services, by destination. Where several claim one, the first by its service's key has it."""

    def __init__(self, services: Iterable[Object] = ()) -> None:
        self._by_destination: dict[tuple[str, str, int], dict[str, Rule]] = {}
        self._by_address: dict[str, dict[str, list[Rule]]] = {}
        #: Services by the port that tells load balancers whether a node has backends.
        self.health_checks: dict[int, str] = {}
        for service in services:
            self.put(service)

    def at(self, address: str, protocol: str, port: int) -> Rule | None:
        """The rule for an address that is a service's own."""
        rules = self._by_destination.get((address, protocol, port))
        return rules[min(rules)] if rules else None

    def at_address(self, address: str) -> Sequence[Rule]:
        """Every rule for such an address, whatever the port."""
        rules = self._by_address.get(address, {})
        return [rule for service in sorted(rules) for rule in rules[service]]

    def at_node_port(self, protocol: str, port: int, *, like: str = _ANY_NODE[IPV4]) -> Rule | None:
        """The rule for a port of every node, at its addresses of the family of `like`."""
        return self.at(_ANY_NODE[family_of(like)], protocol, port)

    def put(self, service: Object) -> None:
        """Take in a service's rules, whose earlier ones must have been dropped."""
        key = key_of(service)
        if check := service["spec"].get("healthCheckNodePort"):
            self.health_checks[check] = key
        for rule in rules_of(service):
            self._by_destination.setdefault(rule.destination, {}).setdefault(key, rule)
            if rule.entry is not Entry.NODE_PORT:
                self._by_address.setdefault(rule.address, {}).setdefault(key, []).append(rule)

    def drop(self, service: Object) -> None:
        """Forget the rules of a service, which is the one that was put."""
        key = key_of(service)
        if self.health_checks.get(check := service["spec"].get("healthCheckNodePort") or 0) == key:
            del self.health_checks[check]
        for rule in rules_of(service):
            _take_out(self._by_destination, rule.destination, key)
            _take_out(self._by_address, rule.address, key)


def _take_out(groups: dict[K, dict[str, V]], name: K, key: str) -> None:
    group = groups.get(name)
    if group is not None:
        group.pop(key, None)
        if not group:
            del groups[name]


def ports_of(service: Object) -> list[ServicePort]:
    """The service's ports."""
    spec = service["spec"]
    client = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    affinity = client.get("timeoutSeconds") or _DEFAULT_AFFINITY_SECONDS
    return [
        ServicePort(
            key_of(service),
            port.get("name") or "",
            port["port"],
            port.get("protocol") or DEFAULT_PROTOCOL,
            port.get("targetPort") or port["port"],
            port.get("nodePort") or 0,
            spec.get("internalTrafficPolicy") or CLUSTER,
            spec.get("externalTrafficPolicy") or CLUSTER,
            affinity if spec.get("sessionAffinity") == "ClientIP" else 0,
            tuple(spec.get("loadBalancerSourceRanges") or ()),
        )
        for port in spec.get("ports") or ()
    ]


def rules_of(service: Object) -> Iterator[Rule]:
    """The rules that a service makes, in those families that it has a cluster IP of; none without any."""
    addresses = list(map(canonical_ip, cluster_ips(service)))
    if not addresses or service["spec"].get("type") == "ExternalName":
        return
    families = list(map(family_of, addresses))
    external = [each for each in service["spec"].get("externalIPs") or () if family_of(each) in families]
    balanced = [each for each in balanced_ips(service) if family_of(each) in families]
    for port in ports_of(service):
        yield from (Rule(Entry.CLUSTER_IP, address, port) for address in addresses)
        yield from (Rule(Entry.EXTERNAL_IP, address, port) for address in external)
        yield from (Rule(Entry.LOAD_BALANCER, address, port) for address in balanced)
        if port.node_port:
            yield from (Rule(Entry.NODE_PORT, _ANY_NODE[family], port) for family in families)


def balanced_ips(service: Object) -> list[str]:
    """The addresses of its load balancer that nodes take for their own (KEP-1860: not those of mode `Proxy`)."""
    status = (service.get("status") or {}).get("loadBalancer") or {}
    return [each["ip"] for each in status.get("ingress") or () if each.get("ip") and each.get("ipMode") != "Proxy"]


def decide(rule: Rule, endpoints: Sequence[Endpoint], node: Node, source: Source, address: str) -> Decision:
    """What `node` does with a packet that the rule is for, which comes from `source` with that source address."""
    if rule.entry is Entry.LOAD_BALANCER and not _may_enter(rule, address):
        reason = f"{address} lies outside the service's loadBalancerSourceRanges"
        return Decision(Verdict.DROP, "", Candidates((), anywhere=True), reason=reason)
    policy = _policy_for(rule, source)
    local = policy == LOCAL
    candidates = local_candidates(endpoints, node.name) if local else _anywhere(endpoints, node)
    if not candidates.anywhere:
        return Decision(Verdict.REJECT, policy, candidates, reason=f"{rule.port} has no endpoints")
    if not candidates.usable:
        return Decision(Verdict.DROP, policy, candidates, reason=f"{rule.port} has no endpoints on {node.name}")
    return Decision(Verdict.FORWARD, policy, candidates, masquerade=_masquerade(rule, source))


def health_check(service: str, endpoints: Iterable[Endpoint], node: str) -> tuple[int, Object]:
    """What a node answers a load balancer at the service's health check node port: the code, and the body."""
    count = len({each.address for each in endpoints if each.ready and each.node == node})
    namespace, name = split_key(service)
    body = {
        "service": {"namespace": namespace, "name": name},
        "localEndpoints": count,
        "serviceProxyHealthy": True,
    }
    return 200 if count else 503, body


def _anywhere(endpoints: Sequence[Endpoint], node: Node) -> Candidates:
    return cluster_candidates(endpoints, node.name, node.zone)


def _policy_for(rule: Rule, source: Source) -> str:
    """What is sent from inside to an outer address is bound by neither policy."""
    if rule.entry is not Entry.CLUSTER_IP and source is not Source.ELSEWHERE:
        return CLUSTER
    return rule.policy


def _masquerade(rule: Rule, source: Source) -> str:
    if rule.entry is Entry.CLUSTER_IP:
        return "" if source is Source.POD else "the client is no pod"
    if rule.policy == CLUSTER:
        return f"externalTrafficPolicy is {CLUSTER}"
    if source is Source.NODE:
        return "the client is the node itself"
    return ""


def _may_enter(rule: Rule, address: str) -> bool:
    """Each family is bound by its own ranges: without one of them anybody enters."""
    ranges = [each for each in rule.port.source_ranges if family_of(each) == family_of(rule.address)]
    if not ranges:
        return True
    return any(lies_in(address, each) for each in ranges)
