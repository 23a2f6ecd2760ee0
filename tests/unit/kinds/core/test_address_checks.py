"""Addresses and ranges of them: forms that some software reads in another way are refused (KEP-4858)."""

from __future__ import annotations

import pytest

from fauxkube.kinds.core.field_checks import cidr_errors, cidr_warnings, ip_errors, is_ip
from fauxkube.machinery.fields import Path

PATH = Path("spec.cidr")
NO_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NO_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
PADDED = "must not have leading 0s in IP or prefix length"


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("10.9.8.7", ""),
        ("0.0.0.0", ""),
        ("2001:DB8:0::1", ""),
        ("010.9.8.7", "must not have leading 0s"),
        ("10.9.8.00", "must not have leading 0s"),
        ("::ffff:10.9.8.7", "must not be an IPv4-mapped IPv6 address"),
        ("10.9.8", NO_IP),
        ("10.9..8", NO_IP),
        ("fe80::1%eth0", NO_IP),
        ("", NO_IP),
    ],
)
def test_an_address_is_judged_strictly(address: str, problem: str) -> None:
    expected = [PATH.invalid(address, problem)] if problem else []
    assert ip_errors(address, PATH) == expected
    assert is_ip(address) is (problem != NO_IP)


@pytest.mark.parametrize(
    ("cidr", "problem"),
    [
        ("10.9.8.0/24", ""),
        ("0.0.0.0/0", ""),
        ("2001:db8::/64", ""),
        ("10.9.8.7/24", "must not have bits set beyond the prefix length"),
        ("10.09.8.0/24", PADDED),
        ("10.9.8.0/024", PADDED),
        ("::ffff:10.0.0.0/104", "must not have an IPv4-mapped IPv6 address"),
        ("10.9.8.0", NO_CIDR),
        ("10.9.8.0/33", NO_CIDR),
        ("10.9.8.0/255.255.255.0", NO_CIDR),
        ("10.9.8.0/24/24", NO_CIDR),
        ("fe80::%eth0/64", NO_CIDR),
        ("/24", NO_CIDR),
    ],
)
def test_a_range_is_judged_strictly(cidr: str, problem: str) -> None:
    expected = [PATH.invalid(cidr, problem)] if problem else []
    assert cidr_errors(cidr, PATH) == expected


@pytest.mark.parametrize(
    ("cidr", "canonical"),
    [
        ("10.9.8.0/24", ""),
        ("2001:db8::/64", ""),
        ("2001:DB8::/64", "2001:db8::/64"),
        ("2001:db8:0:0::/64", "2001:db8::/64"),
    ],
)
def test_a_range_that_could_be_written_shorter_is_warned_of(cidr: str, canonical: str) -> None:
    said = f'spec.cidr: IPv6 CIDR value "{cidr}" should be in RFC 5952 canonical format ("{canonical}")'
    assert cidr_warnings(cidr, PATH) == ([said] if canonical else [])
