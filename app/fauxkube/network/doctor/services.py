"""Services that lead nowhere: by their selector, their ports, their pods, endpoints made by hand, or another name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, count

from fauxkube.kinds.core.pod_status import find_port
from fauxkube.machinery.objects import Object, key_of, name_of, namespace_of
from fauxkube.network import mistakes
from fauxkube.network.dns_answers import respond
from fauxkube.network.doctor.finding import SHOWN, WARNING, Finding, counted, listed, place
from fauxkube.network.doctor.selection import Selection
from fauxkube.network.endpoints import Endpoint
from fauxkube.network.hops import End
from fauxkube.network.hosts import Node, Pod, is_address
from fauxkube.network.listening import at_pod
from fauxkube.network.proxy import Entry, ServicePort, ports_of, rules_of
from fauxkube.network.routes import route
from fauxkube.network.topology import Topology

_EXTERNAL_NAME = "ExternalName"
#: For how many services labels are compared with those of all pods.
_MOST_GUESSES = 20
#: Whose endpoint is the API server, which is no pod.
_OF_THE_API_SERVER = "default/kubernetes"


def examine(topology: Topology) -> Iterator[Finding]:
    """What is wrong with the services."""
    selection = Selection(topology)
    guesses = count(1)
    for service in topology.services:
        if service["spec"].get("type") == _EXTERNAL_NAME:
            yield from _external(topology, service)
        elif service["spec"].get("selector"):
            yield from _selecting(topology, service, selection.behind(service), guesses)
        elif key_of(service) != _OF_THE_API_SERVER:
            yield from _by_hand(topology, service, ports_of(service))
        yield from _balanced(service)
    yield from _claimed_twice(topology)


def _selecting(
    topology: Topology, service: Object, selected: Sequence[Pod], guesses: Iterator[int]
) -> Iterator[Finding]:
    if selected:
        yield from _of_pods(topology, service, selected)
        yield from chain.from_iterable(_of_port(service, port, selected) for port in ports_of(service))
        return
    likely = mistakes.of_selector(topology, service) if next(guesses) <= _MOST_GUESSES else ()
    yield Finding("SelectorMatchesNothing", place("service", service), "its selector matches no pod", likely)


def _balanced(service: Object) -> Iterator[Finding]:
    if service["spec"].get("type") == "LoadBalancer" and not _has_balancer(service):
        likely = ("the load balancers' range is used up, or it asks for a class of balancers that is not here",)
        message = "no load balancer has given it an address"
        yield Finding("NoLoadBalancer", place("service", service), message, likely, WARNING)


def _external(topology: Topology, service: Object) -> Iterator[Finding]:
    """Names of the world may be anything; the cluster's own have to be there."""
    target = (service["spec"].get("externalName") or "").rstrip(".")
    at = place("service", service)
    if is_address(target):
        message = f"its external name is the address {target}, which no name server answers with"
        yield Finding("ExternalNameIsAddress", at, message, ("a service with endpoints made by hand takes addresses",))
    elif target.endswith(f".{topology.domain}") and not _has_records(topology, target):
        name = ".".join(target.removesuffix(f".{topology.domain}").removesuffix(".svc").split(".")[-2:])
        likely = mistakes.of_name(topology, name, namespace_of(service))
        message = f"its external name {target} leads to nothing in the cluster"
        yield Finding("DanglingExternalName", at, message, likely)


def _has_records(topology: Topology, name: str) -> bool:
    return any(respond(topology, name, family).answer for family in ("A", "AAAA"))


