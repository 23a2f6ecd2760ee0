"""Where the first packet of a trace goes: what its target means, looked up by name where it has to be.

A service is meant by its cluster IP, from outside by its load balancer's address, an external IP or a node port. A name
that is the world's stands for an address out there.
"""

from __future__ import annotations

from dataclasses import dataclass

from fauxkube.ipam.families import IPV4, IPV6, family_of
from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.machinery.objects import Object, key_of, name_of
from fauxkube.network import diagnosis, dns_way
from fauxkube.network.errors import TraceError
from fauxkube.network.hops import End, Hop, Lookup
from fauxkube.network.hosts import DEFAULT_PROTOCOL, Pod, is_address
from fauxkube.network.hosts_file import found_in, hosts_file, node_hosts_file
from fauxkube.network.names import Answered, service_name
from fauxkube.network.places import Kind, Place, Target
from fauxkube.network.proxy import ServicePort, balanced_ips, ports_of
from fauxkube.network.resolv_conf import OUTSIDE, ResolverConfig, config_of
from fauxkube.network.resolver import Resolved, resolve
from fauxkube.network.topology import Topology

#: What stands for the addresses of the world's names (RFC 5737, RFC 3849: for documentation).
WORLD_ADDRESSES = {IPV4: "198.51.100.1", IPV6: "2001:db8:2::1"}
_DEFAULT_PORT = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """The question, read. `port` is a number, a name, or empty; so may `protocol` be."""

    sender: Place
    target: Target
    protocol: str
    port: str

    @property
    def number(self) -> int | None:
        """The port as a number, if it is one."""
        return int(self.port) if self.port.isascii() and self.port.isdigit() else None


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the first packet goes to, or the end of the search for it; `hops` are the queries that it took."""

    addresses: tuple[str, ...] = ()
    port: int = 0
    protocol: str = DEFAULT_PROTOCOL
    hops: tuple[Hop, ...] = ()
    end: End | None = None
    headless: str = ""


def find_aim(topology: Topology, asked: Asked) -> Aim:
    """What the question is aimed at."""
    find = {Kind.POD: _at_pod, Kind.SERVICE: _at_service, Kind.NODE: _at_node, Kind.HOST: _at_host}
    return find[asked.target.kind](topology, asked)


def _at_pod(topology: Topology, asked: Asked) -> Aim:
    pod = topology.pods.by_key.get(asked.target.key)
    if pod is None:
        return Aim(end=diagnosis.not_there(topology, asked.target))
    protocol = asked.protocol or DEFAULT_PROTOCOL
    port = asked.number or _declared(pod, asked.port, protocol)
    if not pod.addresses or pod.is_over:
        return Aim(port=port, protocol=protocol, end=diagnosis.no_address(topology, asked.target))
    return Aim(asked.sender.reachable(pod.addresses)[:1], port, protocol)


def _declared(pod: Pod, name: str, protocol: str) -> int:
    """The port of that name, or without one the first."""
    found = [port.number for port in pod.ports() if port.protocol == protocol and name in {"", port.name}]
    if name and not found:
        raise TraceError(f"pod {pod.key} declares no port named {name!r}")
    return found[0] if found else _DEFAULT_PORT


def _at_node(topology: Topology, asked: Asked) -> Aim:
    node = topology.nodes.by_name.get(asked.target.name)
    if node is None:
        return Aim(end=diagnosis.not_there(topology, asked.target))
    if asked.number is None:
        raise TraceError(f"which port of node {node.name}? Write node/{node.name}:PORT")
    protocol = asked.protocol or DEFAULT_PROTOCOL
    if not node.addresses:
        return Aim(port=asked.number, protocol=protocol, end=diagnosis.no_address(topology, asked.target))
    return Aim(asked.sender.reachable(node.addresses)[:1], asked.number, protocol)


def _at_service(topology: Topology, asked: Asked) -> Aim:
    service = topology.services.by_key.get(asked.target.key)
    if service is None:
        return Aim(end=diagnosis.not_there(topology, asked.target))
    number, protocol, port = _port_of(service, asked)
    if addresses := cluster_ips(service):
        if asked.sender.node is not None or asked.sender.pod is not None:
            return Aim(asked.sender.reachable(addresses)[:1], number, protocol)
        return _from_outside(topology, asked, service, port)
    return _by_name(topology, asked, f"{service_name(topology, service)}.", number, protocol)


def _from_outside(topology: Topology, asked: Asked, service: Object, port: ServicePort | None) -> Aim:
    """By its load balancer, an external IP, or a node port of the first node that is up."""
    number, protocol, _ = _port_of(service, asked)
    families = list(map(family_of, cluster_ips(service)))
    if addresses := balanced_ips(service) or service["spec"].get("externalIPs"):
        return Aim(asked.sender.reachable(addresses)[:1], number, protocol)
    node = next((node for node in topology.nodes if node.is_up and node.addresses), None)
    if port is not None and port.node_port and node is not None:
        served = [each for each in node.addresses if family_of(each) in families]
        return Aim(asked.sender.reachable(served or node.addresses)[:1], port.node_port, protocol)
    return Aim(port=number, protocol=protocol, end=diagnosis.no_way_in(topology, key_of(service)))


def _port_of(service: Object, asked: Asked) -> tuple[int, str, ServicePort | None]:
    """The number and protocol that are asked for, and the service's port if it has that one."""
    ports = [port for port in ports_of(service) if asked.protocol in {"", port.protocol}]
    if asked.number is None and asked.port:
        ports = [port for port in ports if port.name == asked.port]
        if not ports:
            raise TraceError(f"service {asked.target.key} has no port named {asked.port!r}")
    found = next((port for port in ports if asked.number in {None, port.number}), None)
    if found is not None:
        return found.number, found.protocol, found
    return asked.number or _DEFAULT_PORT, asked.protocol or DEFAULT_PROTOCOL, None


