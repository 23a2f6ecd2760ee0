"""Who sends and who is meant: the two texts of a trace, read.

Senders: `pod/NAME`, `pod/NAMESPACE/NAME`, `node/NAME`, `outside`, `outside/ADDRESS`, a pod's bare name, or an address.
Targets: `pod/...`, `service/...` and `node/...`, each with `:PORT` if need be, `HOST[:PORT]` where the host is an
address, a node or a name to be looked up, or a URL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from fauxkube.ipam.families import IPV4, IPV6, family_of
from fauxkube.network.errors import TraceError
from fauxkube.network.hosts import Node, Pod, canonical, is_address
from fauxkube.network.topology import Topology

#: Where packets from outside come from, if nobody says (RFC 5737, RFC 3849: for documentation).
OUTSIDE_ADDRESSES = {IPV4: "203.0.113.1", IPV6: "2001:db8:1::1"}

_SCHEME_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}
_PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "sctp": "SCTP"}


class Kind(StrEnum):
    """What a target is meant as."""

    POD = "pod"
    SERVICE = "service"
    NODE = "node"
    HOST = "host"


_WORDS = {
    "pod": Kind.POD,
    "pods": Kind.POD,
    "po": Kind.POD,
    "service": Kind.SERVICE,
    "services": Kind.SERVICE,
    "svc": Kind.SERVICE,
    "node": Kind.NODE,
    "nodes": Kind.NODE,
    "no": Kind.NODE,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A sender: a pod (with its node), a node, or neither: somebody outside."""

    pod: Pod | None = None
    node: Node | None = None
    address: str = ""

    def __str__(self) -> str:
        if self.pod is not None:
            return self.pod.place
        return self.node.place if self.node is not None else f"outside ({self.address})"

    def source(self, like: str) -> str:
        """The address that it sends from to one such as `like`."""
        host = self.pod or self.node
        if host is None and self.is_anybody:
            return OUTSIDE_ADDRESSES[family_of(like)]
        return (host.address(like) if host is not None else "") or self.address

    def towards(self, address: str) -> Place:
        """The sender to such an address: somebody of whom no address was told has one of each family."""
        return replace(self, address=self.source(address)) if self.is_anybody else self

    @property
    def is_anybody(self) -> bool:
        """Whether it is somebody outside of whom no address was told."""
        return self.pod is None and self.node is None and self.address in OUTSIDE_ADDRESSES.values()

    @property
    def families(self) -> tuple[str, ...]:
        """The IP families that it has addresses of, the one that it goes by first."""
        host = self.pod or self.node
        others = host.addresses if host is not None else tuple(OUTSIDE_ADDRESSES.values()) if self.is_anybody else ()
        return tuple(dict.fromkeys(map(family_of, filter(None, (self.address, *others)))))

    def reachable(self, addresses: Sequence[str]) -> tuple[str, ...]:
        """Those of the first family that it has itself; all of them where it has none of theirs."""
        for family in self.families:
            if found := tuple(each for each in addresses if family_of(each) == family):
                return found
        return tuple(addresses)

    @property
    def namespace(self) -> str:
        """The namespace that its names are looked up in; empty for what has none."""
        return self.pod.namespace if self.pod is not None else ""


@dataclass(frozen=True, slots=True)
class Target:
    """Who is meant. `port` is a number, a port's name, or empty; `protocol` is empty unless the text says it.

    `path` is a URL's.
    """

    kind: Kind
    name: str
    namespace: str = ""
    port: str = ""
    protocol: str = ""
    path: str = "/"

    @property
    def key(self) -> str:
        """The key of the pod or service."""
        return f"{self.namespace}/{self.name}"


def find_sender(topology: Topology, text: str, namespace: str) -> Place:
    """The sender that the text means; TraceError when there is none."""
    word, _, rest = text.partition("/")
    if word == "outside":
        if rest and not is_address(rest):
            raise TraceError(f"{rest!r} is no address")
        return Place(address=canonical(rest) or _outside_of(topology))
    if is_address(text):
        return place_at(topology, canonical(text))
    kind = _WORDS.get(word, Kind.POD) if rest else Kind.POD
    name = rest or word
    if kind is Kind.NODE:
        return _node_place(topology, name)
    if kind is not Kind.POD or (rest and word not in _WORDS):
        raise TraceError(f"{text!r} sends nothing: name a pod/..., a node/..., outside or an address")
    return _pod_place(topology, *_split(name, namespace))


def _outside_of(topology: Topology) -> str:
    """Of the cluster's main family."""
    return OUTSIDE_ADDRESSES[family_of(next(iter(topology.ranges.nodes), ""))]


def place_at(topology: Topology, address: str) -> Place:
    """Whoever has the address."""
    for pod in topology.pods.at(address):
        return Place(pod, topology.nodes.by_name.get(pod.node), address)
    node = topology.nodes.by_address.get(address)
    return Place(node=node, address=address)


def read_target(topology: Topology, text: str, namespace: str) -> Target:
    """What the text means; TraceError when it cannot be read."""
    if "://" in text:
        return _read_url(topology, text)
    word, _, rest = text.partition("/")
    if not rest:
        return _host(topology, *_split_port(word))
    if word not in _WORDS:
        raise TraceError(f"{text!r} is no target: name a pod/..., a service/..., a node/..., HOST:PORT or a URL")
    name, port = _split_port(rest)
    if _WORDS[word] is Kind.NODE:
        return Target(Kind.NODE, name, port=port)
    namespace, name = _split(name, namespace)
    return Target(_WORDS[word], name, namespace, port)


def _read_url(topology: Topology, text: str) -> Target:
    try:
        url = urlsplit(text)
        port = str(url.port) if url.port else _SCHEME_PORTS.get(url.scheme, "")
    except ValueError as error:
        raise TraceError(f"{text!r} is no URL: {error}") from None
    if not url.hostname:
        raise TraceError(f"{text!r} names no host")
    return replace(_host(topology, url.hostname, port, _PROTOCOLS.get(url.scheme, "")), path=url.path or "/")


def _host(topology: Topology, host: str, port: str, protocol: str = "") -> Target:
    kind = Kind.NODE if host in topology.nodes.by_name else Kind.HOST
    return Target(kind, canonical(host), port=port, protocol=protocol)


def _split(name: str, namespace: str) -> tuple[str, str]:
    """Namespace and name of `NAME` or `NAMESPACE/NAME`."""
    before, _, after = name.rpartition("/")
    return before or namespace, after


def _split_port(text: str) -> tuple[str, str]:
    """Host and port of `HOST`, `HOST:PORT`, `[v6]:PORT` or a bare IPv6 address."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, port.removeprefix(":")
    if text.count(":") > 1:
        return text, ""
    host, _, port = text.partition(":")
    if not host:
        raise TraceError("no target is named")
    return host, port


def _pod_place(topology: Topology, namespace: str, name: str) -> Place:
    pod = topology.pods.by_key.get(f"{namespace}/{name}")
    if pod is None:
        raise TraceError(f"there is no pod {name} in namespace {namespace}")
    return Place(pod, topology.nodes.by_name.get(pod.node), pod.addresses[0] if pod.addresses else "")


def _node_place(topology: Topology, name: str) -> Place:
    node = topology.nodes.by_name.get(name)
    if node is None:
        raise TraceError(f"there is no node {name}")
    return Place(node=node, address=node.addresses[0] if node.addresses else "")
