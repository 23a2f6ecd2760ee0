"""A pod as an endpoint of its service's EndpointSlices (upstream's `podToEndpoint` and `getEndpointPorts`)."""

from __future__ import annotations

from collections.abc import Iterable
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
from fauxkube.machinery.objects import Object, is_terminating

#: What makes an endpoint the same one: its addresses, its hostname and its pod's namespace and name.
EndpointKey: TypeAlias = tuple[tuple[str, ...], str, str, str]
#: What makes two lists of ports the same one, whatever their order.
PortsKey: TypeAlias = tuple[tuple[str | int, ...], ...]


class SliceBackend(NamedTuple):
    """One pod's part in a service: its ports, and an endpoint for each IP family that it has addresses of."""

    ports: list[Object]
    ports_key: PortsKey
    endpoints: dict[str, tuple[EndpointKey, Object]]


def slice_backend_of(service: Object, pod: Object, zone: str) -> SliceBackend | None:
    """The pod's part in the service, on a node in `zone` (if any); None when it has none. Terminating pods have."""
    if not may_be_backend(pod, include_terminating=True):
        return None
    endpoints = {}
    for family in families_of(service):
        if addresses := addresses_of(pod, family):
            endpoint = _endpoint(service, pod, addresses, zone)
            endpoints[family] = (endpoint_key(endpoint), endpoint)
    ports = ports_of(service, pod)
    return SliceBackend(ports, ports_key(ports), endpoints)


def ports_key(ports: Iterable[Object]) -> PortsKey:
    """The key of a slice's ports."""
    return tuple(
        sorted(
            (port.get("name") or "", port.get("port") or 0, port.get("protocol") or "", port.get("appProtocol") or "")
            for port in ports
        )
    )


def endpoint_key(endpoint: Object) -> EndpointKey:
    """The key of a slice's endpoint."""
    target = endpoint.get("targetRef") or {}
    return (
        tuple(endpoint["addresses"]),
        endpoint.get("hostname") or "",
        target.get("namespace") or "",
        target.get("name") or "",
    )


def _endpoint(service: Object, pod: Object, addresses: list[str], zone: str) -> Object:
    serving, terminating = is_ready(pod), is_terminating(pod)
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
    endpoint: Object = {
        "addresses": addresses,
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
    }
    if hostname := hostname_of(pod, service):
        endpoint["hostname"] = hostname
    if node := pod["spec"].get("nodeName"):
        endpoint["nodeName"] = node
    endpoint["targetRef"] = target_of(pod)
    if zone:
        endpoint["zone"] = zone
    return endpoint
