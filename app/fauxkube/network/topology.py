"""What matters of a cluster to its traffic, indexed.

Each part holds the objects of one kind and follows their changes one by one (`put`, `drop`), so that a change costs the
same in a small cluster and in a large one. Whoever reads a topology is done before the next change is told.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from fauxkube.kinds.core.field_checks import parsed_ip
from fauxkube.kinds.core.node_network import ROUTED
from fauxkube.machinery.objects import Labels, Object, key_of, labels_of, namespace_of, split_key
from fauxkube.network.endpoints import Endpoint, endpoints_of, pods_behind, service_of
from fauxkube.network.groups import Groups
from fauxkube.network.hosts import Node, Pod, node_of, pod_of
from fauxkube.network.ingress import Routes
from fauxkube.network.proxy import Rules, ServicePort


class Part(Protocol):
    """The objects of one kind."""

    def put(self, key: str, obj: Object) -> None:
        """The object of that key is this one now."""

    def drop(self, key: str) -> None:
        """There is no object of that key any more; harmless when there was none."""


class Nodes:
    """Nodes by name, by address, and by the block that their pods' addresses are taken from.

    `machines` tells of those that are known to run or to be off, `network` is the kind that the cluster began with.
    """

    def __init__(
        self, objects: Iterable[Object] = (), machines: Mapping[str, bool] | None = None, network: str = ROUTED
    ) -> None:
        self._machines = dict(machines or {})
        self._network = network
        self.by_name: dict[str, Node] = {}
        self.by_address: dict[str, Node] = {}
        #: By IP version and length of the prefix: nodes by the prefix.
        self._blocks: dict[tuple[int, int], dict[int, Node]] = {}
        _fill(self, objects)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.by_name.values())

    def holding(self, address: str, seen_from: Node | None = None) -> Node | None:
        """The node in whose block the address lies; a node that has it in a block of its own looks no further."""
        if seen_from is not None and seen_from.is_alone and seen_from.holds(address):
            return seen_from
        parsed = parsed_ip(address)
        if parsed is None:
            return None
        for (version, length), blocks in self._blocks.items():
            if version == parsed.version and (node := blocks.get(int(parsed) >> (parsed.max_prefixlen - length))):
                return node
        return None

    def put(self, key: str, obj: Object) -> None:
        self._remove(key)
        self._add(node_of(obj, is_on=self._machines.get(key), network=self._network))

    def drop(self, key: str) -> None:
        self._remove(key)
        self.by_name.pop(key, None)

    def switch(self, name: str, *, is_on: bool | None) -> None:
        """Take note of whether the node's machine runs; None: nobody but its kubelet can tell."""
        if is_on is None:
            self._machines.pop(name, None)
        else:
            self._machines[name] = is_on
        node = self.by_name.get(name)
        if node is not None and node.is_on is not is_on:
            self._remove(name)
            self._add(replace(node, is_on=is_on))

    def _add(self, node: Node) -> None:
        self.by_name[node.name] = node
        for address in node.addresses:
            self.by_address[address] = node
        for cidr in () if node.is_alone else node.pod_cidrs:
            group, prefix = _block(cidr)
            self._blocks.setdefault(group, {})[prefix] = node

    def _remove(self, name: str) -> None:
        """Forget where the node is found, whose place among the others stays."""
        node = self.by_name.get(name)
        if node is None:
            return
        for address in node.addresses:
            if self.by_address.get(address) is node:
                del self.by_address[address]
        for cidr in node.pod_cidrs:
            group, prefix = _block(cidr)
            if self._blocks.get(group, {}).get(prefix) is node:
                del self._blocks[group][prefix]


class Pods:
    """Pods by key, by namespace, by node and by address; what has run to its end has given its address up."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self.by_key: dict[str, Pod] = {}
        self._by_address: Groups[Pod] = Groups()
        self._by_namespace: Groups[Pod] = Groups()
        self._by_node: Groups[Pod] = Groups()
        _fill(self, objects)

    def __iter__(self) -> Iterator[Pod]:
        return iter(self.by_key.values())

    def at(self, address: str) -> Collection[Pod]:
        """Those with a network of their own that have the address."""
        return self._by_address.of(address)

    def within(self, namespace: str) -> Collection[Pod]:
        """All of a namespace."""
        return self._by_namespace.of(namespace)

    def on(self, node: str) -> Collection[Pod]:
        """Those that run, or are to run, on a node."""
        return self._by_node.of(node)

    def put(self, key: str, obj: Object) -> None:
        self._remove(key)
        pod = self.by_key[key] = pod_of(obj)
        for index, names in self._indexed(pod):
            index.put(names, key, pod)

    def drop(self, key: str) -> None:
        self._remove(key)
        self.by_key.pop(key, None)

    def _remove(self, key: str) -> None:
        pod = self.by_key.get(key)
        if pod is not None:
            for index, names in self._indexed(pod):
                index.drop(names, key)

    def _indexed(self, pod: Pod) -> Iterator[tuple[Groups[Pod], Iterable[str]]]:
        yield self._by_namespace, (pod.namespace,)
        if pod.is_over:
            return
        if not pod.host_network:
            yield self._by_address, pod.addresses
        if pod.node:
            yield self._by_node, (pod.node,)


class Services:
    """Services by key, and kube-proxy's rules that they make, the same on every node."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self.by_key: dict[str, Object] = {}
        self.rules = Rules()
        self._by_namespace: Groups[Object] = Groups()
        _fill(self, objects)

    def __iter__(self) -> Iterator[Object]:
        return iter(self.by_key.values())

    def within(self, namespace: str) -> Collection[Object]:
        """All of a namespace."""
        return self._by_namespace.of(namespace)

    def put(self, key: str, obj: Object) -> None:
        if (before := self.by_key.get(key)) is not None:
            self.rules.drop(before)
        self.by_key[key] = obj
        self.rules.put(obj)
        self._by_namespace.put((namespace_of(obj),), key, obj)

    def drop(self, key: str) -> None:
        before = self.by_key.pop(key, None)
        if before is not None:
            self.rules.drop(before)
            self._by_namespace.drop((namespace_of(before),), key)


