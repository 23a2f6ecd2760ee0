"""Checks of single fields that the core kinds share, each giving the errors of one value at one path.

Worded as `apimachinery/pkg/util/validation` and `pkg/apis/core/validation` word them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path

PROTOCOLS = ("SCTP", "TCP", "UDP")
MAX_INT32 = 2**31 - 1
FILE_MODE_RULE = "must be a number between 0 and 0777 (octal), both inclusive"
NOT_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than zero"
IMMUTABLE = "field is immutable"


def name_errors(value: str, problems: Callable[[str], list[str]], path: Path) -> list[FieldError]:
    """What one of the functions of `machinery.names` says of the value."""
    return [path.invalid(value, problem) for problem in problems(value)]


def required_name_errors(value: str | None, problems: Callable[[str], list[str]], path: Path) -> list[FieldError]:
    """The same for a value that must be there."""
    return name_errors(value, problems, path) if value else [path.required()]


def supported_errors(value: str | None, supported: Sequence[str], path: Path) -> list[FieldError]:
    """A value that must be one of `supported`, which are named in this order."""
    if value in supported:
        return []
    return [path.not_supported(value, supported) if value else path.required()]


def optional_supported_errors(value: str | None, supported: Sequence[str], path: Path) -> list[FieldError]:
    """A value that may be left out, or else must be one of `supported`."""
    return [] if value is None or value in supported else [path.not_supported(value, supported)]


def range_errors(value: int, low: int, high: int, path: Path) -> list[FieldError]:
    """A number in an inclusive range."""
    return [path.invalid(value, problem) for problem in names.in_range_problems(value, low, high)]


def non_negative_errors(value: int | None, path: Path) -> list[FieldError]:
    """A number that must not be negative."""
    return [path.invalid(value, NOT_NEGATIVE)] if value is not None and value < 0 else []


def port_errors(value: int | str | None, path: Path) -> list[FieldError]:
    """A port by its number or its name."""
    if isinstance(value, str):
        return name_errors(value, names.port_name_problems, path)
    return [path.invalid(value or 0, problem) for problem in names.port_number_problems(value or 0)]


def file_mode_errors(mode: int | None, path: Path) -> list[FieldError]:
    """A file's permission bits."""
    return [path.invalid(mode, FILE_MODE_RULE)] if mode is not None and not 0 <= mode <= 0o777 else []


def descending_path_errors(value: str, path: Path) -> list[FieldError]:
    """A relative path that does not step back."""
    absolute = [path.invalid(value, "must be a relative path")] if value.startswith("/") else []
    return absolute + backstep_errors(value, path)


def backstep_errors(value: str, path: Path) -> list[FieldError]:
    """A path without `..` in it."""
    return [path.invalid(value, "must not contain '..'")] if ".." in value.split("/") else []


def local_path_errors(value: str, path: Path) -> list[FieldError]:
    """A relative path that neither steps back nor starts with two dots, which the kubelet keeps for itself."""
    errors = descending_path_errors(value, path)
    if value.startswith("..") and not value.startswith("../") and value != "..":
        errors.append(path.invalid(value, "must not start with '..'"))
    return errors


def user_id_errors(value: int | None, path: Path) -> list[FieldError]:
    """A user's or a group's number."""
    return [] if value is None else range_errors(value, 0, MAX_INT32, path)


@lru_cache(maxsize=1024)
def parsed_ip(value: str) -> IPv4Address | IPv6Address | None:
    """The address, or None when the text is none; one with a zone is none either."""
    try:
        return None if "%" in value else ip_address(value)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _ip_problem(value: str) -> str:
    """What strict validation (KEP-4858) says of an address; nothing when it is right."""
    address = parsed_ip(value)
    if address is not None:
        return "must not be an IPv4-mapped IPv6 address" if _is_mapped(address) else ""
    if is_ip(value):
        return "must not have leading 0s"
    return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def is_ip(value: str) -> bool:
    """Whether a text would be taken for an address, if only by some software."""
    return parsed_ip(_without_leading_zeros(value)) is not None


def _without_leading_zeros(address: str) -> str:
    """An IPv4 address whose parts may have been padded, as Go once read them."""
    return ".".join(part.lstrip("0") or part[:1] for part in address.split("."))


