"""Who takes a packet where it was sent.

Simulated containers run no programs: one is taken to listen on the ports that it declares, and those of a pod that
declares none on every port. On a node listen the kubelet, kube-proxy, pods of the node's network, and pods' host ports.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fauxkube.machinery.objects import Object
from fauxkube.network.diagnosis import REFUSED
from fauxkube.network.hops import Arrival, End
from fauxkube.network.hosts import Node, Pod
from fauxkube.network.ingress import INGRESS
from fauxkube.network.proxy import health_check, ports_of
from fauxkube.network.topology import Topology

#: What listens on every node, by port.
_NODE_PORTS = {10250: "the kubelet", 10256: "kube-proxy's health check"}


@dataclass(frozen=True, slots=True)
class HostPort:
    """The pod's address and port behind a port of its node."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What becomes of a packet for a node: it is taken or refused, or goes on to a pod's host port."""

    result: Arrival | End = field(default_factory=lambda: Arrival("", "", ""))
    forward: HostPort | None = None
    reason: str = ""


def at_pod(pod: Pod, protocol: str, port: int) -> Arrival | End:
    """Whether the pod takes what is sent to that port."""
    where = pod.place
    declared = list(pod.ports())
    found = next((each for each in declared if (each.number, each.protocol) == (port, protocol)), None)
    if declared and found is None:
        listed = ", ".join(map(str, declared))
        message = f"no container of pod {pod.key} declares port {port}/{protocol}"
        return End(where, "PortNotDeclared", message, REFUSED, (f"the pod declares {listed}",))
    states = {each.get("name", ""): each for each in pod.object["status"].get("containerStatuses") or ()}
    running = [name for name, each in states.items() if "running" in (each.get("state") or {})]
    container = found.container if found is not None else next(iter(running), "")
    if states and container not in running:
        names = [found.container] if found is not None else list(states)
        told = tuple(f"container {name} is {_state(states.get(name, {}))}" for name in names)
        return End(where, "ContainerNotRunning", f"pod {pod.key} does not run", REFUSED, told)
    answer = "" if declared else "the pod declares no ports, so it is taken to listen on any"
    return Arrival(where, "", "", container, answer)


def at_node(topology: Topology, node: Node, protocol: str, port: int, *, like: str) -> Heard:
    """What takes a packet to the node's own address of the family of `like`, where that is no service's."""
    pods = topology.pods.on(node.name)
    for pod in pods:
        for each in pod.ports():
            if pod.host_network and (each.number, each.protocol) == (port, protocol):
                return Heard(at_pod(pod, protocol, port))
            if pod.host_network or (each.host_port, each.protocol) != (port, protocol):
                continue
            if address := pod.address(like):
                return Heard(forward=HostPort(address, each.number), reason=f"hostPort {port} of pod {pod.key}")
    where = node.place
    if protocol == "TCP":
        if topology.ingresses.routes.listens(protocol, port):
            return Heard(Arrival(where, "", "", answer=INGRESS))
        if port in _NODE_PORTS:
            return Heard(Arrival(where, "", "", answer=_NODE_PORTS[port]))
        if (service := topology.services.rules.health_checks.get(port)) is not None:
            return Heard(Arrival(where, "", "", answer=_health(topology, service, node)))
    message = f"nothing listens on port {port}/{protocol} of node {node.name}"
    return Heard(End(where, "PortNotDeclared", message, REFUSED, tuple(_node_port_hints(topology, port))))


def health_at(topology: Topology, service: str, node: Node) -> tuple[int, Object]:
    """What the node answers at the health check node port of a service, by its key: the code, and the body."""
    version = 6 if node.addresses and ":" in node.addresses[0] else 4
    ports = ports_of(topology.services.by_key[service])
    endpoints = [each for port in ports for each in topology.slices.endpoints(port, version=version)]
    return health_check(service, endpoints, node.name)


def _health(topology: Topology, service: str, node: Node) -> str:
    code, body = health_at(topology, service, node)
    return f"health check of {service}: {code}, {body['localEndpoints']} endpoints on this node"


def _node_port_hints(topology: Topology, number: int) -> list[str]:
    """Services whose own port it is, under another port of the nodes."""
    return [
        f"{number} is a port of service {port.service}; on nodes it is {port.node_port}"
        for service in topology.services
        for port in ports_of(service)
        if port.node_port and number in {port.number, port.target}
    ]


def _state(status: Object) -> str:
    for name, state in (status.get("state") or {}).items():
        reason = state.get("reason")
        return f"{name} ({reason})" if reason else name
    return "not started"
