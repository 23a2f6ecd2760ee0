"""Where a packet is lost: what the client sees of it, and what is likely to be the mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fauxkube.ipam.families import family_of
from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.network import cluster_dns, mistakes
from fauxkube.network.dns_access import REMEDY
from fauxkube.network.endpoints import Endpoint
from fauxkube.network.hops import End
from fauxkube.network.hosts import Node, Pod
from fauxkube.network.places import Place, Target
from fauxkube.network.policy import Direction
from fauxkube.network.proxy import LOCAL, Decision, Entry, Rule, ServicePort, Verdict, ports_of
from fauxkube.network.routes import Route, node_problem
from fauxkube.network.topology import Topology

TIMES_OUT = "the connection times out"
REFUSED = "connection refused"
UNKNOWN_NAME = "the name is not known"

#: Why no name is known: nobody would answer.
NO_DNS = "NoDNS"


def cannot_send(sender: Place, target: str = "") -> End | None:
    """Why nothing leaves the sender, for an address where one is given; None when it can send."""
    where, pod = str(sender), sender.pod
    if pod is not None and (pod.is_over or not pod.addresses):
        state = "has ended" if pod.is_over else "has no address"
        likely = (*mistakes.of_pod(pod), *mistakes.of_node(sender.node))
        return End(where, "SenderHasNoNetwork", f"pod {pod.key} {state}", "nothing is sent", likely)
    if pod is not None and sender.node is None:
        return End(where, "NodeGone", f"there is no node {pod.node}", "nothing is sent")
    if sender.node is not None and (problem := node_problem(sender.node)):
        return node_down(sender.node, problem)
    if target and (family := family_of(target)) not in sender.families:
        message = f"{where} has no {family} address to send from to {target}"
        return End(where, "NoAddressOfFamily", message, "nothing is sent", ("both need an address of one IP family",))
    return None


def node_down(node: Node, problem: str) -> End:
    """The node forwards nothing."""
    return End(node.place, "NodeDown", problem, TIMES_OUT)


def in_circles(node: Node) -> End:
    """Services lead to each other."""
    message = "the packet goes from service to service without an end"
    return End(node.place, "Loop", message, TIMES_OUT, ("endpoints given by hand lead back to a service",))


def no_route(topology: Topology, route: Route, node: Node) -> End:
    """No way leads to the address from the node."""
    down = route.node is not None and not route.node.is_up
    likely = () if down else mistakes.of_route(topology, route, node)
    return End(node.place, "NodeDown" if down else "NoRoute", route.problem, TIMES_OUT, likely)


def wrong_receiver(topology: Topology, meant: str, pod: Pod, node: Node, address: str) -> End:
    """The address leads to another pod than the one that is meant."""
    wanted = topology.pods.by_key.get(meant)
    where = f" on {wanted.node}" if wanted is not None and wanted.node else ""
    message = f"{address} is pod {pod.key} on {node.name}, not pod {meant}{where}"
    likely = (mistakes.FORBIDDEN,) if node.is_alone else (f"pods {pod.key} and {meant} have the same address",)
    return End(pod.place, "WrongReceiver", message, "somebody else is asked", likely)


def unreachable_from_outside(topology: Topology, address: str, where: str) -> End:
    """The address means nothing outside the cluster."""
    rules = topology.services.rules.at_address(address)
    if not rules:
        message = f"{address} is no address that leads into the cluster from outside"
        return End(where, "NoRoute", message, TIMES_OUT, ("pods have addresses in the cluster only",))
    service = topology.services.by_key[rules[0].port.service]
    message = f"{address} is the cluster IP of service {rules[0].port.service}: a rule on nodes, no address outside"
    return End(where, "NoRoute", message, TIMES_OUT, mistakes.of_entry(topology, service))


def no_receiver(rule: Rule) -> End:
    """The load balancer has no node to send to."""
    message = f"no node takes traffic for {rule.port.service} from its {rule.entry}"
    likely = ("externalTrafficPolicy is Local, and no ready endpoint is on any node",) if rule.policy == LOCAL else ()
    return End(str(rule.entry), "NoReceiver", message, TIMES_OUT, likely)


def no_such_port(topology: Topology, rules: Sequence[Rule], protocol: str, port: int, node: Node) -> End:
    """The address is a service's, the port is not."""
    service = topology.services.by_key[rules[0].port.service]
    message = f"service {rules[0].port.service} has no port {port}/{protocol}"
    likely = mistakes.of_port(service, protocol, port)
    return End(node.place, "ServicePortUnknown", message, TIMES_OUT, likely)


def no_backend(topology: Topology, rule: Rule, decision: Decision, node: Node) -> End:
    """The rule has nothing to send to."""
    where, service = node.place, topology.services.by_key[rule.port.service]
    if decision.verdict is Verdict.REJECT:
        likely = mistakes.of_backends(topology, service, rule.port)
        return End(where, "NoEndpoints", decision.reason, REFUSED, likely)
    if not decision.policy:
        return End(where, "SourceRangeDenied", decision.reason, TIMES_OUT)
    field = "internalTrafficPolicy" if rule.entry is Entry.CLUSTER_IP else "externalTrafficPolicy"
    likely = (f"{field} is Local: only endpoints on the node itself are used",)
    return End(where, "NoLocalEndpoints", decision.reason, TIMES_OUT, likely)


