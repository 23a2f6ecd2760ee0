"""Names as a program in a pod looks them up: the search path, `ndots`, CNAMEs, each query told (resolv.conf(5)).

Who asks the world's DNS alone, as nodes do, learns nothing of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fauxkube.network.names import Answered, query
from fauxkube.network.resolv_conf import ResolverConfig
from fauxkube.network.topology import Topology

_MAX_ALIASES = 8


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