def _at_host(topology: Topology, asked: Asked) -> Aim:
    name = asked.target.name
    if asked.port and asked.number is None:
        raise TraceError(f"{asked.port!r} is no number: only a service's and a pod's ports have names")
    if name == "localhost":
        name = "127.0.0.1"
    if not is_address(name):
        return _by_name(topology, asked, name, asked.number, asked.protocol)
    port, protocol = _port_at(topology, name, asked.number, asked.protocol)
    return Aim((name,), port, protocol)


def _port_at(topology: Topology, address: str, number: int | None, protocol: str) -> tuple[int, str]:
    """The port that is asked for, else the first of the service whose address it is."""
    for rule in topology.services.rules.at_address(address):
        if number in {None, rule.port.number} and protocol in {"", rule.port.protocol}:
            return rule.port.number, rule.port.protocol
    return number or _DEFAULT_PORT, protocol or DEFAULT_PROTOCOL


# By name


def _by_name(topology: Topology, asked: Asked, name: str, number: int | None, protocol: str) -> Aim:
    sender, pod = asked.sender, asked.sender.pod
    if own := _in_hosts_file(topology, sender, name):
        port, protocol = _port_at(topology, own[0], number, protocol)
        return Aim(own, port, protocol, (Lookup(str(sender), name, "hosts", Answered.NOERROR, own),))
    config = config_of(topology, pod) if pod is not None else OUTSIDE
    if pod is not None and config.in_cluster and (end := dns_way.lost(topology, sender)) is not None:
        return Aim(port=number or _DEFAULT_PORT, protocol=protocol or DEFAULT_PROTOCOL, end=end)
    found = resolve(topology, name, config, types=_types(sender))
    hops = tuple(Lookup(str(sender), each.name, each.type, each.status, each.records) for each in found.asked)
    if found.addresses:
        addresses = sender.reachable(found.addresses)
        port, protocol = _port_at(topology, addresses[0], number, protocol)
        return Aim(addresses, port, protocol, hops, headless=_headless(topology, found))
    port, protocol = number or _DEFAULT_PORT, protocol or DEFAULT_PROTOCOL
    if addresses := _of_ingress(topology, name):
        lookup = Lookup(str(sender), name, "A", "NOERROR", addresses)
        return Aim(addresses[:1], port, protocol, (*hops, lookup))
    if _is_the_worlds(topology, sender, found.forwarded):
        return Aim((WORLD_ADDRESSES[sender.families[0]],), port, protocol, hops)
    return Aim(port=port, protocol=protocol, hops=hops, end=_unknown(topology, name, sender, config))


def _in_hosts_file(topology: Topology, sender: Place, name: str) -> tuple[str, ...]:
    """The addresses that the sender's own /etc/hosts has for the name."""
    if sender.pod is not None:
        text = hosts_file(topology, sender.pod)
    else:
        text = node_hosts_file(sender.node) if sender.node is not None else ""
    return found_in(text, name, like=sender.address)


def _types(sender: Place) -> tuple[str, ...]:
    """One query for each family that the answer can be of use in."""
    return tuple("AAAA" if family == IPV6 else "A" for family in sender.families) or ("A",)


def _of_ingress(topology: Topology, name: str) -> tuple[str, ...]:
    """The nodes' addresses, which the world's DNS has for a host of an ingress; none for any other name."""
    if not topology.ingresses.routes.serves(name.rstrip(".")):
        return ()
    return tuple(node.addresses[0] for node in topology.nodes if node.is_up and node.addresses)


def _is_the_worlds(topology: Topology, sender: Place, name: str) -> bool:
    """Whether a name may be somebody's out there: a bare word, or a service with a namespace after it, is not."""
    if (sender.node is None and sender.pod is None) or "." not in name:
        return False
    first, *rest = name.split(".")
    if len(rest) == 1 and any(name_of(service) == first for service in topology.services):
        return False
    return not name.endswith((f".{topology.domain}", ".svc", ".local"))


def _headless(topology: Topology, found: Resolved) -> str:
    """The key of the headless service that the name belongs to; empty for any other name."""
    labels = found.canonical.removesuffix(f".svc.{topology.domain}").split(".")
    key = "/".join(reversed(labels[-2:]))
    service = topology.services.by_key.get(key)
    return key if service is not None and not cluster_ips(service) else ""


def _unknown(topology: Topology, name: str, sender: Place, config: ResolverConfig) -> End:
    """The name leads nowhere: a service that is there has addresses of another family, or nobody behind it."""
    if sender.pod is not None and not config.in_cluster:
        return diagnosis.name_not_asked_here(sender, sender.pod, name)
    first, _, rest = name.rstrip(".").partition(".")
    key = f"{rest.split('.')[0] or sender.namespace}/{first}"
    service = topology.services.by_key.get(key)
    if service is not None and not cluster_ips(service) and service["spec"].get("type") != "ExternalName":
        return diagnosis.no_endpoints_of_headless(topology, key, next(iter(ports_of(service)), None))
    families = set(map(family_of, cluster_ips(service))) if service is not None else set()
    if service is not None and families and families.isdisjoint(sender.families):
        return diagnosis.of_another_family(sender, key, cluster_ips(service))
    return diagnosis.name_not_found(topology, name, sender)
