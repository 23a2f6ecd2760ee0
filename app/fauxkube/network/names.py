"""The cluster's names: the records of Kubernetes' DNS specification (1.1.0), looked up in the topology.

Answered as CoreDNS' plugin `kubernetes` does with the configuration that kubeadm gives it. A service has A or AAAA
records with its cluster IPs, a headless one with its ready endpoints', both SRV records; addresses have PTR records,
external names are CNAMEs. An endpoint is called by its hostname, else by its address with dashes, and
`1-2-3-4.NAMESPACE.pod` is that address whether or not a pod has it (`pods insecure`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.machinery.objects import Object, key_of, name_of, namespace_of
from fauxkube.network import cluster_dns
from fauxkube.network.endpoints import service_of
from fauxkube.network.hosts import is_address
from fauxkube.network.proxy import ports_of
from fauxkube.network.topology import Topology

SCHEMA_VERSION = "1.1.0"
#: Seconds, by kubeadm's `ttl 30`; the schema's version has a time of its own.
TTL, TTL_OF_VERSION = 30, 28800
_REVERSE = (".in-addr.arpa", ".ip6.arpa")
_NAMESERVER = "ns.dns"
#: Of which the SRV records of a name get a share each.
_WEIGHT = 100


class Answered(StrEnum):
    """How a query was answered: with records or none of the type, by denying the name, or not by the cluster."""

    NOERROR = "NOERROR"
    NXDOMAIN = "NXDOMAIN"
    FORWARDED = "forwarded"


@dataclass(frozen=True, slots=True)
class Record:
    """A record, in the text form of its type."""

    name: str
    type: str
    text: str
    ttl: int = TTL


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of a name, in the text form of their type; `type` is CNAME where another name was found instead.

    `additional` are the addresses of names in the records.
    """

    status: Answered
    type: str
    records: tuple[str, ...] = ()
    additional: tuple[Record, ...] = ()
    ttl: int = TTL


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something that a name leads to: an address or an external name. `target` is the name that SRV records give it.

    `port` is None where none is declared.
    """

    host: str
    target: str
    port: int | None = 0

    @property
    def type(self) -> str:
        if not is_address(self.host):
            return "CNAME"
        return "AAAA" if ":" in self.host else "A"


@dataclass(frozen=True, slots=True)
class _Named:
    """An endpoint under the name that it has below its service's, with its ports' names, protocols and numbers."""

    name: str
    address: str
    ports: Sequence[tuple[str, str, int | None]]


def query(topology: Topology, name: str, type: str) -> Answer:
    """What the cluster's DNS answers for an absolute name; what it is not responsible for it forwards."""
    name = name.rstrip(".").lower()
    if name.endswith(_REVERSE):
        return _reverse(topology, name, type)
    domain = topology.domain
    if name != domain and not name.endswith(f".{domain}"):
        return Answer(Answered.FORWARDED, type)
    return _in_domain(topology, name.removesuffix(domain).rstrip("."), type)


def service_name(topology: Topology, service: Object) -> str:
    """`shop.default.svc.cluster.local`."""
    return f"{name_of(service)}.{namespace_of(service)}.svc.{topology.domain}"


def dashed(address: str) -> str:
    """An address as a part of a name."""
    return address.replace(".", "-").replace(":", "-")


def start_of_authority(topology: Topology, serial: int) -> Record:
    """What comes with every denial."""
    domain = topology.domain
    return Record(domain, "SOA", f"ns.dns.{domain}. hostmaster.{domain}. {serial} 7200 1800 86400 {TTL}")


def _in_domain(topology: Topology, name: str, type: str) -> Answer:
    """The answer for a name without the domain. What is asked for texts is never denied."""
    if type == "TXT":
        texts = (SCHEMA_VERSION,) if name == "dns-version" else ()
        return Answer(Answered.NOERROR, type, texts, ttl=TTL_OF_VERSION)
    if not name and type == "NS":
        return _name_servers(topology)
    if name == _NAMESERVER:
        return _of_type([_Entry(cluster_dns.address_of(topology), "")], type)
    found = _entries(topology, name.split(".") if name else [])
    return Answer(Answered.NXDOMAIN, type) if found is None else _of_type(found, type)


def _name_servers(topology: Topology) -> Answer:
    """The service that the DNS stands behind, else a name made for it."""
    service = topology.services.by_key.get(cluster_dns.KEY)
    name = f"{_NAMESERVER}.{topology.domain}" if service is None else service_name(topology, service)
    addresses = [cluster_dns.address_of(topology)] if service is None else cluster_ips(service)
    known = [each for each in addresses if each]
    additional = tuple(Record(name, "AAAA" if ":" in each else "A", each) for each in known)
    return Answer(Answered.NOERROR, "NS", (f"{name}.",) if known else (), additional)


def _of_type(entries: Sequence[_Entry], type: str) -> Answer:
    """The records of one type that the entries make."""
    if type == "SRV":
        return _services(entries)
    aliases = tuple(f"{each.host.rstrip('.')}." for each in entries if each.type == "CNAME")
    if aliases and type in {"A", "AAAA", "CNAME"}:
        return Answer(Answered.NOERROR, "CNAME", aliases[:1])
    found = (each.host for each in entries if each.type == type) if type in {"A", "AAAA"} else ()
    return Answer(Answered.NOERROR, type, tuple(dict.fromkeys(found)))


