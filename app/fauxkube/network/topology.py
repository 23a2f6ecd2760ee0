"""What matters of a cluster to its traffic, as it is at one moment, indexed.

Each part is made of the plain objects of one kind and never changes, so a later topology shares the parts whose objects
are still the same.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from fauxkube.machinery.objects import Labels, Object, key_of, labels_of, name_of, namespace_of
from fauxkube.network.endpoints import SERVICE_NAME_LABEL, Endpoint, endpoints_of
from fauxkube.network.hosts import Address, Node, Pod, node_of, pod_of
from fauxkube.network.proxy import Rules, ServicePort


class Nodes:
    """Nodes by name, by address, and by the block that their pods' addresses are taken from.

    `machines` tells of those that are known to run or to be off.
    """

    def __init__(self, objects: Iterable[Object] = (), machines: Mapping[str, bool] | None = None) -> None:
        known = machines or {}
        nodes = [node_of(each, is_on=known.get(name_of(each))) for each in objects]
        self.by_name = {node.name: node for node in nodes}
        self.by_address = {address: node for node in self for address in node.addresses}
        #: By IP version and length of the prefix: nodes by the prefix.
        self._blocks: dict[tuple[int, int], dict[int, Node]] = {}
        for node in self:
            for cidr in node.pod_cidrs:
                self._add_block(cidr, node)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.by_name.values())

    def holding(self, address: str) -> Node | None:
        """The node in whose block the address lies."""
        parsed: Address = ipaddress.ip_address(address)
        for (version, length), blocks in self._blocks.items():
            if version == parsed.version and (node := blocks.get(int(parsed) >> (parsed.max_prefixlen - length))):
                return node
        return None

    def _add_block(self, cidr: str, node: Node) -> None:
        network = ipaddress.ip_network(cidr, strict=False)
        prefix = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        self._blocks.setdefault((network.version, network.prefixlen), {})[prefix] = node


class Pods:
    """Pods by key, by namespace, by node and by address; what has run to its end has given its address up.

    Those whose objects are still the same as in `before` are taken over from there, which is much quicker.
    """

    def __init__(self, objects: Iterable[Object] = (), before: Pods | None = None) -> None:
        known: Mapping[str, Pod] = before.by_key if before is not None else {}
        self.by_key: dict[str, Pod] = {key: _pod(key, each, known) for each in objects if (key := key_of(each))}

    def __iter__(self) -> Iterator[Pod]:
        return iter(self.by_key.values())

    @cached_property
    def by_address(self) -> dict[str, list[Pod]]:
        """Those with a network of their own, by each of their addresses."""
        found: dict[str, list[Pod]] = {}
        for pod in self:
            if not pod.host_network and not pod.is_over:
                for address in pod.addresses:
                    found.setdefault(address, []).append(pod)
        return found

    @cached_property
    def by_namespace(self) -> dict[str, list[Pod]]:
        """All of each namespace."""
        return _grouped((pod.namespace, pod) for pod in self)

    @cached_property
    def by_node(self) -> dict[str, list[Pod]]:
        """Those that run, or are to run, on each node."""
        return _grouped((pod.node, pod) for pod in self if pod.node and not pod.is_over)


class Services:
    """Services by key, and the rules that they make."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self.by_key = {key_of(service): service for service in objects}

    def __iter__(self) -> Iterator[Object]:
        return iter(self.by_key.values())

    @cached_property
    def rules(self) -> Rules:
        """kube-proxy's rules, the same on every node."""
        return Rules(self)

    @cached_property
    def by_namespace(self) -> dict[str, list[Object]]:
        """All of each namespace."""
        return _grouped_objects(self)


class Slices:
    """EndpointSlices by the key of their service."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._by_service: dict[str, list[Object]] = {}
        for each in objects:
            if service := labels_of(each).get(SERVICE_NAME_LABEL):
                self._by_service.setdefault(f"{namespace_of(each)}/{service}", []).append(each)

    def of(self, service: str) -> list[Object]:
        """The slices of a service, by its key."""
        return self._by_service.get(service, [])

    def endpoints(self, port: ServicePort, *, version: int = 4) -> list[Endpoint]:
        """The endpoints of a service's port, of one IP version."""
        return endpoints_of(self.of(port.service), port.name, port.protocol, version=version)


class Policies:
    """NetworkPolicies by namespace."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self.by_namespace = _grouped_objects(objects)


class Namespaces:
    """The namespaces' labels by their names."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._labels = {name_of(each): labels_of(each) for each in objects}

    def __contains__(self, name: str) -> bool:
        return name in self._labels

    def labels(self, name: str) -> Labels:
        """The namespace's labels, the one with its name among them, which every API server sets (KEP-2161)."""
        return {"kubernetes.io/metadata.name": name, **self._labels.get(name, {})}


@dataclass(frozen=True, slots=True)
class Ranges:
    """The CIDRs that addresses are taken from; empty where they are not known."""

    pods: str = ""
    services: str = ""
    nodes: str = ""


@dataclass(frozen=True, slots=True)
class Topology:
    """A cluster's network at one moment. `domain` is that of the names of its services."""

    nodes: Nodes = field(default_factory=Nodes)
    pods: Pods = field(default_factory=Pods)
    services: Services = field(default_factory=Services)
    slices: Slices = field(default_factory=Slices)
    policies: Policies = field(default_factory=Policies)
    namespaces: Namespaces = field(default_factory=Namespaces)
    ranges: Ranges = field(default_factory=Ranges)
    domain: str = "cluster.local"


def _pod(key: str, obj: Object, known: Mapping[str, Pod]) -> Pod:
    pod = known.get(key)
    return pod if pod is not None and pod.object is obj else pod_of(obj)


def _grouped(pairs: Iterable[tuple[str, Pod]]) -> dict[str, list[Pod]]:
    found: dict[str, list[Pod]] = {}
    for name, pod in pairs:
        found.setdefault(name, []).append(pod)
    return found


def _grouped_objects(objects: Iterable[Object]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for each in objects:
        found.setdefault(namespace_of(each), []).append(each)
    return found
