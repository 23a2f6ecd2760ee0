"""EndpointSlices: a part of a service's backends, all of one address family (KEP-752).

The address type is fixed at creation. A change of anything but the metadata, and of the labels, raises the generation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import (
    PROTOCOLS,
    name_errors,
    non_special_ip_errors,
    parsed_ip,
    supported_errors,
)
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_immutable
from fauxkube.machinery.objects import Object, labels_of
from fauxkube.machinery.table import age

MAX_ENDPOINTS = 1000
MAX_PORTS = 20_000
_MAX_ADDRESSES = 100
_MAX_HINTS = 8
_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_IP_VERSION = {"IPv4": 4, "IPv6": 6}
#: How many ports or addresses a cell of a table names.
_SHOWN = 3


class EndpointSliceStrategy(Strategy):
    """The rules of an endpoint slice's writes."""

    generation_of = ("addressType", "endpoints", "ports")

    def default(self, obj: Object) -> None:
        for endpoint in obj.setdefault("endpoints", []):
            endpoint.setdefault("conditions", {})
        for port in obj.get("ports") or ():
            port.setdefault("name", "")
            port.setdefault("protocol", "TCP")

    def prepare_for_create(self, obj: Object) -> None:
        _drop_topology(obj)

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        _drop_topology(obj)

    def raises_generation(self, obj: Object, old: Object) -> bool:
        return super().raises_generation(obj, old) or labels_of(obj) != labels_of(old)

    def validate(self, obj: Object) -> list[FieldError]:
        errors = supported_errors(obj.get("addressType"), _ADDRESS_TYPES, Path("addressType"))
        errors += _validate_endpoints(obj["endpoints"], obj.get("addressType") or "", Path("endpoints"))
        return errors + _validate_ports(obj.get("ports") or (), Path("ports"))

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_immutable(obj.get("addressType"), old.get("addressType"), Path("addressType"))


def _drop_topology(endpoint_slice: Object) -> None:
    """The topology of v1beta1 can be read in v1, but not written."""
    for endpoint in endpoint_slice["endpoints"]:
        endpoint.pop("deprecatedTopology", None)


def _validate_endpoints(endpoints: Sequence[Object], type: str, path: Path) -> list[FieldError]:
    if len(endpoints) > MAX_ENDPOINTS:
        return [path.too_many(len(endpoints), MAX_ENDPOINTS)]
    at = enumerate(endpoints)
    return [error for index, endpoint in at for error in _validate_endpoint(endpoint, type, path.index(index))]


def _validate_endpoint(endpoint: Object, type: str, path: Path) -> Iterator[FieldError]:
    addresses, at = endpoint.get("addresses") or (), path.child("addresses")
    if not addresses:
        yield at.required("must contain at least 1 address")
    elif len(addresses) > _MAX_ADDRESSES:
        yield at.too_many(len(addresses), _MAX_ADDRESSES)
    for index, address in enumerate(addresses):
        yield from _validate_address(address, type, at.index(index))
    if endpoint.get("nodeName") is not None:
        yield from name_errors(endpoint["nodeName"], names.dns_subdomain_problems, path.child("nodeName"))
    if endpoint.get("hostname") is not None:
        yield from name_errors(endpoint["hostname"], names.dns_label_problems, path.child("hostname"))
    yield from _validate_hints(endpoint.get("hints") or {}, path.child("hints"))


def _validate_address(address: str, type: str, path: Path) -> Iterator[FieldError]:
    if type == "FQDN":
        yield from _validate_domain_name(address, path)
    elif type in _IP_VERSION:
        parsed = parsed_ip(address)
        if parsed is None or parsed.version != _IP_VERSION[type]:
            yield path.invalid(address, f"must be a valid {type} address")
        yield from non_special_ip_errors(address, path)


def _validate_domain_name(name: str, path: Path) -> list[FieldError]:
    """A domain name of at least two labels; a dot at its end is no fault."""
    if not name:
        return [path.required()]
    domain = name.removesuffix(".")
    if problems := names.dns_subdomain_problems(domain):
        return [path.invalid(domain, problem) for problem in problems]
    if "." not in domain:
        return [path.invalid(domain, "should be a domain with at least two segments separated by dots")]
    return [error for label in domain.split(".") for error in name_errors(label, names.dns_label_problems, path)]


def _validate_hints(hints: Object, path: Path) -> Iterator[FieldError]:
    for field, problems in (("forZones", names.label_value_problems), ("forNodes", names.dns_subdomain_problems)):
        listed, at = [each.get("name") or "" for each in hints.get(field) or ()], path.child(field)
        if len(listed) > _MAX_HINTS:
            yield at.too_many(len(listed), _MAX_HINTS)
            continue
        for index, name in enumerate(listed):
            if name in listed[:index]:
                yield at.index(index).child("name").duplicate(name)
            yield from name_errors(name, problems, at.index(index).child("name"))


def _validate_ports(ports: Sequence[Object], path: Path) -> list[FieldError]:
    if len(ports) > MAX_PORTS:
        return [path.too_many(len(ports), MAX_PORTS)]
    seen: set[str] = set()
    errors: list[FieldError] = []
    for index, port in enumerate(ports):
        errors += _validate_port(port, path.index(index), taken=port["name"] in seen)
        seen.add(port["name"])
    return errors


def _validate_port(port: Object, path: Path, *, taken: bool) -> Iterator[FieldError]:
    name = port["name"]
    if name:
        yield from name_errors(name, names.dns_label_problems, path.child("name"))
    if taken:
        yield path.child("name").duplicate(name)
    yield from supported_errors(port["protocol"], PROTOCOLS, path.child("protocol"))
    if port.get("appProtocol") is not None:
        yield from name_errors(port["appProtocol"], names.qualified_name_problems, path.child("appProtocol"))


def _summary(values: Sequence[str]) -> str:
    shown = ",".join(values[:_SHOWN])
    return f"{shown} + {len(values) - _SHOWN} more..." if len(values) > _SHOWN else shown or "<unset>"


def _port_shown(port: Mapping[str, Any]) -> str:
    return str(port["port"]) if port.get("port") is not None else port.get("name", "*")


def _row(endpoint_slice: Object, now: datetime) -> list[Any]:
    addresses = [each for endpoint in endpoint_slice.get("endpoints") or () for each in endpoint.get("addresses") or ()]
    return [
        endpoint_slice["metadata"]["name"],
        endpoint_slice["addressType"],
        _summary([_port_shown(port) for port in endpoint_slice.get("ports") or ()]),
        _summary(addresses),
        age(endpoint_slice, now),
    ]


RESOURCE = Resource(
    group="discovery.k8s.io",
    kind="EndpointSlice",
    plural="endpointslices",
    singular="endpointslice",
    strategy=EndpointSliceStrategy(),
    columns=(
        NAME_COLUMN,
        Column("AddressType", "What the addresses are: IPv4, IPv6 or FQDN."),
        Column("Ports", "The ports of each endpoint."),
        Column("Endpoints", "The addresses of the endpoints."),
        AGE_COLUMN,
    ),
    row=_row,
)
