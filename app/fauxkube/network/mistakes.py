"""What is likely to be wrong, and where to look: found by comparing what is there with what is close to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, get_close_matches

from fauxkube.kinds.core.node_network import NodeNetwork
from fauxkube.kinds.core.pod_status import condition, find_port
from fauxkube.machinery.objects import Labels, Object, name_of, namespace_of, split_key
from fauxkube.network.endpoints import socket_address
from fauxkube.network.hosts import Node, Pod
from fauxkube.network.places import Kind, Target
from fauxkube.network.proxy import ServicePort, balanced_ips, ports_of
from fauxkube.network.routes import Route
from fauxkube.network.topology import Topology

#: How many examples are enough.
_SHOWN = 3
#: What is wrong with a lone bridge on each node.
FORBIDDEN = (
    "this is what Kubernetes forbids: every node's bridge has the same range, so that pods on two nodes have the same "
    "addresses, and no route leads from one node's pods to another's"
)


def of_backends(topology: Topology, service: Object, port: ServicePort) -> tuple[str, ...]:
    """Why a service's port has nobody behind it."""
    selected = pods_behind(topology, service)
    if not selected:
        return of_selector(topology, service)
    unready = [pod for pod in selected if not pod.is_ready]
    hints = [hint for pod in unready[:_SHOWN] for hint in of_pod(pod)]
    if len(unready) > _SHOWN:
        hints.append(f"and {len(unready) - _SHOWN} more pods that are not ready")
    return (*hints, *_of_target_port(selected, port))


def of_selector(topology: Topology, service: Object) -> tuple[str, ...]:
    """Why a service selects no pod: the pods whose labels come nearest, or the namespace where they are."""
    selector: Labels = service["spec"].get("selector") or {}
    if not selector:
        return ("the service has no selector, and no endpoint slice was made for it by hand",)
    if pods := pods_behind(topology, service):
        return tuple(hint for pod in pods[:_SHOWN] if not pod.is_ready for hint in of_pod(pod))
    wanted = _labels(selector)
    elsewhere = sorted({pod.namespace for pod in topology.pods if _has(pod, selector) and not pod.is_over})
    hints = [f"pods with {wanted} are in namespace {each}, not in the service's" for each in elsewhere[:_SHOWN]]
    hints += _nearest(topology.pods.within(namespace_of(service)), selector)
    return tuple(hints or [f"no pod in namespace {namespace_of(service)} has any label like {wanted}"])


def of_pod(pod: Pod) -> tuple[str, ...]:
    """Why a pod is not ready, or has no address: what its conditions and containers say."""
    status = pod.object.get("status") or {}
    if pod.is_over:
        return (f"pod {pod.key} has ended ({status.get('phase')})",)
    hints = []
    for name, wanted in (("PodScheduled", "scheduled"), ("Ready", "ready")):
        found = condition(pod.object, name)
        if found is not None and found.get("status") != "True":
            because = ": ".join(text for text in (found.get("reason"), found.get("message")) if text)
            hints.append(f"pod {pod.key} is not {wanted} ({because or name})")
            break
    for each in status.get("containerStatuses") or ():
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            hints.append(f"container {each.get('name')} of pod {pod.key} waits: {waiting['reason']}")
        elif not each.get("ready") and "running" in (each.get("state") or {}) and _probe(pod, each.get("name")):
            hints.append(f"container {each['name']} of pod {pod.key} runs, but its readiness probe fails")
    return tuple(hints)


def of_node(node: Node | None) -> tuple[str, ...]:
    """Why a node's pods get no addresses; nothing when they do."""
    if node is None or (node.network is not None and node.network.blocks and not node.network.error):
        return ()
    network = node.network
    if network is None and not node.given_cidrs:
        return (f"node {node.name} has neither a network add-on nor a block of addresses",)
    if network is None:
        said = f": {node.message}" if node.ready == "False" and node.message else ""
        return (f"node {node.name} has no network add-on{said}",)
    if not network.error:
        return (f"{network.name} has put {network.conf} on node {node.name}, but its agent has not run there",)
    return (f"{network.name} on node {node.name}: {network.error}", *_of_range(node, network))


def _of_range(node: Node, network: NodeNetwork) -> Iterator[str]:
    if network.range and network.source and node.given_cidrs:
        blocks = ", ".join(node.given_cidrs)
        yield f"{network.source} says {network.range}, but the block of {node.name} is {blocks}: make them one"


def of_route(topology: Topology, route: Route, node: Node) -> tuple[str, ...]:
    """Why no route leads from the node: its network, or that of the pod's own node."""
    home = topology.nodes.by_name.get(route.pod.node) if route.pod is not None else route.node
    if node.is_alone or (home is not None and home.is_alone):
        return (FORBIDDEN,)
    if home is not None and node.joins(home):
        pod = route.pod
        if pod is None or any(home.holds(each) for each in pod.addresses):
            return ()
        blocks = ", ".join(home.pod_cidrs)
        return (f"the block of {home.name} is {blocks}: a pod from before its network add-on has to be made anew",)
    return (*of_node(node), *(of_node(home) if home is not None and home.name != node.name else ()))


def of_port(service: Object, protocol: str, port: int) -> tuple[str, ...]:
    """Which port was meant: the target port and the node port are not the service's own."""
    ports = ports_of(service)
    hints = []
    for each in ports:
        if each.number == port and each.protocol != protocol:
            hints.append(f"port {port} is {each.protocol}, not {protocol}")
        elif each.target == port:
            hints.append(f"{port} is the target port; the service's is {each.number}")
        elif each.node_port == port:
            hints.append(f"{port} is the node port; the service's own is {each.number}")
    listed = ", ".join(f"{each.name + ':' if each.name else ''}{each.number}/{each.protocol}" for each in ports)
    return (*hints, f"the service's ports are {listed}")


