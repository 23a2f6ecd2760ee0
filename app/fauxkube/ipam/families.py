"""The two families of IP, by the names that `ipFamilies` has for them, and lists of CIDRs as flags write them."""

from __future__ import annotations

import ipaddress

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
