"""The subsets of an Endpoints object, computed from a service and the pods that it selects.

Mirrors the heart of upstream's endpoint controller with `endpoints.RepackSubsets`: addresses that serve the same
ports are in one subset, in the order of their text. Upstream orders subsets and ports by a hash of Go's memory; here
they are ordered by port name and number. `truncate` keeps the first 1,000 addresses, ready ones before others.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import NamedTuple, TypeAlias

from fauxkube.controllers.service_backends import (
    addresses_of,
    families_of,
    hostname_of,
    may_be_backend,
    ports_of,
    target_of,
)
from fauxkube.kinds.core.pod_status import is_ready
from fauxkube.machinery.objects import Object

#: The most addresses that an Endpoints object holds.
CAPACITY = 1000

#: name, port, protocol, application protocol
_Port: TypeAlias = tuple[str, int, str, str]
_Ports: TypeAlias = tuple[_Port, ...]


class Backend(NamedTuple):
    """One pod's part in a service: its address and the ports it serves there."""

    ports: _Ports
    address: Object
    ready: bool


class _Addresses:
    """The addresses that serve the same ports."""

    def __init__(self) -> None:
        self.ready: list[Object] = []
        self.not_ready: list[Object] = []


def backend_of(service: Object, pod: Object) -> Backend | None:
    """The pod's part in the service; None when it has none."""
    publish_all = bool(service["spec"].get("publishNotReadyAddresses"))
    if not may_be_backend(pod, include_terminating=publish_all):
        return None
    addresses = addresses_of(pod, families_of(service)[0])
    ports = _ports_of(service, pod)
    if not addresses or not (ports or _may_lack_ports(service)):
        return None
    return Backend(ports, _address(service, pod, addresses[0]), publish_all or is_ready(pod))


def compute_subsets(backends: Iterable[Backend | None]) -> list[Object]:
    """The subsets that tell of these backends, packed and in order."""
    by_ports: dict[_Ports, _Addresses] = {}
    for backend in backends:
        if backend is not None:
            group = by_ports.get(backend.ports) or by_ports.setdefault(backend.ports, _Addresses())
            (group.ready if backend.ready else group.not_ready).append(backend.address)
    return [_subset(ports, [by_ports[group] for group in groups]) for groups, ports in _pack(by_ports)]


def truncate(subsets: list[Object]) -> list[Object]:
    """The subsets with no more than `CAPACITY` addresses, each keeping its share, rounded up, while there is room."""
    ready, not_ready = _count(subsets, "addresses"), _count(subsets, "notReadyAddresses")
    if ready + not_ready <= CAPACITY:
        return subsets
    if ready > CAPACITY:
        return _share([{**each, "notReadyAddresses": []} for each in subsets], "addresses", CAPACITY)
    return _share(subsets, "notReadyAddresses", CAPACITY - ready)


def _count(subsets: list[Object], name: str) -> int:
    return sum(len(each.get(name) or ()) for each in subsets)


def _share(subsets: list[Object], name: str, room: int) -> list[Object]:
    total = _count(subsets, name)
    left = room
    shared = []
    for subset in subsets:
        addresses = subset.get(name) or []
        kept = addresses[: min(left, ceil(len(addresses) / total * room))]
        left -= len(kept)
        shared.append({key: value for key, value in {**subset, name: kept}.items() if value})
    return shared


def _address(service: Object, pod: Object, ip: str) -> Object:
    address: Object = {"ip": ip}
    if hostname := hostname_of(pod, service):
        address["hostname"] = hostname
    if node := pod["spec"].get("nodeName"):
        address["nodeName"] = node
    address["targetRef"] = target_of(pod)
    return address


def _ports_of(service: Object, pod: Object) -> _Ports:
    return tuple(
        (port["name"], port["port"], port["protocol"], port.get("appProtocol", "")) for port in ports_of(service, pod)
    )


def _may_lack_ports(service: Object) -> bool:
    """A headless service needs no ports: its pods are found by their addresses alone."""
    return not service["spec"].get("ports") and service["spec"].get("clusterIP") == "None"


def _pack(by_ports: dict[_Ports, _Addresses]) -> list[tuple[tuple[_Ports, ...], list[_Port]]]:
    """The groups of addresses that make up each subset, with the ports that these, and no others, serve."""
    groups_of: dict[_Port | None, list[_Ports]] = {}
    for ports in by_ports:
        for port in ports or (None,):
            groups_of.setdefault(port, []).append(ports)
    packed: dict[tuple[_Ports, ...], list[_Port]] = {}
    for served, groups in groups_of.items():
        packed.setdefault(tuple(groups), []).extend([] if served is None else [served])
    return sorted(((groups, sorted(ports)) for groups, ports in packed.items()), key=lambda each: each[1])


def _subset(ports: list[_Port], groups: list[_Addresses]) -> Object:
    subset: Object = {}
    if ready := [address for group in groups for address in group.ready]:
        subset["addresses"] = sorted(ready, key=_order)
    if not_ready := [address for group in groups for address in group.not_ready]:
        subset["notReadyAddresses"] = sorted(not_ready, key=_order)
    if ports:
        subset["ports"] = [_port(*port) for port in ports]
    return subset


def _order(address: Object) -> tuple[str, str]:
    return address["ip"], address["targetRef"]["uid"]


def _port(name: str, number: int, protocol: str, app_protocol: str) -> Object:
    port: Object = {"name": name} if name else {}
    port |= {"port": number, "protocol": protocol}
    if app_protocol:
        port["appProtocol"] = app_protocol
    return port
