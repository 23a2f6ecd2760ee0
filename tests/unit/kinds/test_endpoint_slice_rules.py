"""Endpoint slices: address types, limits, generation and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.discovery.endpoint_slice import MAX_ENDPOINTS, RESOURCE
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def endpoint_slice(*addresses: str, type: str = "IPv4", ports: tuple[Object, ...] = (), **endpoint: Any) -> Object:
    obj: Object = {
        "metadata": {"name": "web-x", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "addressType": type,
        "endpoints": [{"addresses": [address], **endpoint} for address in addresses],
        "ports": [dict(port) for port in ports],
    }
    STRATEGY.default(obj)
    return obj


def test_ports_and_conditions_are_filled_in() -> None:
    obj = endpoint_slice("10.0.0.1", ports=({"port": 80},))

    assert obj["ports"] == [{"port": 80, "name": "", "protocol": "TCP"}]
    assert obj["endpoints"] == [{"addresses": ["10.0.0.1"], "conditions": {}}]


def test_a_slice_may_be_empty() -> None:
    obj: Object = {"metadata": {"name": "web-x"}, "addressType": "IPv4"}

    STRATEGY.default(obj)

    assert obj["endpoints"] == []
    assert STRATEGY.validate(obj) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (endpoint_slice("10.0.0.1"), []),
        (endpoint_slice("2001:db8::1", type="IPv6"), []),
        (endpoint_slice("db.example.com.", type="FQDN"), []),
        (endpoint_slice(type=""), [("addressType", "Required value")]),
        (
            endpoint_slice(type="IP"),
            [("addressType", 'Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"')],
        ),
        (
            endpoint_slice("2001:db8::1"),
            [("endpoints[0].addresses[0]", 'Invalid value: "2001:db8::1": must be a valid IPv4 address')],
        ),
        (
            endpoint_slice("127.0.0.1"),
            [
                (
                    "endpoints[0].addresses[0]",
                    'Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
                )
            ],
        ),
        (
            endpoint_slice("db", type="FQDN"),
            [
                (
                    "endpoints[0].addresses[0]",
                    'Invalid value: "db": should be a domain with at least two segments separated by dots',
                )
            ],
        ),
        (
            endpoint_slice("10.0.0.1", hints={"forZones": [{"name": "a"}, {"name": "a"}]}),
            [("endpoints[0].hints.forZones[1].name", 'Duplicate value: "a"')],
        ),
        (
            endpoint_slice(ports=({"name": "web"}, {"name": "web", "port": 81})),
            [("ports[1].name", 'Duplicate value: "web"')],
        ),
        (
            endpoint_slice(ports=({"protocol": "tcp"},)),
            [("ports[0].protocol", 'Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"')],
        ),
    ],
)
def test_a_slice_is_judged_in_upstreams_words(given: Object, expected: list[tuple[str, str]]) -> None:
    assert [(error.field, error.message) for error in STRATEGY.validate(given)] == expected


def test_an_endpoint_has_between_one_and_a_hundred_addresses() -> None:
    obj = endpoint_slice("10.0.0.1", "10.0.0.2")
    obj["endpoints"][0]["addresses"] = []
    obj["endpoints"][1]["addresses"] = [f"10.0.1.{index}" for index in range(101)]

    assert [(error.field, error.message) for error in STRATEGY.validate(obj)] == [
        ("endpoints[0].addresses", "Required value: must contain at least 1 address"),
        ("endpoints[1].addresses", "Too many: 101: must have at most 100 items"),
    ]


def test_a_slice_has_at_most_a_thousand_endpoints() -> None:
    addresses = [f"10.0.{index // 250}.{index % 250 + 1}" for index in range(MAX_ENDPOINTS + 1)]

    assert STRATEGY.validate(endpoint_slice(*addresses[:-1])) == []
    assert [error.message for error in STRATEGY.validate(endpoint_slice(*addresses))] == [
        "Too many: 1001: must have at most 1000 items"
    ]


def test_the_address_type_is_fixed() -> None:
    errors = STRATEGY.validate_update(endpoint_slice(type="IPv6"), endpoint_slice())

    assert [(error.field, error.message) for error in errors] == [
        ("addressType", 'Invalid value: "IPv6": field is immutable')
    ]


@pytest.mark.parametrize(
    ("change", "raised"),
    [
        ({}, False),
        ({"annotations": {"a": "b"}}, False),
        ({"labels": {"a": "b"}}, True),
    ],
)
def test_of_the_metadata_only_labels_raise_the_generation(change: Object, raised: bool) -> None:
    old, new = endpoint_slice("10.0.0.1"), endpoint_slice("10.0.0.1")
    new["metadata"] |= change

    assert STRATEGY.raises_generation(new, old) is raised


def test_a_change_of_endpoints_raises_the_generation() -> None:
    assert STRATEGY.raises_generation(endpoint_slice("10.0.0.1"), endpoint_slice("10.0.0.2"))


def test_the_old_topology_cannot_be_written() -> None:
    obj = endpoint_slice("10.0.0.1", deprecatedTopology={"zone": "a"})

    STRATEGY.prepare_for_create(obj)

    assert "deprecatedTopology" not in obj["endpoints"][0]


@pytest.mark.parametrize(
    ("given", "cells"),
    [
        (endpoint_slice(), ["<unset>", "<unset>"]),
        (endpoint_slice("10.0.0.1", ports=({"port": 80},)), ["80", "10.0.0.1"]),
        (endpoint_slice("10.0.0.1", ports=({"name": "web"},)), ["web", "10.0.0.1"]),
        (
            endpoint_slice(
                "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", ports=tuple({"port": port} for port in range(80, 85))
            ),
            ["80,81,82 + 2 more...", "10.0.0.1,10.0.0.2,10.0.0.3 + 1 more..."],
        ),
    ],
)
def test_the_table_names_the_first_three(given: Object, cells: list[str]) -> None:
    assert RESOURCE.row is not None

    assert RESOURCE.row(given, NOW) == ["web-x", "IPv4", *cells, "60s"]
