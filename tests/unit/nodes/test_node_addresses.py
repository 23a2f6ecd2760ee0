"""The nodes' own addresses."""

from __future__ import annotations

from fauxkube.nodes.addresses import NETWORKS, NodeAddresses, advertised_address

V4 = ("172.18.0.0/16",)


def test_nodes_get_the_lowest_free_address_after_the_gateway_and_the_api_server() -> None:
    addresses = NodeAddresses(V4)
    assert [addresses.of(name) for name in ("a", "b", "a")] == [("172.18.0.3",), ("172.18.0.4",), ("172.18.0.3",)]
    assert advertised_address("IPv4") == "172.18.0.2"


def test_nodes_in_two_networks_get_an_address_of_each_in_their_order() -> None:
    addresses = NodeAddresses([NETWORKS["IPv6"], NETWORKS["IPv4"]])
    assert addresses.of("a") == ("fc00:f853:ccd:e793::3", "172.18.0.3")
    addresses.note("b", ["172.18.0.4"])
    assert addresses.of("c") == ("fc00:f853:ccd:e793::4", "172.18.0.5")
    assert advertised_address("IPv6") == "fc00:f853:ccd:e793::2"


def test_an_address_that_a_node_reports_is_its_own() -> None:
    addresses = NodeAddresses(V4)
    addresses.note("b", ["172.18.0.3"])
    addresses.note("b", ["172.18.0.3"])
    assert addresses.of("a") == ("172.18.0.4",)
    assert addresses.of("b") == ("172.18.0.3",)


def test_the_addresses_of_a_node_that_is_gone_are_free() -> None:
    addresses = NodeAddresses([NETWORKS["IPv4"], NETWORKS["IPv6"]])
    first = addresses.of("a")
    addresses.release("a")
    addresses.release("a")
    assert addresses.of("b") == first


def test_a_full_network_has_no_address() -> None:
    addresses = NodeAddresses(["10.0.0.0/29"])
    given = [addresses.of(str(number)) for number in range(5)]
    assert given == [("10.0.0.3",), ("10.0.0.4",), ("10.0.0.5",), ("10.0.0.6",), ()]
