"""Network policies: what is filled in, which rules are refused, what is warned of, and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.networking.network_policy import RESOURCE
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
WEB = {"podSelector": {"matchLabels": {"app": "web"}}}


def policy(**spec: Any) -> Object:
    obj: Object = {
        "metadata": {"name": "guard", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": spec,
    }
    STRATEGY.default(obj)
    return obj


def allowing(*peers: Object, ports: tuple[Object, ...] = (), egress: bool = False) -> Object:
    """A policy of one rule."""
    rule = {"to" if egress else "from": list(peers), "ports": [dict(port) for port in ports]}
    return policy(**{"egress" if egress else "ingress": [rule]})


def block(cidr: str, *excepted: str) -> Object:
    return {"ipBlock": {"cidr": cidr, "except": list(excepted)}}


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        ({}, ["Ingress"]),
        ({"ingress": [{}]}, ["Ingress"]),
        ({"egress": [{}]}, ["Ingress", "Egress"]),
        ({"egress": [{}], "policyTypes": ["Egress"]}, ["Egress"]),
        ({"policyTypes": ["Ingress", "Egress"]}, ["Ingress", "Egress"]),
    ],
)
def test_the_types_follow_from_the_rules(spec: Object, types: list[str]) -> None:
    assert policy(**spec)["spec"]["policyTypes"] == types


def test_an_empty_policy_selects_every_pod() -> None:
    obj: Object = {"metadata": {"name": "deny"}}

    STRATEGY.default(obj)

    assert obj["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert STRATEGY.validate(obj) == []


def test_ports_are_of_tcp_unless_they_say_otherwise() -> None:
    obj = allowing(ports=({"port": 53}, {"port": 53, "protocol": "UDP"}, {}))

    protocols = [port["protocol"] for port in obj["spec"]["ingress"][0]["ports"]]

    assert protocols == ["TCP", "UDP", "TCP"]


@pytest.mark.parametrize(
    "given",
    [
        policy(ingress=[{}], egress=[{}]),
        allowing(WEB),
        allowing(WEB | {"namespaceSelector": {}}),
        allowing({"podSelector": {}}, {"namespaceSelector": {}}, egress=True),
        allowing(block("10.0.0.0/8", "10.1.0.0/16", "10.2.3.4/32")),
        allowing(block("2001:db8::/32", "2001:db8:1::/48")),
        allowing(ports=({"port": 1, "endPort": 1}, {"port": "http"}, {"protocol": "SCTP"})),
    ],
)
def test_right_policies_are_taken(given: Object) -> None:
    assert STRATEGY.validate(given) == []
    assert STRATEGY.warnings(given, None) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            policy(podSelector={"matchExpressions": [{"key": "app", "operator": "in"}]}),
            [
                (
                    "spec.podSelector.matchExpressions[0].operator",
                    'Invalid value: "in": not a valid selector operator',
                )
            ],
        ),
        (
            policy(policyTypes=["ingress"]),
            [("spec.policyTypes[0]", 'Unsupported value: "ingress": supported values: "Ingress", "Egress"')],
        ),
        (
            policy(policyTypes=["Ingress", "Egress", "Ingress"]),
            [
                (
                    "spec.policyTypes",
                    'Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes',
                )
            ],
        ),
        (allowing({}), [("spec.ingress[0].from[0]", "Required value: must specify a peer")]),
        (
            allowing(WEB, WEB | block("10.0.0.0/8"), egress=True),
            [("spec.egress[0].to[1]", "Forbidden: may not specify both ipBlock and another peer")],
        ),
        (
            allowing({"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}),
            [
                (
                    "spec.ingress[0].from[0].namespaceSelector.matchExpressions[0].values",
                    "Required value: must be specified when `operator` is 'In' or 'NotIn'",
                )
            ],
        ),
        (allowing(block("")), [("spec.ingress[0].from[0].ipBlock.cidr", "Required value")]),
        (
            allowing(block("10.0.0.0", "10.1.0.0")),
            [
                (
                    "spec.ingress[0].from[0].ipBlock.cidr",
                    'Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
                )
            ],
        ),
        (
            allowing(block("010.0.0.0/8"), egress=True),
            [
                (
                    "spec.egress[0].to[0].ipBlock.cidr",
                    'Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix length',
                )
            ],
        ),
        (
            allowing(block("10.0.0.0/8", "10.1.2.3/16", "x")),
            [
                (
                    "spec.ingress[0].from[0].ipBlock.except[0]",
                    'Invalid value: "10.1.2.3/16": must not have bits set beyond the prefix length',
                ),
                (
                    "spec.ingress[0].from[0].ipBlock.except[1]",
                    'Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
                ),
            ],
        ),
    ],
)
def test_a_policy_is_judged_in_upstreams_words(given: Object, expected: list[tuple[str, str]]) -> None:
    assert [(error.field, error.message) for error in STRATEGY.validate(given)] == expected


@pytest.mark.parametrize("excepted", ["10.0.0.0/8", "10.0.0.0/7", "11.0.0.0/16", "2001:db8::/64"])
def test_what_is_excepted_lies_strictly_within_the_range(excepted: str) -> None:
    (error,) = STRATEGY.validate(allowing(block("10.0.0.0/8", excepted)))

    assert error.message == f'Invalid value: "{excepted}": must be a strict subset of `cidr`'
    assert error.field == "spec.ingress[0].from[0].ipBlock.except[0]"


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"protocol": "ICMP"}, [("protocol", 'Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"')]),
        ({"port": 0}, [("port", "Invalid value: 0: must be between 1 and 65535, inclusive")]),
        (
            {"port": "80"},
            [("port", 'Invalid value: "80": must contain at least one letter (a-z)')],
        ),
        ({"endPort": 90}, [("endPort", "Invalid value: 90: may not be specified when `port` is not specified")]),
        (
            {"port": "http", "endPort": 90},
            [("endPort", "Invalid value: 90: may not be specified when `port` is non-numeric")],
        ),
        (
            {"port": 80, "endPort": 79},
            [("endPort", "Invalid value: 79: must be greater than or equal to `port`")],
        ),
        (
            {"port": 80, "endPort": 65536},
            [("endPort", "Invalid value: 65536: must be between 1 and 65535, inclusive")],
        ),
    ],
)
def test_ports_are_judged_in_upstreams_words(port: Object, expected: list[tuple[str, str]]) -> None:
    errors = STRATEGY.validate(allowing(ports=(port,), egress=True))

    assert [(error.field, error.message) for error in errors] == [
        (f"spec.egress[0].ports[0].{field}", message) for field, message in expected
    ]


def test_ranges_that_could_be_written_shorter_are_warned_of() -> None:
    given = policy(
        ingress=[{"from": [WEB, block("2001:DB8::/32", "2001:db8:1:0::/64")]}], egress=[{"to": [block("10.0.0.0/8")]}]
    )

    assert STRATEGY.validate(given) == []
    assert [warning.partition(" should be ")[0] for warning in STRATEGY.warnings(given, None)] == [
        'spec.ingress[0].from[1].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/32"',
        'spec.ingress[0].from[1].ipBlock.except[0]: IPv6 CIDR value "2001:db8:1:0::/64"',
    ]


def test_a_change_of_the_spec_raises_the_generation() -> None:
    assert STRATEGY.raises_generation(allowing(WEB), policy())
    assert not STRATEGY.raises_generation(allowing(WEB), allowing(WEB))


@pytest.mark.parametrize(
    ("selector", "shown"),
    [
        ({}, "<none>"),
        ({"matchLabels": {"tier": "front", "app": "web"}}, "app=web,tier=front"),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["b", "a"]}]}, "app in (a,b)"),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, "!app"),
    ],
)
def test_the_table_shows_the_selector(selector: Object, shown: str) -> None:
    assert RESOURCE.row is not None

    assert RESOURCE.row(policy(podSelector=selector), NOW) == ["guard", shown, "60s"]