def _services(entries: Iterable[_Entry]) -> Answer:
    """Priority, weight, port and target of each, the targets' addresses beside them; external names have none."""
    internal = [each for each in entries if each.type != "CNAME"]
    weight = max(_WEIGHT // max(len(internal), 1), 1)
    declared = [each for each in internal if each.port is not None]
    records = dict.fromkeys(f"0 {weight} {each.port} {each.target}." for each in declared)
    additional = dict.fromkeys(Record(each.target, each.type, each.host) for each in declared)
    return Answer(Answered.NOERROR, "SRV", tuple(records), tuple(additional))


def _entries(topology: Topology, labels: list[str]) -> Sequence[_Entry] | None:
    """What a name without the domain leads to; nothing for one that others are below, None when there is no such name.

    `[ENDPOINT.|_PORT._PROTOCOL.]SERVICE.NAMESPACE.svc`, or `ADDRESS.NAMESPACE.pod`.
    """
    if not labels:
        return ()
    kind, *rest = reversed(labels)
    if kind not in {"svc", "pod"} or len(rest) > 4:
        return None
    if rest and rest[0] not in topology.namespaces:
        return None
    if len(rest) < 2:
        return ()
    namespace, name, *more = rest
    if kind == "pod":
        return _of_pod(topology, namespace, name)
    service = topology.services.by_key.get(f"{namespace}/{name}")
    return (_of_service(topology, service, more) or None) if service is not None else None


def _of_pod(topology: Topology, namespace: str, name: str) -> Sequence[_Entry] | None:
    """The name tells the address; whether a pod has it is not asked."""
    is_v4 = name.count("-") == 3 and "--" not in name
    address = name.replace("-", "." if is_v4 else ":")
    if not is_address(address):
        return None
    return (_Entry(address, f"{name}.{namespace}.pod.{topology.domain}"),)


def _of_service(topology: Topology, service: Object, more: list[str]) -> list[_Entry]:
    """What a service's name leads to, or one below it, whose labels come with the last first."""
    endpoint = more[0] if len(more) == 1 else ""
    wanted = _port_filter(*more) if len(more) == 2 else _port_filter("", "")
    name = service_name(topology, service)
    if service["spec"].get("type") == "ExternalName":
        host = service["spec"].get("externalName") or ""
        return [] if endpoint or is_address(host) else [_Entry(host, name)]
    addresses = cluster_ips(service)
    if addresses and not endpoint:
        ports = [port for port in ports_of(service) if wanted(port.name, port.protocol)]
        return [_Entry(address, name, port.number) for port in ports for address in addresses]
    return [
        _Entry(each.address, f"{each.name}.{name}", number)
        for each in _named_endpoints(topology.slices.of(key_of(service)))
        if endpoint in {"", each.name}
        for port, protocol, number in each.ports
        if wanted(port, protocol)
    ]


def _port_filter(protocol: str, name: str) -> Callable[[str, str], bool]:
    """Which ports `_NAME._PROTOCOL` means: any where it says nothing. The underscores may be missing."""
    wanted_name, wanted_protocol = name.removeprefix("_"), protocol.removeprefix("_")

    def is_meant(name: str, protocol: str) -> bool:
        return wanted_name in {"", name} and wanted_protocol in {"", protocol.lower()}

    return is_meant


def _named_endpoints(slices: Iterable[Object]) -> Iterator[_Named]:
    """The ready endpoints."""
    for each in slices:
        ports = [
            (port.get("name") or "", port.get("protocol") or "TCP", port.get("port"))
            for port in each.get("ports") or ()
        ]
        for endpoint in each.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready") is False or each["addressType"] == "FQDN":
                continue
            for address in endpoint["addresses"]:
                yield _Named(endpoint.get("hostname") or dashed(address), address, ports or [("", "", None)])


def _reverse(topology: Topology, name: str, type: str) -> Answer:
    """A service's name by its address, else those of the endpoints that have it; for others the world is asked."""
    address = _reversed_address(name) if type == "PTR" else ""
    names = tuple(f"{each}." for each in _names_of(topology, address)) if address else ()
    return Answer(Answered.NOERROR, type, names) if names else Answer(Answered.FORWARDED, type)


def _names_of(topology: Topology, address: str) -> Iterable[str]:
    for rule in topology.services.rules.at_address(address):
        service = topology.services.by_key[rule.port.service]
        if address in cluster_ips(service):
            return [service_name(topology, service)]
    return dict.fromkeys(
        f"{each.name}.{name}"
        for found, name in _slices_at(topology, address)
        for each in _named_endpoints([found])
        if each.address == address
    )


def _slices_at(topology: Topology, address: str) -> Iterator[tuple[Object, str]]:
    """The slices with the address, each with the name of its service."""
    for found in topology.slices.at(address):
        service = topology.services.by_key.get(service_of(found))
        if service is not None:
            yield found, service_name(topology, service)


def _reversed_address(name: str) -> str:
    """The address that a name below in-addr.arpa or ip6.arpa stands for; empty when it stands for none."""
    if name.endswith(".in-addr.arpa"):
        text = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
    else:
        digits = "".join(reversed(name.removesuffix(".ip6.arpa").split(".")))
        text = ":".join(digits[start : start + 4] for start in range(0, len(digits), 4))
    return str(ipaddress.ip_address(text)) if is_address(text) else ""
