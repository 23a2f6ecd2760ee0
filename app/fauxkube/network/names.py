"""The cluster's names: the records that Kubernetes' DNS specification (1.1.0) asks for, looked up in the topology.

Services have A or AAAA records with their cluster IPs, headless ones with their ready endpoints', SRV records for their
named ports, PTR records for their addresses; external names are CNAMEs. An endpoint is called by its hostname, else by
its address with dashes, as CoreDNS does; `1-2-3-4.NAMESPACE.pod` is that address (CoreDNS' `pods insecure`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.machinery.objects import Object, name_of, namespace_of
from fauxkube.network.hosts import is_address
from fauxkube.network.proxy import ports_of
from fauxkube.network.topology import Topology

SCHEMA_VERSION = "1.1.0"
_REVERSE = (".in-addr.arpa", ".ip6.arpa")


class Answered(StrEnum):
    """How a query was answered: with records or none of the type, by denying the name, or not by the cluster."""

    NOERROR = "NOERROR"
    NXDOMAIN = "NXDOMAIN"
    FORWARDED = "forwarded"


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of a name, in the text form of their type."""

    status: Answered
    type: str
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Named:
    """An endpoint under the name that it has below its service's."""

    name: str
    address: str
    ports: tuple[tuple[str, str, int], ...]


def query(topology: Topology, name: str, type: str) -> Answer:
    """What the cluster's DNS answers for an absolute name; what it is not responsible for it forwards."""
    name = name.rstrip(".").lower()
    if name.endswith(_REVERSE):
        return _reverse(topology, name, type)
    domain = topology.domain
    if name != domain and not name.endswith(f".{domain}"):
        return Answer(Answered.FORWARDED, type)
    found = _records(topology, name.removesuffix(domain).rstrip("."))
    if found is None:
        return Answer(Answered.NXDOMAIN, type)
    if type in {"A", "AAAA"} and "CNAME" in found:
        return Answer(Answered.NOERROR, "CNAME", tuple(found["CNAME"]))
    return Answer(Answered.NOERROR, type, tuple(found.get(type, ())))


def service_name(topology: Topology, service: Object) -> str:
    """`shop.default.svc.cluster.local`."""
    return f"{name_of(service)}.{namespace_of(service)}.svc.{topology.domain}"


def dashed(address: str) -> str:
    """An address as a part of a name."""
    return address.replace(".", "-").replace(":", "-")


def _records(topology: Topology, name: str) -> dict[str, list[str]] | None:
    """The records by type of a name without the domain; None when there is no such name."""
    labels = name.split(".") if name else []
    if labels == ["dns-version"]:
        return {"TXT": [SCHEMA_VERSION]}
    if not labels or labels[-1] not in {"svc", "pod"}:
        return None if labels else {}
    kind = labels.pop()
    if not labels:
        return {}
    namespace = labels.pop()
    if namespace not in topology.namespaces:
        return None
    if not labels:
        return {}
    return _of_pod(labels) if kind == "pod" else _of_service(topology, namespace, labels)


def _of_pod(labels: list[str]) -> dict[str, list[str]] | None:
    """The name tells the address; whether a pod has it is not asked."""
    if len(labels) != 1:
        return None
    for address in (labels[0].replace("-", "."), labels[0].replace("-", ":")):
        if is_address(address):
            return _addresses([address])
    return None


def _of_service(topology: Topology, namespace: str, labels: list[str]) -> dict[str, list[str]] | None:
    service = topology.services.by_key.get(f"{namespace}/{labels.pop()}")
    if service is None:
        return None
    if service["spec"].get("type") == "ExternalName":
        return None if labels else {"CNAME": [f"{service['spec']['externalName'].rstrip('.')}."]}
    if addresses := cluster_ips(service):
        return _of_cluster_ip(topology, service, addresses, labels)
    return _of_headless(topology, service, labels)


def _of_cluster_ip(
    topology: Topology, service: Object, addresses: list[str], labels: list[str]
) -> dict[str, list[str]] | None:
    if not labels:
        return _addresses(addresses)
    target = service_name(topology, service)
    ports = [(port.name, port.protocol, port.number) for port in ports_of(service)]
    if srv := [_srv(number, target) for name, protocol, number in ports if labels == _port_labels(name, protocol)]:
        return {"SRV": srv}
    return _below(topology, service, labels)


def _of_headless(topology: Topology, service: Object, labels: list[str]) -> dict[str, list[str]] | None:
    endpoints = list(_named_endpoints(topology, service))
    if not labels:
        return _addresses([each.address for each in endpoints]) if endpoints else None
    parent = service_name(topology, service)
    srv = [
        _srv(number, f"{each.name}.{parent}")
        for each in endpoints
        for name, protocol, number in each.ports
        if labels == _port_labels(name, protocol)
    ]
    return {"SRV": sorted(set(srv))} if srv else _below(topology, service, labels)


def _below(topology: Topology, service: Object, labels: list[str]) -> dict[str, list[str]] | None:
    """An endpoint by its own name."""
    found = [each.address for each in _named_endpoints(topology, service) if [each.name] == labels]
    return _addresses(found) if found else None


def _named_endpoints(topology: Topology, service: Object) -> Iterator[_Named]:
    for each in topology.slices.of(f"{namespace_of(service)}/{name_of(service)}"):
        ports = tuple(
            (port.get("name") or "", port.get("protocol") or "TCP", port.get("port") or 0)
            for port in each.get("ports") or ()
        )
        for endpoint in each.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready") is False or each["addressType"] == "FQDN":
                continue
            for address in endpoint["addresses"]:
                yield _Named(endpoint.get("hostname") or dashed(address), address, ports)


def _reverse(topology: Topology, name: str, type: str) -> Answer:
    address = _reversed_address(name)
    if address is None:
        return Answer(Answered.NXDOMAIN, type)
    for rule in topology.services.rules.at_address(address):
        service = topology.services.by_key[rule.port.service]
        if address in cluster_ips(service):
            return _pointer(type, [service_name(topology, service)])
    if names := list(_endpoint_names(topology, address)):
        return _pointer(type, names)
    return Answer(Answered.FORWARDED, type)


def _pointer(type: str, names: list[str]) -> Answer:
    return Answer(Answered.NOERROR, type, tuple(f"{each}." for each in names) if type == "PTR" else ())


def _endpoint_names(topology: Topology, address: str) -> Iterator[str]:
    """The endpoint's names in headless services, and in others where it has a hostname."""
    for service in topology.services:
        headless = not cluster_ips(service)
        for each in _named_endpoints(topology, service):
            if each.address == address and (headless or each.name != dashed(address)):
                yield f"{each.name}.{service_name(topology, service)}"


def _reversed_address(name: str) -> str | None:
    if name.endswith(".in-addr.arpa"):
        text = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
    else:
        digits = "".join(reversed(name.removesuffix(".ip6.arpa").split(".")))
        text = ":".join(digits[start : start + 4] for start in range(0, len(digits), 4))
    return str(ipaddress.ip_address(text)) if is_address(text) else None


def _port_labels(name: str, protocol: str) -> list[str] | None:
    """Unnamed ports have no records."""
    return [f"_{name}", f"_{protocol.lower()}"] if name else None


def _srv(port: int, target: str) -> str:
    """Priority, weight, port, target."""
    return f"0 100 {port} {target}."


def _addresses(addresses: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for address in dict.fromkeys(addresses):
        found.setdefault("AAAA" if ":" in address else "A", []).append(address)
    return found
