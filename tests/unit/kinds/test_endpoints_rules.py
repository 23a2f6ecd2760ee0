"""Endpoints: addresses, ports, and how a table sums them up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fauxkube.kinds.core.endpoints import RESOURCE
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def endpoints(*subsets: Object) -> Object:
    obj: Object = {"metadata": {"name": "web", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"}}
    obj["subsets"] = list(subsets)
    STRATEGY.default(obj)
    return obj


def subset(*ips: str, ports: tuple[int, ...] = (80,)) -> Object:
    named = [{"port": port, "name": f"p{port}"} for port in ports]
    return {"addresses": [{"ip": ip} for ip in ips], "ports": named}


def test_a_ports_protocol_is_tcp_unless_said() -> None:
    obj = endpoints({"ports": [{"port": 53}, {"port": 53, "protocol": "UDP"}]})

    assert [port["protocol"] for port in obj["subsets"][0]["ports"]] == ["TCP", "UDP"]


@pytest.mark.parametrize(
    ("given_subset", "field", "message"),
    [
        ({}, "subsets[0]", "Required value: must specify `addresses` or `notReadyAddresses`"),
        (
            subset("127.0.0.1"),
            "subsets[0].addresses[0].ip",
            'Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        ),
        (
            subset("169.254.169.254"),
            "subsets[0].addresses[0].ip",
            'Invalid value: "169.254.169.254": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
        ),
        (
            {"notReadyAddresses": [{"ip": "0.0.0.0"}]},
            "subsets[0].notReadyAddresses[0].ip",
            'Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
        ),
        (
            {"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}, {"port": 81, "name": "b"}]},
            "subsets[0].ports[0].name",
            "Required value",
        ),
        (
            subset("10.0.0.1", ports=(0,)),
            "subsets[0].ports[0].port",
            "Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        (
            {"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80, "protocol": "ICMP"}]},
            "subsets[0].ports[0].protocol",
            'Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        ),
        (
            {"addresses": [{"ip": "10.0.0.1", "hostname": "a.b"}]},
            "subsets[0].addresses[0].hostname",
            'Invalid value: "a.b": must not contain dots',
        ),
    ],
)
def test_a_wrong_subset_is_refused(given_subset: Object, field: str, message: str) -> None:
    errors = STRATEGY.validate(endpoints(given_subset))

    assert [(error.field, error.message) for error in errors] == [(field, message)]


def test_text_that_is_no_address_is_refused_twice_as_upstream_does() -> None:
    errors = STRATEGY.validate(endpoints(subset("nowhere")))

    assert [error.message for error in errors] == [
        'Invalid value: "nowhere": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'Invalid value: "nowhere": must be a valid IP address',
    ]


def test_headless_endpoints_need_no_ports() -> None:
    assert STRATEGY.validate(endpoints(subset("10.0.0.1", ports=()))) == []


@pytest.mark.parametrize(
    ("subsets", "cell"),
    [
        ([], "<none>"),
        ([{"notReadyAddresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}], ""),
        ([subset("10.0.0.1", "10.0.0.2")], "10.0.0.1:80,10.0.0.2:80"),
        ([subset("10.0.0.1", ports=())], "10.0.0.1"),
        ([subset("2001:db8::1")], "[2001:db8::1]:80"),
        (
            [subset("10.0.0.1", "10.0.0.2", ports=(80, 443)), subset("10.0.0.3")],
            "10.0.0.1:80,10.0.0.2:80,10.0.0.1:443 + 2 more...",
        ),
    ],
)
def test_a_table_names_the_first_three_backends(subsets: list[Object], cell: str) -> None:
    assert RESOURCE.row is not None

    assert RESOURCE.row(endpoints(*subsets), NOW) == ["web", cell, "60s"]


def test_endpoints_are_deprecated() -> None:
    assert RESOURCE.deprecation == "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
