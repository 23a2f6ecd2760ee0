"""Which addresses and ranges lie in a range."""

from __future__ import annotations

import pytest

from fauxkube.ipam.families import lies_in, overlap


@pytest.mark.parametrize(
    ("value", "cidr", "inside"),
    [
        ("10.244.0.1", "10.244.0.0/24", True),
        ("10.244.1.1", "10.244.0.0/24", False),
        ("10.244.0.0/24", "10.244.0.0/16", True),
        ("10.244.0.0/16", "10.244.0.0/24", False),
        ("10.244.0.9/24", "10.244.0.0/16", True),
        ("10.244.0.0/16", "10.244.0.0/16", True),
        ("fd00::1", "fd00::/64", True),
        ("fd00:0:0:1::1", "fd00::/64", False),
        ("0.0.0.1", "::/0", False),
        ("::1", "0.0.0.0/0", False),
    ],
)
def test_an_address_or_a_range_lies_in_a_range_that_holds_all_of_it(value: str, cidr: str, *, inside: bool) -> None:
    assert lies_in(value, cidr) is inside


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("10.0.0.0/8", "10.96.0.0/12", True),
        ("10.96.0.0/12", "10.0.0.0/8", True),
        ("10.96.0.0/12", "10.244.0.0/16", False),
        ("::/0", "0.0.0.0/0", False),
    ],
)
def test_ranges_overlap_when_one_lies_in_the_other(one: str, other: str, *, common: bool) -> None:
    assert overlap(one, other) is common


def test_what_is_no_address_lies_nowhere() -> None:
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 network"):
        lies_in("shop", "10.0.0.0/8")
