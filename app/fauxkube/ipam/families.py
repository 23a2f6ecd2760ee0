"""The two families of IP, by the names that `ipFamilies` has for them, lists of CIDRs as flags write them, and which
addresses and CIDRs lie in one."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

IPV4, IPV6 = "IPv4", "IPv6"


def family_of(value: str) -> str:
    """The family of an address or a CIDR that is known to be one."""
    return IPV6 if ":" in value else IPV4


def canonical_ip(address: str) -> str:
    """An address in its one canonical form (RFC 5952); of IPv4 there is no other."""
    return str(ipaddress.ip_address(address)) if ":" in address else address


def cidrs_of(text: str) -> tuple[str, ...]:
    """The CIDRs of a list: `10.244.0.0/16,fd00:10:244::/56`, the first of the main family."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def families_of(text: str) -> tuple[str, ...]:
    """The families of such a list, in its order."""
    return tuple(family_of(each) for each in cidrs_of(text))


def lies_in(value: str, cidr: str) -> bool:
    """Whether an address, or each address of a CIDR, is one of another CIDR's; ValueError where either is none."""
    inner, outer = _network(value), _network(cidr)
    return inner.version == outer.version and inner.prefixlen >= outer.prefixlen and inner.network_address in outer


def overlap(one: str, other: str) -> bool:
    """Whether two CIDRs have an address in common."""
    return lies_in(one, other) or lies_in(other, one)


@lru_cache(maxsize=4096)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)