class Slices:
    """EndpointSlices by the key of their service, and by their endpoints' addresses."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._followed: dict[str, Object] = {}
        self._by_service: Groups[Object] = Groups()
        self._by_address: Groups[Object] = Groups()
        _fill(self, objects)

    def of(self, service: str) -> Collection[Object]:
        """The slices of a service, by its key."""
        return self._by_service.of(service)

    def at(self, address: str) -> Collection[Object]:
        """The slices with an endpoint that has the address."""
        return self._by_address.of(address)

    def pods_at(self, service: str, address: str) -> tuple[str, ...]:
        """The keys of a service's pods that have the address: several, where nodes give the same ones."""
        return pods_behind(self.of(service), address)

    def endpoints(self, port: ServicePort, *, version: int = 4) -> list[Endpoint]:
        """The endpoints of a service's port, of one IP version."""
        return endpoints_of(self.of(port.service), port.name, port.protocol, version=version)

    def put(self, key: str, obj: Object) -> None:
        self.drop(key)
        if service := service_of(obj):
            self._followed[key] = obj
            self._by_service.put((service,), key, obj)
            self._by_address.put(_addresses(obj), key, obj)

    def drop(self, key: str) -> None:
        if (before := self._followed.pop(key, None)) is not None:
            self._by_service.drop((service_of(before),), key)
            self._by_address.drop(_addresses(before), key)


class Policies:
    """NetworkPolicies by namespace."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._by_namespace: Groups[Object] = Groups()
        _fill(self, objects)

    def __iter__(self) -> Iterator[Object]:
        return (policy for namespace in self._by_namespace for policy in self._by_namespace.of(namespace))

    def within(self, namespace: str) -> Collection[Object]:
        """All of a namespace."""
        return self._by_namespace.of(namespace)

    def put(self, key: str, obj: Object) -> None:
        self._by_namespace.put((namespace_of(obj),), key, obj)

    def drop(self, key: str) -> None:
        self._by_namespace.drop((split_key(key)[0],), key)


class Namespaces:
    """The namespaces' labels by their names."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._labels: dict[str, Labels] = {}
        _fill(self, objects)

    def __contains__(self, name: str) -> bool:
        return name in self._labels

    def labels(self, name: str) -> Labels:
        """The namespace's labels, the one with its name among them, which every API server sets (KEP-2161)."""
        return {"kubernetes.io/metadata.name": name, **self._labels.get(name, {})}

    def put(self, key: str, obj: Object) -> None:
        self._labels[key] = labels_of(obj)

    def drop(self, key: str) -> None:
        self._labels.pop(key, None)


class Ingresses:
    """Ingresses and their classes, and what they make together; a class is kept under its name, without a slash."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._objects: dict[str, Object] = {}
        self._routes: Routes | None = None
        _fill(self, objects)

    @property
    def routes(self) -> Routes:
        """The rules of those that are served here."""
        if self._routes is None:
            classes = [each for key, each in self._objects.items() if "/" not in key]
            self._routes = Routes([each for key, each in self._objects.items() if "/" in key], classes)
        return self._routes

    def put(self, key: str, obj: Object) -> None:
        self._objects[key] = obj
        self._routes = None

    def drop(self, key: str) -> None:
        self._objects.pop(key, None)
        self._routes = None


@dataclass(frozen=True, slots=True)
class Ranges:
    """The CIDRs that addresses are taken from, of each IP family at most one; none where they are not known."""

    pods: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


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
    ingresses: Ingresses = field(default_factory=Ingresses)


def _fill(part: Part, objects: Iterable[Object]) -> None:
    for each in objects:
        part.put(key_of(each), each)


def _addresses(endpoint_slice: Object) -> Iterator[str]:
    return (address for each in endpoint_slice.get("endpoints") or () for address in each.get("addresses") or ())


def _block(cidr: str) -> tuple[tuple[int, int], int]:
    """Where a block is found: its IP version and the length of its prefix, and the prefix."""
    network = ipaddress.ip_network(cidr, strict=False)
    prefix = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
    return (network.version, network.prefixlen), prefix
