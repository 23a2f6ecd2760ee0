"""Ingresses: what is refused, what is warned of, their status, and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.networking.ingress import CLASS_ANNOTATION, RESOURCE
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy
STATUS = RESOURCE.subresource_strategies["status"]
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
WEB = {"service": {"name": "web", "port": {"number": 80}}}
BUCKET = {"resource": {"apiGroup": "example.com", "kind": "Bucket", "name": "pictures"}}
DOMAIN_RULE = "a lowercase RFC 1123 subdomain must"
WILDCARD_RULE = "a wildcard DNS-1123 subdomain must"


def ingress(*hosts: str, **spec: Any) -> Object:
    """An ingress with a default backend, and a rule for each host."""
    rules = [{"host": host} if host else {} for host in hosts]
    obj: Object = {
        "metadata": {"name": "front", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"defaultBackend": WEB} | ({"rules": rules} if rules else {}) | spec,
    }
    STRATEGY.default(obj)
    return obj


def serving(path: str | None, type: str | None = "Prefix", backend: Object = WEB) -> Object:
    """An ingress with one path."""
    entry = {"path": path, "pathType": type, "backend": backend}
    given = {name: value for name, value in entry.items() if value is not None}
    return ingress(rules=[{"http": {"paths": [given]}}])


def problems(obj: Object) -> list[tuple[str, str]]:
    return [(error.field, error.message) for error in STRATEGY.validate(obj)]


@pytest.mark.parametrize(
    "given",
    [
        ingress(),
        ingress(defaultBackend=BUCKET),
        ingress("example.com", "*.example.com", ""),
        ingress(tls=[{"hosts": ["example.com", "*.example.com"], "secretName": "cert"}, {}]),
        ingress(ingressClassName="example.com"),
        serving("/"),
        serving("/a/.b/..c", "Exact"),
        serving(None, "ImplementationSpecific"),
        serving("/a//b/../c%2f", "ImplementationSpecific"),
        serving("/", backend={"service": {"name": "1-web", "port": {"name": "http"}}}),
    ],
)
def test_right_ingresses_are_taken(given: Object) -> None:
    assert problems(given) == []


def test_there_is_a_rule_or_a_default_backend() -> None:
    obj: Object = {"metadata": {"name": "front"}}
    STRATEGY.default(obj)

    assert problems(obj) == [
        ("spec", "Invalid value: null: either `defaultBackend` or `rules` must be specified"),
    ]


@pytest.mark.parametrize(
    ("host", "starts"),
    [
        ("Example.com", [DOMAIN_RULE]),
        ("10.0.0.1", ["must be a DNS name, not an IP address"]),
        ("*", [WILDCARD_RULE]),
        ("*a.example.com", [WILDCARD_RULE]),
        ("a.*.com", [WILDCARD_RULE]),
    ],
)
def test_a_host_is_a_domain_or_a_wildcard_before_one(host: str, starts: list[str]) -> None:
    found = problems(ingress(host))

    assert [field for field, _ in found] == ["spec.rules[0].host"] * len(starts)
    for (_, message), start in zip(found, starts, strict=True):
        assert message.startswith(f'Invalid value: "{host}": {start}')


def test_a_tls_section_names_hosts_and_a_secret() -> None:
    given = ingress(tls=[{"hosts": ["a_b", "*"], "secretName": "A"}])

    assert [field for field, _ in problems(given)] == [
        "spec.tls[0].hosts[0]",
        "spec.tls[0].hosts[1]",
        "spec.tls[0].secretName",
    ]


def test_a_rule_for_http_has_paths() -> None:
    assert problems(ingress(rules=[{"http": {}}])) == [("spec.rules[0].http.paths", "Required value")]


@pytest.mark.parametrize(
    ("path", "type", "expected"),
    [
        ("/", None, [("pathType", "Required value: pathType must be specified")]),
        (
            "/",
            "prefix",
            [
                (
                    "pathType",
                    'Unsupported value: "prefix": supported values: "Exact", "ImplementationSpecific", "Prefix"',
                )
            ],
        ),
        (None, "Exact", [("path", 'Invalid value: "": must be an absolute path')]),
        ("a", "Prefix", [("path", 'Invalid value: "a": must be an absolute path')]),
        ("a", "ImplementationSpecific", [("path", 'Invalid value: "a": must be an absolute path')]),
        ("/a//b", "Prefix", [("path", "Invalid value: \"/a//b\": must not contain '//'")]),
        ("/a/./b", "Exact", [("path", "Invalid value: \"/a/./b\": must not contain '/./'")]),
        ("/a%2Fb", "Exact", [("path", "Invalid value: \"/a%2Fb\": must not contain '%2F'")]),
        ("/a/..", "Prefix", [("path", "Invalid value: \"/a/..\": cannot end with '/..'")]),
        ("/.", "Prefix", [("path", "Invalid value: \"/.\": cannot end with '/.'")]),
    ],
)
def test_paths_are_judged_by_their_type(path: str | None, type: str | None, expected: list[tuple[str, str]]) -> None:
    assert problems(serving(path, type)) == [
        (f"spec.rules[0].http.paths[0].{field}", message) for field, message in expected
    ]


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ({}, [("", 'Invalid value: "": resource or service backend is required')]),
        (WEB | BUCKET, [("", 'Invalid value: "": cannot set both resource and service backends')]),
        (
            {"service": {"name": "web"}},
            [("", "Required value: port name or number is required")],
        ),
        (
            {"service": {"port": {"number": 80, "name": "http"}}},
            [
                (".service.name", "Required value"),
                ("", 'Invalid value: "": cannot set both port name & port number'),
            ],
        ),
        (
            {"service": {"name": "a.b", "port": {"number": 65536}}},
            [
                (".service.name", 'Invalid value: "a.b": must not contain dots'),
                (".service.port.number", "Invalid value: 65536: must be between 1 and 65535, inclusive"),
            ],
        ),
        (
            {"service": {"name": "web", "port": {"name": "a--b"}}},
            [(".service.port.name", 'Invalid value: "a--b": must not contain consecutive hyphens')],
        ),
        (
            {"resource": {"kind": "", "name": "a/b"}},
            [
                (".resource.kind", "Required value"),
                (".resource.name", "Invalid value: \"a/b\": may not contain '/'"),
            ],
        ),
    ],
)
def test_a_backend_is_a_service_or_another_object(backend: Object, expected: list[tuple[str, str]]) -> None:
    at = "spec.rules[0].http.paths[0].backend"

    assert problems(ingress(defaultBackend=backend)) == [
        (f"spec.defaultBackend{field}", message) for field, message in expected
    ]
    assert problems(serving("/", backend=backend)) == [(at + field, message) for field, message in expected]


def test_the_class_has_the_name_of_an_object() -> None:
    ((field, message),) = problems(ingress(ingressClassName="A"))

    assert field == "spec.ingressClassName"
    assert message.startswith(f'Invalid value: "A": {DOMAIN_RULE}')


@pytest.mark.parametrize(
    ("named", "annotated", "refused", "warned"),
    [
        (None, None, False, False),
        ("a", None, False, False),
        ("a", "a", False, False),
        ("a", "b", True, False),
        (None, "b", False, True),
    ],
)
def test_the_annotation_for_the_class_agrees_with_it_and_is_warned_of(
    named: str | None, annotated: str | None, refused: bool, warned: bool
) -> None:
    obj = ingress(**({"ingressClassName": named} if named else {}))
    obj["metadata"]["annotations"] = {CLASS_ANNOTATION: annotated} if annotated else {}
    refusal = (
        f"annotations.{CLASS_ANNOTATION}",
        'Invalid value: "b": must match `ingressClassName` when both are specified',
    )
    warning = "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"

    errors = [(error.field, error.message) for error in STRATEGY.validate_create(obj)]

    assert errors == ([refusal] if refused else [])
    assert STRATEGY.warnings(obj, None) == ([warning] if warned else [])
    assert STRATEGY.validate_update(obj, ingress()) == []
    assert STRATEGY.warnings(obj, ingress()) == []


def test_a_new_ingress_has_no_address() -> None:
    obj = ingress() | {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}

    STRATEGY.prepare_for_create(obj)

    assert obj["status"] == {"loadBalancer": {}}


def test_a_change_of_the_spec_raises_the_generation() -> None:
    assert STRATEGY.raises_generation(ingress("a.b"), ingress())
    assert not STRATEGY.raises_generation(ingress() | {"status": {}}, ingress())


def addressed(*points: Object, **spec: Any) -> Object:
    return ingress(**spec) | {"status": {"loadBalancer": {"ingress": list(points)}}}


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([{"ip": "192.0.2.1"}, {"hostname": "a.b", "ports": [{"port": 80, "protocol": "TCP"}]}, {}], []),
        ([{"ip": "192.0.2.01"}], [("[0].ip", 'Invalid value: "192.0.2.01": must not have leading 0s')]),
        (
            [{}, {"hostname": "192.0.2.1"}],
            [("[1].hostname", 'Invalid value: "192.0.2.1": must be a DNS name, not an IP address')],
        ),
    ],
)
def test_addresses_in_the_status_are_judged(points: list[Object], expected: list[tuple[str, str]]) -> None:
    errors = STATUS.validate_status_update(addressed(*points), ingress())

    assert [(error.field, error.message) for error in errors] == [
        (f"status.loadBalancer.ingress{field}", message) for field, message in expected
    ]


def test_an_address_that_could_be_written_shorter_is_warned_of_as_it_is_written() -> None:
    obj = addressed({"ip": "192.0.2.1"}, {"ip": "2001:DB8::1"}, {"hostname": "a.b"})

    assert STRATEGY.warnings(obj, obj) == []
    (warning,) = STATUS.warnings(obj, ingress())
    address, _, canonical = warning.partition(" should be in RFC 5952 canonical format ")
    assert address == 'status.loadBalancer.ingress[1]: IPv6 address "2001:DB8::1"'
    assert canonical == '("2001:db8::1")'


@pytest.mark.parametrize(
    ("given", "cells"),
    [
        (ingress(), ["<none>", "*", "", "80"]),
        (ingress("", "", "", ""), ["<none>", "*", "", "80"]),
        (ingress("a.b", "", "c.d", ingressClassName="fast"), ["fast", "a.b,c.d", "", "80"]),
        (ingress("a.b", "c.d", "e.f"), ["<none>", "a.b,c.d,e.f", "", "80"]),
        (ingress("a.b", "c.d", "e.f", ""), ["<none>", "a.b,c.d,e.f + 1 more...", "", "80"]),
        (
            addressed({"ip": "192.0.2.2"}, {"ip": "192.0.2.1"}, {"hostname": "lb.example.com"}, tls=[{}]),
            ["<none>", "*", "192.0.2.1,192.0.2.2,lb.example.com", "80, 443"],
        ),
    ],
)
def test_the_table_shows_hosts_addresses_and_ports(given: Object, cells: list[str]) -> None:
    assert RESOURCE.row is not None

    assert RESOURCE.row(given, NOW) == ["front", *cells, "60s"]