def of_name(topology: Topology, name: str, namespace: str) -> tuple[str, ...]:
    """Why a name leads nowhere: the service is in another namespace, is called otherwise, or nobody here can ask."""
    if not namespace:
        return ("only pods look up the cluster's names: give a node an address, or node:port",)
    wanted, _, rest = name.partition(".")
    where = rest.split(".")[0] or namespace
    named = [namespace_of(each) for each in topology.services if name_of(each) == wanted]
    elsewhere = [each for each in named if each != where]
    hints = [f"service {wanted} is in namespace {each}: {wanted}.{each}" for each in elsewhere]
    if rest and where not in topology.namespaces:
        hints.append(f"there is no namespace {where}")
    if (there := topology.services.by_key.get(f"{where}/{wanted}")) is not None:
        stands_for = there["spec"].get("externalName")
        leads = f"stands for {stands_for}, which leads to no address"
        right = f"is called {wanted}.{where}, or {wanted}.{where}.svc.{topology.domain}"
        return (*hints, f"service {where}/{wanted} {leads if stands_for else right}")
    if not elsewhere:
        known = [name_of(each) for each in topology.services.within(where)]
        hints += [f"did you mean {each}?" for each in get_close_matches(wanted, known, _SHOWN)]
    return tuple(hints) or (f"no service is called {wanted} in namespace {where}",)


def of_dns_policy(pod: Pod) -> str:
    """Why a pod asks another DNS than the cluster's."""
    policy = pod.object["spec"].get("dnsPolicy") or "ClusterFirst"
    if pod.host_network and policy == "ClusterFirst":
        return "pods of the node's network ask the node's DNS, unless their dnsPolicy is ClusterFirstWithHostNet"
    return f"its dnsPolicy is {policy}"


def of_target(topology: Topology, target: Target) -> tuple[str, ...]:
    """Where the target may be instead."""
    if target.kind is Kind.NODE:
        return similar(target.name, (node.name for node in topology.nodes))
    keys = list(topology.pods.by_key if target.kind is Kind.POD else topology.services.by_key)
    known = [split_key(key) for key in keys]
    if elsewhere := [namespace for namespace, name in known if name == target.name]:
        return tuple(f"{target.kind} {target.name} is in namespace {each}" for each in elsewhere[:_SHOWN])
    return similar(target.name, (name for namespace, name in known if namespace == target.namespace))


def of_entry(topology: Topology, service: Object) -> tuple[str, ...]:
    """How the service is reached from outside."""
    if addresses := balanced_ips(service):
        return (f"from outside it is {', '.join(addresses)}",)
    ports = [port for port in ports_of(service) if port.node_port]
    node = next((node for node in topology.nodes if node.is_up and node.addresses), None)
    if ports and node is not None:
        entry = socket_address(node.addresses[0], ports[0].node_port)
        return (f"from outside it is any node's address with its node port: {entry}",)
    return (f"its type is {service['spec'].get('type')}: NodePort and LoadBalancer are reached from outside",)


def pods_behind(topology: Topology, service: Object) -> list[Pod]:
    """The pods that a service selects and that have not ended."""
    selector = service["spec"].get("selector")
    if not selector:
        return []
    pods = topology.pods.within(namespace_of(service))
    return [pod for pod in pods if _has(pod, selector) and not pod.is_over]


def _of_target_port(pods: Iterable[Pod], port: ServicePort) -> Iterator[str]:
    """Ready pods that are no endpoints lack the port's name."""
    if not isinstance(port.target, str):
        return
    wanted = {"targetPort": port.target, "port": port.number, "protocol": port.protocol}
    lacking = [pod for pod in pods if find_port(pod.object, wanted) is None]
    for pod in lacking[:_SHOWN]:
        declared = ", ".join(map(str, pod.ports())) or "none"
        yield f"no container of pod {pod.key} has a port named {port.target!r}; it declares {declared}"


def _nearest(pods: Iterable[Pod], selector: Labels) -> list[str]:
    """The pods that miss the selector by the fewest labels, or by a slip of the pen."""
    distances = sorted((distance, pod.name, pod) for pod in pods if (distance := _distance(pod, selector)) is not None)
    return [
        f"pod {pod.name} has {_labels(pod.labels)}; the selector wants {_labels(selector)}"
        for distance, _, pod in distances[:_SHOWN]
        if distance == distances[0][0]
    ]


def _distance(pod: Pod, selector: Labels) -> tuple[int, float] | None:
    """How many labels differ, and how unlike their values are; None when nothing about them is alike."""
    missing = {name: value for name, value in selector.items() if pod.labels.get(name) != value}
    alike = len(missing) < len(selector) or any(
        name in pod.labels or get_close_matches(value, pod.labels.values(), 1) for name, value in missing.items()
    )
    unlike = sum(1 - SequenceMatcher(None, value, pod.labels.get(name, "")).ratio() for name, value in missing.items())
    return (len(missing), unlike) if alike else None


def _has(pod: Pod, selector: Labels) -> bool:
    return all(pod.labels.get(name) == value for name, value in selector.items())


def _labels(labels: Labels) -> str:
    return ",".join(f"{name}={value}" for name, value in labels.items()) or "no labels"


def _probe(pod: Pod, container: str | None) -> bool:
    return any(each["name"] == container and each.get("readinessProbe") for each in pod.object["spec"]["containers"])


def similar(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known names that come nearest."""
    return tuple(f"did you mean {each}?" for each in get_close_matches(name, list(known), _SHOWN))
