"""A service's backends as kube-proxy takes them out of EndpointSlices, and which of them a node may use.

`Candidates` mirrors `CategorizeEndpoints` of upstream's `pkg/proxy/topology.go`: ready endpoints, else those that still
serve while they terminate (KEP-1669), independently for each traffic policy; of the ready ones only those hinted for
the node or its zone, where all carry hints and one is for here (KEP-2433, KEP-3015).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fauxkube.machinery.objects import Object, labels_of, namespace_of

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
SAME_NODE = "PreferSameNode"
SAME_ZONE = "PreferSameZone"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and port behind a service. `pod` is the key of its pod, empty for an address given by hand."""

    address: str
    port: int
    pod: str = ""
    node: str = ""
    zone: str = ""
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    for_zones: frozenset[str] = frozenset()
    for_nodes: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return socket_address(self.address, self.port)

    @property
    def is_last_resort(self) -> bool:
        """Whether it may be used when nothing is ready."""
        return self.serving and self.terminating and not self.ready


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a node sends to: `usable` is each as likely as the others; `anywhere` tells whether any node has some.

    `topology` names the hints that restricted them, `terminating` that nothing was ready.
    """

    usable: tuple[Endpoint, ...]
    anywhere: bool
    topology: str = ""
    terminating: bool = False


def service_of(endpoint_slice: Object) -> str:
    """The key of the service that the slice belongs to; empty when it says none."""
    service = labels_of(endpoint_slice).get(SERVICE_NAME_LABEL)
    return f"{namespace_of(endpoint_slice)}/{service}" if service else ""


def socket_address(address: str, port: int) -> str:
    """`10.0.0.1:80`, `[fd00::1]:80`."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def endpoints_of(slices: Iterable[Object], port_name: str, protocol: str, *, version: int) -> list[Endpoint]:
    """The endpoints of a service's port and one IP version, each address and port once, as upstream sorts them."""
    found: dict[tuple[str, int], Endpoint] = {}
    for each in slices:
        number = _port_number(each, port_name, protocol)
        if not number or each.get("addressType") != f"IPv{version}":
            continue
        for raw in each.get("endpoints") or ():
            if raw.get("addresses"):
                endpoint = _endpoint(raw, number)
                found.setdefault((endpoint.address, number), endpoint)
    return sorted(found.values(), key=str)


def pods_behind(slices: Iterable[Object], address: str) -> tuple[str, ...]:
    """The keys of all pods that have this address in the slices."""
    raws = (raw for each in slices for raw in each.get("endpoints") or () if raw.get("addresses"))
    found = (_endpoint(raw, 0).pod for raw in raws if raw["addresses"][0] == address)
    return tuple(dict.fromkeys(pod for pod in found if pod))


def cluster_candidates(endpoints: Sequence[Endpoint], node: str, zone: str) -> Candidates:
    """What a node may use wherever it runs."""
    ready = [each for each in endpoints if each.ready]
    if ready:
        topology = topology_of(ready, node, zone)
        usable = tuple(each for each in ready if _is_hinted(each, topology, node, zone))
        return Candidates(usable, anywhere=True, topology=topology)
    fallback = tuple(each for each in endpoints if each.is_last_resort)
    return Candidates(fallback, anywhere=bool(fallback), terminating=bool(fallback))


def local_candidates(endpoints: Sequence[Endpoint], node: str) -> Candidates:
    """What a node may use that runs on it."""
    anywhere = any(each.ready or each.is_last_resort for each in endpoints)
    local = [each for each in endpoints if each.node and each.node == node]
    if ready := tuple(each for each in local if each.ready):
        return Candidates(ready, anywhere)
    fallback = tuple(each for each in local if each.is_last_resort)
    return Candidates(fallback, anywhere, terminating=bool(fallback))


def topology_of(ready: Sequence[Endpoint], node: str, zone: str) -> str:
    """Which hints count for a node: those for nodes, else those for zones, else none."""
    if all(each.for_nodes for each in ready) and any(node in each.for_nodes for each in ready):
        return SAME_NODE
    if all(each.for_zones for each in ready) and any(zone in each.for_zones for each in ready):
        return SAME_ZONE
    return ""


def _is_hinted(endpoint: Endpoint, topology: str, node: str, zone: str) -> bool:
    if topology == SAME_NODE:
        return node in endpoint.for_nodes
    return topology != SAME_ZONE or zone in endpoint.for_zones


def _port_number(endpoint_slice: Object, name: str, protocol: str) -> int | None:
    for port in endpoint_slice.get("ports") or ():
        if (port.get("name") or "") == name and (port.get("protocol") or "TCP") == protocol:
            return port.get("port")  # type: ignore[no-any-return]
    return None


def _endpoint(raw: Object, port: int) -> Endpoint:
    """Conditions that are not told are taken as upstream takes them: ready, serving, not terminating."""
    conditions, target, hints = raw.get("conditions") or {}, raw.get("targetRef") or {}, raw.get("hints") or {}
    return Endpoint(
        raw["addresses"][0],
        port,
        pod=f"{target.get('namespace')}/{target.get('name')}" if target.get("kind") == "Pod" else "",
        node=raw.get("nodeName") or "",
        zone=raw.get("zone") or "",
        ready=conditions.get("ready") is not False,
        serving=conditions.get("serving") is not False,
        terminating=bool(conditions.get("terminating")),
        for_zones=frozenset(_names(hints.get("forZones"))),
        for_nodes=frozenset(_names(hints.get("forNodes"))),
    )


def _names(hints: Sequence[Object] | None) -> Iterator[str]:
    return (each.get("name", "") for each in hints or ())
