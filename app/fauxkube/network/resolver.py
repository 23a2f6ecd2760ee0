"""Names as a program in a pod looks them up: the search path, `ndots`, CNAMEs, each query told (resolv.conf(5)).

What a pod's resolv.conf holds follows its `dnsPolicy` and `dnsConfig` as the kubelet reads them. Nodes, and pods with
the policy `Default`, ask the world's DNS alone, which knows nothing of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fauxkube.network.hosts import Pod
from fauxkube.network.names import Answered, query
from fauxkube.network.topology import Topology

_NDOTS = 5
_MAX_ALIASES = 8


@dataclass(frozen=True, slots=True)
class ResolverConfig:
    """What of a resolv.conf matters; `in_cluster` tells whether it names the cluster's DNS."""

    search: tuple[str, ...] = ()
    ndots: int = 1
    in_cluster: bool = True


OUTSIDE = ResolverConfig(in_cluster=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that was made, and its answer."""

    name: str
    type: str
    status: Answered
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The queries in their order, and what they led to: addresses, or a name that the world must answer for.

    `canonical` is the name that the addresses belong to.
    """

    asked: tuple[Asked, ...]
    addresses: tuple[str, ...] = ()
    canonical: str = ""
    forwarded: str = ""


def config_of(topology: Topology, pod: Pod) -> ResolverConfig:
    """What the kubelet writes into the pod's resolv.conf."""
    spec = pod.object["spec"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    if pod.host_network and policy == "ClusterFirst":
        policy = "Default"
    given = spec.get("dnsConfig") or {}
    options = {each.get("name"): each.get("value") for each in given.get("options") or ()}
    search: Sequence[str] = ()
    if policy.startswith("ClusterFirst"):
        domain = topology.domain
        search = (f"{pod.namespace}.svc.{domain}", f"svc.{domain}", domain)
    ndots = options.get("ndots") or ""
    dots = int(ndots) if ndots.isascii() and ndots.isdigit() else _NDOTS if search else 1
    in_cluster = bool(search) or (policy == "None" and bool(given.get("nameservers")))
    return ResolverConfig((*search, *(given.get("searches") or ())), dots, in_cluster)


def resolve(topology: Topology, name: str, config: ResolverConfig, *, types: Sequence[str] = ("A",)) -> Resolved:
    """Look a name up as the C library does: each candidate, until one has addresses."""
    asked: list[Asked] = []
    if not config.in_cluster:
        return Resolved((), forwarded=name.rstrip("."))
    for candidate in candidates(name, config):
        found = _resolve_one(topology, candidate, types, asked)
        if found.addresses or found.forwarded:
            return found
    return Resolved(tuple(asked))


def candidates(name: str, config: ResolverConfig) -> Iterator[str]:
    """The absolute names that are tried: with enough dots the name itself comes first, else last."""
    if name.endswith("."):
        yield name.rstrip(".")
        return
    whole = name.count(".") >= config.ndots
    if whole:
        yield name
    for suffix in config.search:
        yield f"{name}.{suffix}"
    if not whole:
        yield name


def _resolve_one(topology: Topology, name: str, types: Sequence[str], asked: list[Asked]) -> Resolved:
    for _ in range(_MAX_ALIASES):
        alias = ""
        addresses: list[str] = []
        for wanted in types:
            answer = query(topology, name, wanted)
            asked.append(Asked(name, wanted, answer.status, answer.records))
            if answer.status is Answered.FORWARDED:
                return Resolved(tuple(asked), forwarded=name, canonical=name)
            if answer.type == "CNAME":
                alias = answer.records[0]
            else:
                addresses += answer.records
        if not alias:
            return Resolved(tuple(asked), tuple(addresses), name)
        name = alias.rstrip(".")
    return Resolved(tuple(asked))