def why_excluded(endpoint: Endpoint, decision: Decision, node: Node) -> str:
    """Why a rule leaves the endpoint out."""
    if not endpoint.ready:
        return "terminating" if endpoint.terminating else "not ready"
    if decision.policy == LOCAL and endpoint.node != node.name:
        return "on another node"
    return "hinted for elsewhere" if decision.candidates.topology else "not asked"


def with_target_port(end: End, service: str, port: int) -> End:
    """Where a service led to a port that nobody listens on, its target port may be the mistake."""
    if end.reason != "PortNotDeclared":
        return end
    return replace(end, likely=(*end.likely, f"service {service} leads to port {port}: is its targetPort right?"))


def policy_denies(pod: Pod, direction: Direction, policies: Sequence[str], packet: str, source: str) -> End:
    """No policy that selects the pod lets the packet pass."""
    what = f"{packet} from {source}" if direction is Direction.INGRESS else packet
    named = ", ".join(policies)
    message = f"no {direction} rule of {named} allows {what}"
    likely = (f"pod {pod.key} is isolated for {direction} by {named}: allow it there, or in a policy of its own",)
    return End(pod.place, "PolicyDenied", message, TIMES_OUT, likely)


def names_denied(pod: Pod, policies: Sequence[str]) -> End:
    """The pod may not ask the cluster's DNS."""
    named = ", ".join(policies)
    message = f"no egress rule of {named} allows queries to the cluster's DNS (UDP 53)"
    return End(pod.place, "PolicyDenied", message, UNKNOWN_NAME, (REMEDY,))


def no_dns(topology: Topology) -> End:
    """Nobody is behind the service that stands for the cluster's DNS."""
    service = topology.services.by_key[cluster_dns.KEY]
    likely = mistakes.of_backends(topology, service, ports_of(service)[0])
    message = f"service {cluster_dns.KEY} has no endpoint that is ready: nothing answers names"
    return End("DNS", NO_DNS, message, UNKNOWN_NAME, likely)


def dns_unreachable(address: str, end: End) -> End:
    """There is a DNS, and queries to it end like this."""
    message = f"queries to the cluster's DNS at {address} are lost: {end.message}"
    return End(end.where, "DNSUnreachable", message, UNKNOWN_NAME, end.likely)


def name_not_found(topology: Topology, name: str, sender: Place) -> End:
    """No query for the name led to an address."""
    message = f"{name} is no name that {sender} can look up"
    return End("DNS", "NameNotFound", message, UNKNOWN_NAME, mistakes.of_name(topology, name, sender.namespace))


def name_not_asked_here(sender: Place, pod: Pod, name: str) -> End:
    """The sender asks another DNS than the cluster's, which does not know the name."""
    message = f"{sender} does not ask the cluster's DNS, and its own does not know {name}"
    return End("DNS", "NameNotFound", message, UNKNOWN_NAME, (mistakes.of_dns_policy(pod),))


def of_another_family(sender: Place, service: str, addresses: Sequence[str]) -> End:
    """The name is known, but has no record that the sender asks for."""
    had = " and ".join(map(family_of, addresses))
    message = f"service {service} has {had} addresses only, {sender} {' and '.join(sender.families)} ones"
    likely = ("ipFamilyPolicy: PreferDualStack gives a service addresses of both families, if the cluster has both",)
    return End("DNS", "NoAddressOfFamily", message, UNKNOWN_NAME, likely)


def not_there(topology: Topology, target: Target) -> End:
    """Nothing has the name that the question gave the target."""
    what = target.name if target.kind == "node" else f"{target.name} in namespace {target.namespace}"
    likely = mistakes.of_target(topology, target)
    return End(str(target.kind), "NotFound", f"there is no {target.kind} {what}", "there is nothing to ask for", likely)


def no_address(topology: Topology, target: Target) -> End:
    """The target is there, but has no address."""
    message = f"{target.kind} {target.key if target.namespace else target.name} has no address"
    pod = topology.pods.by_key.get(target.key)
    likely = (*mistakes.of_pod(pod), *mistakes.of_node(topology.nodes.by_name.get(pod.node))) if pod else ()
    return End(str(target.kind), "NoAddress", message, TIMES_OUT, likely)


def no_endpoints_of_headless(topology: Topology, service: str, port: ServicePort | None) -> End:
    """A headless service without a ready endpoint has no records."""
    found = topology.services.by_key[service]
    message = f"headless service {service} has no ready endpoints, so its name has no addresses"
    likely = mistakes.of_backends(topology, found, port) if port else mistakes.of_selector(topology, found)
    return End("DNS", "NoEndpoints", message, UNKNOWN_NAME, likely)


def no_way_in(topology: Topology, service: str) -> End:
    """The service has nothing that can be reached from outside."""
    found = topology.services.by_key[service]
    addresses = ", ".join(cluster_ips(found)) or "no address at all"
    message = f"service {service} has {addresses}: nothing that leads in from outside"
    return End("outside", "NoRoute", message, TIMES_OUT, mistakes.of_entry(topology, found))
