"""A pod's /etc/resolv.conf: what the kubelet makes of `dnsPolicy` and `dnsConfig`, as containerd writes it down.

Mirrors `GetPodDNS` of upstream's `pkg/kubelet/network/dns`, limits included. A node asks the gateway of its network, as
one does that is a container, and has no search path.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fauxkube.ipam.families import lies_in
from fauxkube.machinery.objects import Object
from fauxkube.network.cluster_dns import address_of
from fauxkube.network.hosts import Pod, is_address
from fauxkube.network.topology import Topology

_NDOTS = "ndots:5"
_MAX_NAMESERVERS = 3
_MAX_SEARCHES = 32
#: Of all search domains with the spaces between them.
_MAX_SEARCH_CHARACTERS = 2048
_MAX_DOMAIN = 253


@dataclass(frozen=True, slots=True)
class ResolverConfig:
    """What a resolv.conf holds; `in_cluster` tells whether whoever is asked first knows the cluster's names.

    `options` are as they are written, `ndots:5` among them; `ndots` is what counts.
    """

    search: tuple[str, ...] = ()
    ndots: int = 1
    in_cluster: bool = True
    nameservers: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The file's text."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        if self.search:
            yield f"search {' '.join(self.search)}"
        yield from (f"nameserver {each}" for each in self.nameservers)
        if self.options:
            yield f"options {' '.join(self.options)}"


#: Of whoever is no part of the cluster.
OUTSIDE = ResolverConfig(in_cluster=False)


def resolv_conf(topology: Topology, pod: Pod) -> str:
    """The text of the pod's /etc/resolv.conf."""
    return str(config_of(topology, pod))


def config_of(topology: Topology, pod: Pod) -> ResolverConfig:
    """What the kubelet writes into the pod's resolv.conf."""
    spec = pod.object["spec"]
    given = spec.get("dnsConfig") or {}
    base = _base(topology, pod, spec.get("dnsPolicy") or "ClusterFirst")
    nameservers = _unique((*base.nameservers, *(given.get("nameservers") or ())))[:_MAX_NAMESERVERS]
    search = _fitting(_unique((*base.search, *(given.get("searches") or ()))))
    options = _merged(base.options, given.get("options") or ())
    in_cluster = base.in_cluster or _knows_the_cluster(topology, nameservers[:1])
    return ResolverConfig(tuple(search), _ndots(options, base.ndots), in_cluster, tuple(nameservers), tuple(options))


def node_config(topology: Topology) -> ResolverConfig:
    """What a node's own resolv.conf holds."""
    nameservers = tuple(str(ipaddress.ip_network(each)[1]) for each in topology.ranges.nodes[:1])
    return ResolverConfig(in_cluster=False, nameservers=nameservers)


def _base(topology: Topology, pod: Pod, policy: str) -> ResolverConfig:
    """What there is before `dnsConfig` adds to it."""
    if policy == "None":
        return ResolverConfig(in_cluster=False)
    if policy == "Default" or (pod.host_network and policy == "ClusterFirst"):
        return node_config(topology)
    domain = topology.domain
    search = (f"{pod.namespace}.svc.{domain}", f"svc.{domain}", domain)
    address = address_of(topology)
    return ResolverConfig(search, 5, nameservers=(address,) if address else (), options=(_NDOTS,))


def _knows_the_cluster(topology: Topology, nameservers: Sequence[str]) -> bool:
    """A nameserver with a service's or a pod's address is taken to know what the cluster's DNS knows."""
    return any(
        topology.pods.at(each) or any(lies_in(each, cidr) for cidr in topology.ranges.services)
        for each in nameservers
        if is_address(each)
    )


def _merged(options: Iterable[str], given: Iterable[Object]) -> list[str]:
    """Options that are given anew take the place of those that are there."""
    values = dict(each.partition(":")[::2] for each in options)
    values |= {each.get("name") or "": each.get("value") or "" for each in given}
    return [f"{name}:{value}" if value else name for name, value in values.items()]


def _ndots(options: Iterable[str], default: int) -> int:
    """What `ndots` says, where that is a number."""
    texts = [each.removeprefix("ndots:") for each in options if each.startswith("ndots:")]
    return int(texts[0]) if texts and texts[0].isascii() and texts[0].isdigit() else default


def _fitting(search: Iterable[str]) -> list[str]:
    """Those that the limits allow; too long a domain makes C libraries fail."""
    fitting = [each for each in list(search)[:_MAX_SEARCHES] if len(each) <= _MAX_DOMAIN]
    while len(" ".join(fitting)) > _MAX_SEARCH_CHARACTERS:
        fitting.pop()
    return fitting


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
