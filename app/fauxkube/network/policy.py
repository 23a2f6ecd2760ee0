"""NetworkPolicies (networking.k8s.io/v1) judged: may this traffic leave, may it come in, and which policy says so.

A pod that a policy selects for a direction is isolated in it, and what some rule of any of its policies allows is
allowed; a pod that none selects takes and sends everything. Traffic between a pod and the node it runs on, and of a pod
to itself, is always allowed, and answers belong to what they answer. Pods of the node's own network are not isolated:
to others they are the node. Peers are judged by the addresses after services' have been translated, as iptables-based
plugins see them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fauxkube.ipam.families import lies_in
from fauxkube.machinery.objects import Object, key_of
from fauxkube.machinery.selectors import label_selector_from
from fauxkube.network.hosts import DEFAULT_PROTOCOL, Pod
from fauxkube.network.topology import Topology


class Direction(StrEnum):
    """Seen from the pod."""

    INGRESS = "ingress"
    EGRESS = "egress"


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side: its address, its pod (if it is one with a network of its own), its node (if it is one)."""

    address: str
    pod: Pod | None = None
    node: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether traffic passes a pod's policies. `policies` select the pod; `decides` names the rule that let it pass."""

    allowed: bool
    policies: tuple[str, ...] = ()
    decides: str = ""


_ALLOWED = Judgement(allowed=True)
_RULES = {Direction.INGRESS: ("ingress", "from"), Direction.EGRESS: ("egress", "to")}


def judge(
    topology: Topology,
    pod: Pod,
    peer: Peer,
    direction: Direction,
    *,
    protocol: str,
    port: int,
    target: Pod | None = None,
) -> Judgement:
    """Whether `pod` may exchange traffic with `peer`; `port` is the one that is sent to, at the pod `target` if any."""
    selecting = policies_of(topology, pod, direction)
    if not selecting or peer.node == pod.node or (peer.pod is not None and peer.pod.key == pod.key):
        return _ALLOWED
    names = tuple(key_of(policy) for policy in selecting)
    section, peers = _RULES[direction]
    for policy in selecting:
        for index, rule in enumerate(policy["spec"].get(section) or ()):
            if _has_port(rule.get("ports"), protocol, port, target) and _has_peer(
                topology, policy, rule.get(peers), peer
            ):
                return Judgement(allowed=True, policies=names, decides=f"{key_of(policy)} {section}[{index}]")
    return Judgement(allowed=False, policies=names)


def policies_of(topology: Topology, pod: Pod, direction: Direction) -> list[Object]:
    """The policies that isolate a pod in a direction, by name."""
    if pod.host_network:
        return []
    found = [
        policy
        for policy in topology.policies.within(pod.namespace)
        if direction in directions_of(policy) and _selects(policy["spec"].get("podSelector"), pod)
    ]
    return sorted(found, key=key_of)


def directions_of(policy: Object) -> set[Direction]:
    """What a policy is about: what it says, else ingress, and egress where it has a section for it."""
    spec = policy["spec"]
    if spec.get("policyTypes"):
        return {Direction(each.lower()) for each in spec["policyTypes"]}
    return {Direction.INGRESS, Direction.EGRESS} if spec.get("egress") else {Direction.INGRESS}


def _selects(selector: Object | None, pod: Pod) -> bool:
    return label_selector_from(selector or {}).matches(pod.labels)


def _has_port(ports: Sequence[Object] | None, protocol: str, port: int, target: Pod | None) -> bool:
    """No ports at all are all ports."""
    return not ports or any(_is_port(each, protocol, port, target) for each in ports)


def _is_port(wanted: Object, protocol: str, port: int, target: Pod | None) -> bool:
    if (wanted.get("protocol") or DEFAULT_PROTOCOL) != protocol:
        return False
    number = wanted.get("port")
    if number is None:
        return True
    if isinstance(number, str):
        declared = target.ports() if target is not None else ()
        return any((each.name, each.number, each.protocol) == (number, port, protocol) for each in declared)
    return int(number) <= port <= int(wanted.get("endPort") or number)


def _has_peer(topology: Topology, policy: Object, peers: Iterable[Object] | None, peer: Peer) -> bool:
    """No peers at all are all peers."""
    return not peers or any(_is_peer(topology, policy, each, peer) for each in peers)


def _is_peer(topology: Topology, policy: Object, wanted: Object, peer: Peer) -> bool:
    if (block := wanted.get("ipBlock")) is not None:
        return _is_in(block, peer.address)
    pod = peer.pod
    if pod is None:
        return False
    if (namespaces := wanted.get("namespaceSelector")) is None:
        if pod.namespace != policy["metadata"]["namespace"]:
            return False
    elif not label_selector_from(namespaces).matches(topology.namespaces.labels(pod.namespace)):
        return False
    return _selects(wanted.get("podSelector"), pod)


def _is_in(block: Object, address: str) -> bool:
    return lies_in(address, block["cidr"]) and not any(lies_in(address, each) for each in block.get("except") or ())
