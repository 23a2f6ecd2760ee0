"""Ranges map numbers to values and back."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.ipam.bands import node_port_band, service_ip_band
from fauxkube.ipam.ranges import AddressRange, BlockRange, PortRange, Range

RANGES: list[tuple[Range, int, str, str]] = [
    (AddressRange("10.244.1.0/24", head=2), 253, "10.244.1.2", "10.244.1.254"),
    (AddressRange("10.96.0.0/12"), 2**20 - 2, "10.96.0.1", "10.111.255.254"),
    (AddressRange("203.0.113.0/24", head=0, tail=0), 256, "203.0.113.0", "203.0.113.255"),
    (AddressRange("fd00::/112"), 65535, "fd00::1", "fd00::ffff"),
    (AddressRange("fd00::/48"), 2**62, "fd00::1", "fd00::4000:0:0:0"),
    (BlockRange("10.244.0.0/16", 24), 256, "10.244.0.0/24", "10.244.255.0/24"),
    (BlockRange("10.244.0.0/24", 24), 1, "10.244.0.0/24", "10.244.0.0/24"),
    (BlockRange("fd00::/56", 64), 256, "fd00::/64", "fd00:0:0:ff::/64"),
    (PortRange(30000, 32767), 2768, "30000", "32767"),
]


@pytest.mark.parametrize(("range", "length", "first", "last"), RANGES)
def test_a_range_goes_from_its_first_to_its_last_value(range: Range, length: int, first: str, last: str) -> None:
    assert (len(range), range.at(0), range.at(length - 1)) == (length, first, last)
    for index in (-1, length):
        with pytest.raises(IndexError):
            range.at(index)


@given(st.data())
def test_every_value_is_found_by_the_number_it_came_from(data: st.DataObject) -> None:
    values, length, _, _ = data.draw(st.sampled_from(RANGES))
    index = data.draw(st.integers(0, length - 1))
    assert values.index_of(values.at(index)) == index


@pytest.mark.parametrize(
    ("range", "value"),
    [
        *[(AddressRange("10.244.1.0/24", head=2), f"10.244.1.{n}") for n in (0, 1, 255)],
        (AddressRange("10.244.1.0/24"), "10.244.2.1"),
        (AddressRange("10.244.1.0/24"), "fd00::1"),
        (AddressRange("10.244.1.0/24"), "10.244.1.07"),
        (AddressRange("10.244.1.0/24"), "None"),
        (BlockRange("10.244.0.0/16", 24), "10.245.0.0/24"),
        (BlockRange("10.244.0.0/16", 24), "10.243.255.0/24"),
        (BlockRange("10.244.0.0/16", 24), "10.244.0.0/25"),
        (BlockRange("10.244.0.0/16", 24), "10.244.0.1/24"),
        (PortRange(30000, 32767), "29999"),
        (PortRange(30000, 32767), "32768"),
        (PortRange(30000, 32767), "http"),
        (PortRange(30000, 32767), ""),
    ],
)
def test_what_a_range_does_not_hold_has_no_number(range: Range, value: str) -> None:
    assert range.index_of(value) is None


def test_another_spelling_of_an_address_is_the_same_address() -> None:
    addresses = AddressRange("fd00::/112")
    assert addresses.index_of("FD00:0::0001") == addresses.index_of("fd00::1") == 0


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (AddressRange("10.96.0.0/12"), "10.96.0.0/12"),
        (AddressRange("10.244.1.0/24", head=2), "10.244.1.0/24"),
        (BlockRange("10.244.0.0/16", 24), "10.244.0.0/16 in blocks of /24"),
        (PortRange(30000, 32767), "30000-32767"),
    ],
    ids=str,
)
def test_a_range_reads_as_the_settings_write_it(values: Range, text: str) -> None:
    assert str(values) == text


@pytest.mark.parametrize("cidr", ["10.0.0.0/31", "10.0.0.0/32"])
def test_a_network_too_small_for_hosts_has_none(cidr: str) -> None:
    assert len(AddressRange(cidr)) == 0


@pytest.mark.parametrize("first_and_last", [(0, 10), (10, 9), (1, 65536)])
def test_ports_that_do_not_exist_make_no_range(first_and_last: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no range of ports"):
        PortRange(*first_and_last)


@pytest.mark.parametrize("prefix_length", [15, 33])
def test_blocks_must_fit(prefix_length: int) -> None:
    with pytest.raises(ValueError, match="cannot be cut"):
        BlockRange("10.244.0.0/16", prefix_length)


@pytest.mark.parametrize(("prefix", "band"), [(28, 0), (27, 16), (24, 16), (22, 64), (20, 256), (12, 256)])
def test_the_static_band_of_service_ips_is_that_of_kep_3070(prefix: int, band: int) -> None:
    assert service_ip_band(ipaddress.ip_network(f"10.0.0.0/{prefix}").num_addresses) == band


@pytest.mark.parametrize(("ports", "band"), [(16, 0), (17, 16), (1024, 32), (2768, 86), (64512, 128)])
def test_the_static_band_of_node_ports_is_that_of_kep_3668(ports: int, band: int) -> None:
    assert node_port_band(ports) == band
