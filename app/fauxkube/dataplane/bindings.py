"""What of a cluster is to be listened for: the entries of its services, the host ports of its pods.

A node port is one of every node's. A port with no backend at all is not listened on, so that connections to it are
refused, as kube-proxy's rules refuse them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fauxkube.machinery.objects import Object, key_of
from fauxkube.network.hosts import Pod
from fauxkube.network.ingress import HTTP_PORT, HTTPS_PORT
from fauxkube.network.proxy import Entry, Rule, rules_of
from fauxkube.network.topology import Topology

HOST_PORT, HEALTH_CHECK, INGRESS = "host port", "health check", "ingress"
#: The owner of what the ingress controller listens for.
CONTROLLER = "ingress-controller"
#: What sockets are made for.
SERVED = frozenset({"TCP", "UDP"})


@dataclass(frozen=True, slots=True)
class Binding:
    """Something to listen for: whose it is (`service/default/shop`), by which entry, and where in the cluster.

    `node` is the node whose address it is, empty for an address that is no node's.
    """

    owner: str
    entry: str
    address: str
    port: int
    protocol: str
    node: str = ""

    @property
    def served(self) -> bool:
        """Whether the protocol can be forwarded."""
        return self.protocol in SERVED


def of_service(topology: Topology, service: Object) -> Iterator[Binding]:
    """What is listened for on behalf of a service."""
    owner = f"service/{key_of(service)}"
    for rule in rules_of(service):
        if not _has_backends(topology, rule):
            continue
        number, protocol = rule.port.number, rule.port.protocol
        if rule.entry is Entry.NODE_PORT:
            yield from _at_nodes(topology, owner, str(rule.entry), rule.port.node_port, protocol)
        else:
            yield Binding(owner, str(rule.entry), rule.address, number, protocol)
    if check := service["spec"].get("healthCheckNodePort"):
        yield from _at_nodes(topology, owner, HEALTH_CHECK, check, "TCP")


def of_ingresses(topology: Topology) -> Iterator[Binding]:
    """What the ingress controller listens for."""
    for port in (HTTP_PORT, HTTPS_PORT):
        if topology.ingresses.routes.listens("TCP", port):
            yield from _at_nodes(topology, CONTROLLER, INGRESS, port, "TCP")


def of_pod(topology: Topology, pod: Pod) -> Iterator[Binding]:
    """What is listened for on behalf of a pod: its host ports, and its ports in its node's network."""
    node = topology.nodes.by_name.get(pod.node)
    if node is None or pod.is_over or not pod.addresses or not node.addresses:
        return
    for port in pod.ports():
        number = port.number if pod.host_network else port.host_port
        if number:
            yield Binding(f"pod/{pod.key}", HOST_PORT, node.addresses[0], number, port.protocol, node.name)


def _at_nodes(topology: Topology, owner: str, entry: str, port: int, protocol: str) -> Iterator[Binding]:
    for node in topology.nodes:
        if node.addresses:
            yield Binding(owner, entry, node.addresses[0], port, protocol, node.name)


def _has_backends(topology: Topology, rule: Rule) -> bool:
    if rule.entry is Entry.NODE_PORT:
        versions = {6 if ":" in node.addresses[0] else 4 for node in topology.nodes if node.addresses}
    else:
        versions = {6 if ":" in rule.address else 4}
    return any(
        each.ready or each.is_last_resort
        for version in versions
        for each in topology.slices.endpoints(rule.port, version=version)
    )