def _has_balancer(service: Object) -> bool:
    return bool(((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"))


def _of_pods(topology: Topology, service: Object, selected: Sequence[Pod]) -> Iterator[Finding]:
    """Whether those behind it are ready, as its slices tell: they say so too where it publishes what is not ready."""
    at = place("service", service)
    listed_ready = {
        (each.get("targetRef") or {}).get("name")
        for found in topology.slices.of(key_of(service))
        for each in found.get("endpoints") or ()
        if (each.get("conditions") or {}).get("ready") is not False
    }
    unready = [pod for pod in selected if pod.name not in listed_ready and not pod.is_ready]
    likely = tuple(hint for pod in unready[:SHOWN] for hint in mistakes.of_pod(pod)[:1])
    if len(unready) == len(selected):
        message = f"none of its {counted(len(selected), 'pod')} is ready"
        yield Finding("NoReadyEndpoints", at, message, likely)
    elif unready:
        message = f"{len(unready)} of its {len(selected)} pods are not ready: {listed(pod.name for pod in unready)}"
        yield Finding("SomeNotReady", at, message, likely, WARNING)


def _of_port(service: Object, port: ServicePort, selected: Sequence[Pod]) -> Iterator[Finding]:
    """Whether anybody listens on the target port."""
    deaf = [pod for pod in selected if not _listens(pod, port)]
    if not deaf:
        return
    at = place("service", service)
    declared = {", ".join(map(str, pod.ports())) or "no port" for pod in deaf}
    likely = (f"the pods declare {' or '.join(sorted(declared))}",)
    what = f"port {port.name or port.number} leads to {port.target!r}" if port.name else f"targetPort {port.target!r}"
    if len(deaf) == len(selected):
        message = f"{what}: no pod behind it listens there ({port.protocol})"
        yield Finding("TargetPortUnknown", at, message, likely)
    else:
        message = f"{what}: {len(deaf)} of {len(selected)} pods do not listen there: {listed(pod.name for pod in deaf)}"
        yield Finding("TargetPortUnknown", at, message, likely, WARNING)


def _listens(pod: Pod, port: ServicePort) -> bool:
    """A pod that declares no ports is taken to listen on any number."""
    if isinstance(port.target, str):
        wanted = {"targetPort": port.target, "port": port.number, "protocol": port.protocol}
        return find_port(pod.object, wanted) is not None
    declared = list(pod.ports())
    return not declared or any((each.number, each.protocol) == (port.target, port.protocol) for each in declared)


def _by_hand(topology: Topology, service: Object, ports: Sequence[ServicePort]) -> Iterator[Finding]:
    """Endpoints that somebody has made: they have to lead to somewhere."""
    at = place("service", service)
    slices = topology.slices
    endpoints = [each for port in ports for version in (4, 6) for each in slices.endpoints(port, version=version)]
    if not endpoints and ports:
        message = "it has no selector, and no endpoints were made for it"
        there = [name_of(each) for each in slices.of(key_of(service))]
        likely = (f"its slices {', '.join(there)} have no endpoints for its ports",) if there else ()
        yield Finding("NoEndpoints", at, message, likely)
    start = next((node for node in topology.nodes if node.is_up), None)
    for endpoint in endpoints if start is not None else ():
        assert start is not None
        if problem := _nowhere(topology, start, endpoint):
            yield Finding("EndpointLeadsNowhere", at, f"its endpoint {endpoint} leads nowhere: {problem}")


def _nowhere(topology: Topology, start: Node, endpoint: Endpoint) -> str:
    if endpoint.pod and endpoint.pod not in topology.pods.by_key:
        return f"there is no pod {endpoint.pod}"
    found = route(topology, start, endpoint.address)
    if found.problem or found.pod is None:
        return found.problem
    heard = [at_pod(found.pod, protocol, endpoint.port) for protocol in ("TCP", "UDP", "SCTP")]
    ends = [each for each in heard if isinstance(each, End)]
    return ends[0].message if len(ends) == len(heard) else ""


def _claimed_twice(topology: Topology) -> Iterator[Finding]:
    """Node ports and outer addresses that two services want: who comes first gets the traffic."""
    owners: dict[str, dict[str, None]] = {}
    for service in topology.services:
        for rule in rules_of(service):
            if rule.entry is Entry.NODE_PORT:
                what = f"node port {rule.port.node_port}/{rule.port.protocol}"
            elif rule.entry is Entry.EXTERNAL_IP:
                what = f"external IP {rule.address} with port {rule.port.number}/{rule.port.protocol}"
            else:
                continue
            owners.setdefault(what, {})[key_of(service)] = None
    for what, (first, *others) in owners.items():
        for other in others:
            yield Finding("ClaimedTwice", f"service/{other}", f"{what} is service {first}'s too")
