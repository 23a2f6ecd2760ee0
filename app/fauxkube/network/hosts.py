"""What has addresses: nodes and pods, as the network sees them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from fauxkube.ipam.families import canonical_ip, lies_in
from fauxkube.kinds.core.field_checks import parsed_ip
from fauxkube.kinds.core.node_network import EVERYWHERE, ROUTED, NodeNetwork, network_of, node_blocks
from fauxkube.kinds.core.pod_status import condition, is_ready, is_terminal, pod_ips_of, serving_containers
from fauxkube.machinery.objects import Labels, Object, key_of, labels_of, name_of, namespace_of

ZONE_LABEL = "topology.kubernetes.io/zone"
DEFAULT_PROTOCOL = "TCP"


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its addresses (its own first), the blocks of its pods, and its `Ready` condition's status and message.

    `network` is what gives its pods their addresses, None without, `given_cidrs` the blocks that the cluster gave it.
    `is_on` tells whether the machine runs, where somebody knows better than its kubelet's last word.
    """

    name: str
    addresses: tuple[str, ...]
    network: NodeNetwork | None
    given_cidrs: tuple[str, ...]
    labels: Labels
    ready: str
    message: str
    is_on: bool | None = None

    @property
    def place(self) -> str:
        """How a trace calls it: `node/node-1`."""
        return f"node/{self.name}"

    @property
    def pod_cidrs(self) -> tuple[str, ...]:
        """The blocks that the addresses of its pods come out of."""
        return self.network.blocks if self.network is not None else ()

    @property
    def is_alone(self) -> bool:
        """Whether its pods are behind a bridge that no other node has a route to."""
        return self.network is not None and not self.network.joined

    def joins(self, other: Node) -> bool:
        """Whether it has a route to the other's pods: both are the same node, or in one network that joins nodes."""
        if self.name == other.name:
            return True
        if self.network is EVERYWHERE:
            return not other.is_alone
        if self.network is None or other.network is None or not (self.network.blocks and other.network.blocks):
            return False
        return self.network.joined and self.network.name == other.network.name

    def holds(self, address: str) -> bool:
        """Whether the address is out of one of its blocks."""
        return any(lies_in(address, cidr) for cidr in self.pod_cidrs)

    @property
    def zone(self) -> str:
        """The zone that the node says it is in; empty without the label."""
        return self.labels.get(ZONE_LABEL, "")

    @property
    def is_up(self) -> bool:
        """Whether the node forwards anything; one whose kubelet fell silent is taken to be off."""
        return self.ready != "Unknown" if self.is_on is None else self.is_on

    def address(self, like: str) -> str:
        """The node's own address of the family of `like`; empty when it has none."""
        return _of_family(self.addresses, like)

    def gateway(self, like: str) -> str:
        """The bridge's address in the block of that family: the first of the block; empty without a block."""
        cidr = _of_family(self.pod_cidrs, like)
        return str(ipaddress.ip_network(cidr)[1]) if cidr else ""


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container declares."""

    container: str
    name: str
    number: int
    protocol: str
    host_port: int

    def __str__(self) -> str:
        name = f"{self.name}:" if self.name else ""
        return f"{name}{self.number}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod: where it runs, under which addresses, with which labels."""

    key: str
    namespace: str
    name: str
    node: str
    addresses: tuple[str, ...]
    host_network: bool
    labels: Labels
    object: Object

    @property
    def place(self) -> str:
        """How a trace calls it: `pod/default/web`."""
        return f"pod/{self.key}"

    @property
    def is_ready(self) -> bool:
        """Whether services send to it."""
        return is_ready(self.object)

    @property
    def is_over(self) -> bool:
        """Whether it has run to its end; its address may be another's by now."""
        return is_terminal(self.object)

    def address(self, like: str) -> str:
        """The pod's address of the family of `like`; empty when it has none."""
        return _of_family(self.addresses, like)

    def ports(self) -> Iterator[ContainerPort]:
        """The ports that the containers declare."""
        for container in serving_containers(self.object["spec"]):
            for port in container.get("ports") or ():
                yield ContainerPort(
                    container["name"],
                    port.get("name") or "",
                    port["containerPort"],
                    port.get("protocol") or DEFAULT_PROTOCOL,
                    port.get("hostPort") or 0,
                )


def node_of(obj: Object, *, is_on: bool | None = None, network: str = ROUTED) -> Node:
    """The node that an object describes, in a cluster that began with a network of that kind."""
    status = obj.get("status") or {}
    ready = condition(obj, "Ready") or {}
    listed = sorted(status.get("addresses") or (), key=lambda each: each.get("type") != "InternalIP")
    addresses = [each.get("address", "") for each in listed if each.get("type") in {"InternalIP", "ExternalIP"}]
    return Node(
        name_of(obj),
        tuple(filter(is_address, addresses)),
        network_of(obj, network),
        node_blocks(obj.get("spec") or {}),
        labels_of(obj),
        ready.get("status") or "Unknown",
        ready.get("message") or "",
        is_on,
    )


def pod_of(obj: Object) -> Pod:
    """The pod that an object describes."""
    spec = obj["spec"]
    return Pod(
        key_of(obj),
        namespace_of(obj),
        name_of(obj),
        spec.get("nodeName") or "",
        tuple(pod_ips_of(obj)),
        bool(spec.get("hostNetwork")),
        labels_of(obj),
        obj,
    )


def canonical(text: str) -> str:
    """An IP address in its canonical form; any other text as it is."""
    return canonical_ip(text) if is_address(text) else text


def is_address(text: str) -> bool:
    """Whether the text is an IP address."""
    return parsed_ip(text) is not None


def _of_family(values: tuple[str, ...], like: str) -> str:
    return next((value for value in values if (":" in value) == (":" in like)), "")