def _is_mapped(address: IPv4Address | IPv6Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def ip_errors(value: str, path: Path) -> list[FieldError]:
    """An IP address of either family, in a form that all software reads alike."""
    problem = _ip_problem(value)
    return [path.invalid(value, problem)] if problem else []


def hostname_errors(value: str, path: Path) -> list[FieldError]:
    """A domain that nothing would take for an address."""
    errors = name_errors(value, names.dns_subdomain_problems, path)
    return [*errors, path.invalid(value, "must be a DNS name, not an IP address")] if is_ip(value) else errors


def ip_warnings(value: str, path: Path) -> list[str]:
    """What is warned of in an address that `ip_errors` finds right."""
    address = parsed_ip(value)
    if address is None or address.version == 4 or str(address) == value:
        return []
    return [f'{path}: IPv6 address "{value}" should be in RFC 5952 canonical format ("{address}")']


def non_special_ip_errors(value: str, path: Path) -> list[FieldError]:
    """An address that a backend or a service can have: none of the special ranges."""
    address = parsed_ip(value)
    if address is None:
        return [path.invalid(value, "must be a valid IP address")]
    special = {
        f"may not be unspecified ({value})": address.is_unspecified,
        "may not be in the loopback range (127.0.0.0/8, ::1/128)": address.is_loopback,
        "may not be in the link-local range (169.254.0.0/16, fe80::/10)": address.is_link_local,
        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)": _is_link_local_multicast(address),
    }
    return [path.invalid(value, problem) for problem, holds in special.items() if holds]


def _is_link_local_multicast(address: IPv4Address | IPv6Address) -> bool:
    packed = address.packed
    return packed[:3] == b"\xe0\x00\x00" if len(packed) == 4 else packed[0] == 0xFF and packed[1] & 0xF == 2


@lru_cache(maxsize=1024)
def parsed_cidr(value: str) -> IPv4Network | IPv6Network | None:
    """The range that a CIDR names, however it is padded and whatever bits follow the prefix; None when it is none."""
    address, _, length = value.partition("/")
    if "%" in address or not (length.isascii() and length.isdigit()):
        return None
    try:
        return ip_network(f"{_without_leading_zeros(address)}/{length}", strict=False)
    except ValueError:
        return None


def cidr_errors(value: str, path: Path) -> list[FieldError]:
    """A range of addresses, in a form that all software reads alike."""
    problem = _cidr_problem(value)
    return [path.invalid(value, problem)] if problem else []


def _cidr_problem(value: str) -> str:
    network, (address, _, length) = parsed_cidr(value), value.partition("/")
    if network is None:
        return "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    first = parsed_ip(address)
    if first is None or length != str(network.prefixlen):
        return "must not have leading 0s in IP or prefix length"
    if _is_mapped(first):
        return "must not have an IPv4-mapped IPv6 address"
    return "" if first == network.network_address else "must not have bits set beyond the prefix length"


def cidr_warnings(value: str, path: Path) -> list[str]:
    """What is warned of in a CIDR that `cidr_errors` finds right."""
    network = parsed_cidr(value)
    if network is None or network.version == 4 or str(network) == value:
        return []
    return [f'{path}: IPv6 CIDR value "{value}" should be in RFC 5952 canonical format ("{network}")']


def family_list_errors(values: Sequence[str], path: Path, *, what: str = "IP") -> list[FieldError]:
    """At most one address (or CIDR) of each family, none twice."""
    if len(values) < 2:
        return []
    versions = [":" in value for value in values]
    errors: list[FieldError] = []
    if len(values) > 2 or versions[0] == versions[1]:
        errors.append(path.invalid(list(values), f"may specify no more than one {what} for each IP family"))
    return errors + duplicate_errors(values, path)


def duplicate_errors(values: Iterable[Any], path: Path) -> list[FieldError]:
    """A list whose elements must differ."""
    seen: list[Any] = []
    errors = []
    for index, value in enumerate(values):
        if value in seen:
            errors.append(path.index(index).duplicate(value))
        seen.append(value)
    return errors
