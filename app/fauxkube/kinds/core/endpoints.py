"""Endpoints: a service's backends in subsets that share their ports (replaced by EndpointSlices, KEP-4974)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import (
    PROTOCOLS,
    ip_errors,
    name_errors,
    non_special_ip_errors,
    port_errors,
    supported_errors,
)
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import NONE, age

#: How many backends a cell of a table names.
_SHOWN = 3


class EndpointsStrategy(Strategy):
    """The rules of Endpoints' writes."""

    allow_create_on_update = True

    def default(self, obj: Object) -> None:
        for subset in obj.get("subsets") or ():
            for port in subset.get("ports") or ():
                port["protocol"] = port.get("protocol") or "TCP"

    def prepare_for_create(self, obj: Object) -> None:
        """Nothing: there is no status."""

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        """Nothing: there is no status."""

    def validate(self, obj: Object) -> list[FieldError]:
        path = Path("subsets")
        subsets = enumerate(obj.get("subsets") or ())
        return [error for index, subset in subsets for error in _validate_subset(subset, path.index(index))]


def _validate_subset(subset: Object, path: Path) -> Iterator[FieldError]:
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        yield path.required("must specify `addresses` or `notReadyAddresses`")
    for field in ("addresses", "notReadyAddresses"):
        for index, address in enumerate(subset.get(field) or ()):
            yield from _validate_address(address, path.child(field).index(index))
    ports = subset.get("ports") or ()
    for index, port in enumerate(ports):
        yield from _validate_port(port, path.child("ports").index(index), named=len(ports) > 1)


def _validate_address(address: Object, path: Path) -> Iterator[FieldError]:
    ip = address.get("ip") or ""
    yield from ip_errors(ip, path.child("ip"))
    if address.get("hostname"):
        yield from name_errors(address["hostname"], names.dns_label_problems, path.child("hostname"))
    if address.get("nodeName") is not None:
        yield from name_errors(address["nodeName"], names.dns_subdomain_problems, path.child("nodeName"))
    yield from non_special_ip_errors(ip, path.child("ip"))


def _validate_port(port: Object, path: Path, *, named: bool) -> Iterator[FieldError]:
    if port.get("name"):
        yield from name_errors(port["name"], names.dns_label_problems, path.child("name"))
    elif named:
        yield path.child("name").required()
    yield from port_errors(port.get("port"), path.child("port"))
    yield from supported_errors(port.get("protocol"), PROTOCOLS, path.child("protocol"))
    if port.get("appProtocol") is not None:
        yield from name_errors(port["appProtocol"], names.qualified_name_problems, path.child("appProtocol"))


def _backends(subsets: Iterable[Object]) -> Iterator[str]:
    """Every ready address, with each port of its subset."""
    for subset in subsets:
        addresses = [address["ip"] for address in subset.get("addresses") or ()]
        if not subset.get("ports"):
            yield from addresses
        for port in subset.get("ports") or ():
            for ip in addresses:
                yield f"[{ip}]:{port['port']}" if ":" in ip else f"{ip}:{port['port']}"


def _summary(subsets: list[Object]) -> str:
    if not subsets:
        return NONE
    backends = list(_backends(subsets))
    shown = ",".join(backends[:_SHOWN])
    return f"{shown} + {len(backends) - _SHOWN} more..." if len(backends) > _SHOWN else shown


def _row(endpoints: Object, now: datetime) -> list[Any]:
    return [endpoints["metadata"]["name"], _summary(endpoints.get("subsets") or []), age(endpoints, now)]


RESOURCE = Resource(
    kind="Endpoints",
    plural="endpoints",
    singular="endpoints",
    short_names=("ep",),
    strategy=EndpointsStrategy(),
    columns=(NAME_COLUMN, Column("Endpoints", "The addresses and ports that are ready for traffic."), AGE_COLUMN),
    row=_row,
    deprecation="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
)
