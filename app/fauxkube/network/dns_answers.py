"""The whole answer to a DNS question: what the cluster knows of the name, aliases followed, the sections filled.

An external name that is one of the cluster's is followed to its end, as CoreDNS does; one that leads to nothing, or in
circles, is answered like a name without records of the type. One that leads out of the cluster ends with its alias.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fauxkube.network import cluster_dns
from fauxkube.network.names import Answered, Record, query, start_of_authority
from fauxkube.network.topology import Topology

_MAX_ALIASES = 8
#: What the world has no names below: special uses (RFC 6761, 6762), and what is left of a service's name.
_NO_DOMAINS = {"internal", "invalid", "local", "localhost", "svc", "test"}


@dataclass(frozen=True, slots=True)
class Response:
    """The sections of an answer; `status` is DNS' own word for how it was answered, `why` what a person may ask."""

    status: str
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    authoritative: bool = True
    why: str = ""


def respond(topology: Topology, name: str, type: str, *, serial: int = 0) -> Response:
    """The answer to a question of the class IN; its records are called by the name as it was asked.

    `serial` counts the changes of the zone, and is told where a name or a type is denied.
    """
    if not cluster_dns.is_served(topology):
        return _failed("SERVFAIL", f"service {cluster_dns.KEY} has no endpoint that is ready: no DNS runs here")
    authority = start_of_authority(topology, serial)
    if type == "SOA" and name.rstrip(".").lower() == topology.domain:
        return Response("NOERROR", (replace(authority, name=name),))
    found = query(topology, name, type)
    if found.status is Answered.FORWARDED:
        return _elsewhere(topology, name)
    if found.status is Answered.NXDOMAIN:
        return Response("NXDOMAIN", authority=(authority,))
    if found.type == "CNAME" and type != "CNAME":
        answer = _followed(topology, Record(name, "CNAME", found.records[0]), type)
    else:
        answer = tuple(Record(name, found.type, text, found.ttl) for text in found.records)
    return Response("NOERROR", answer, () if answer else (authority,), found.additional)


def _followed(topology: Topology, alias: Record, type: str) -> tuple[Record, ...]:
    """The alias and what is at its end; nothing when that is nothing."""
    chain = [alias]
    while len(chain) <= _MAX_ALIASES:
        name = chain[-1].text
        if any(name.lower() == f"{each.name.rstrip('.')}.".lower() for each in chain):
            return ()
        found = query(topology, name, type)
        if found.status is Answered.FORWARDED:
            return tuple(chain)
        if found.type != "CNAME":
            return _ending((Record(name, found.type, text) for text in found.records), chain)
        chain.append(Record(name, "CNAME", found.records[0]))
    return ()


def _ending(records: Iterable[Record], chain: list[Record]) -> tuple[Record, ...]:
    found = tuple(records)
    return (*chain, *found) if found else ()


def _elsewhere(topology: Topology, name: str) -> Response:
    """What the world would be asked for: it denies names that cannot be there, as the last of a search path are."""
    labels = name.rstrip(".").lower().split(".")
    nowhere = len(labels) == 1 or labels[-1] in _NO_DOMAINS or (len(labels) == 2 and labels[-1] in topology.namespaces)
    if nowhere or _is_private(".".join(labels)):
        return Response("NXDOMAIN", authoritative=False)
    return _failed("REFUSED", "no name of the cluster's, and nothing is asked outside of it")


def _failed(status: str, why: str) -> Response:
    return Response(status, authoritative=False, why=why)


def _is_private(name: str) -> bool:
    """Whether the name stands for a private address or a network of such, which resolvers deny (RFC 6303)."""
    if name.endswith(".in-addr.arpa"):
        octets = [each for each in reversed(name.removesuffix(".in-addr.arpa").split(".")) if each.isdigit()]
        text = ".".join([*octets, "0", "0", "0"][:4])
    elif name.endswith(".ip6.arpa"):
        digits = "".join(reversed(name.removesuffix(".ip6.arpa").split("."))).ljust(32, "0")[:32]
        text = ":".join(digits[start : start + 4] for start in range(0, 32, 4))
    else:
        return False
    try:
        return ipaddress.ip_address(text).is_private
    except ValueError:
        return False
