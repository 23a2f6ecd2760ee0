"""The nodes' own addresses."""

from __future__ import annotations

from fauxkube.nodes.addresses import NodeAddresses


def test_nodes_get_the_lowest_free_address_after_the_gateway_and_the_api_server() -> None:
    addresses = NodeAddresses("172.18.0.0/16")
    assert [addresses.of(name) for name in ("a", "b", "a")] == ["172.18.0.3", "172.18.0.4", "172.18.0.3"]


def test_an_address_that_a_node_reports_is_its_own() -> None:
    addresses = NodeAddresses("172.18.0.0/16")
    addresses.note("b", "172.18.0.3")
    addresses.note("b", "172.18.0.3")
    assert addresses.of("a") == "172.18.0.4"
    assert addresses.of("b") == "172.18.0.3"


def test_the_address_of_a_node_that_is_gone_is_free() -> None:
    addresses = NodeAddresses("172.18.0.0/16")
    addresses.of("a")
    addresses.release("a")
    addresses.release("a")
    assert addresses.of("b") == "172.18.0.3"


def test_a_full_network_has_no_address() -> None:
    addresses = NodeAddresses("10.0.0.0/29")
    assert [addresses.of(str(number)) for number in range(5)] == ["10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", ""]
