"""Ingress classes: what is filled in, what is refused, what is fixed, and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.networking.ingress_class import DEFAULT_CLASS, RESOURCE, is_default
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
SETTINGS = {"apiGroup": "example.com", "kind": "Settings", "name": "fast"}
PATH = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"


def ingress_class(controller: str | None = "example.com/fast", parameters: Object | None = None) -> Object:
    spec: dict[str, Any] = {"controller": controller, "parameters": parameters and dict(parameters)}
    obj: Object = {
        "metadata": {"name": "fast", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {name: value for name, value in spec.items() if value is not None},
    }
    STRATEGY.default(obj)
    return obj


def test_parameters_are_the_clusters_unless_they_say_otherwise() -> None:
    assert ingress_class(parameters=SETTINGS)["spec"]["parameters"]["scope"] == "Cluster"
    assert ingress_class(parameters=SETTINGS | {"scope": "Namespace"})["spec"]["parameters"]["scope"] == "Namespace"
    assert "parameters" not in ingress_class()["spec"]


@pytest.mark.parametrize(
    "given",
    [
        ingress_class(),
        ingress_class("example.com/a/b%20c"),
        ingress_class(parameters=SETTINGS),
        ingress_class(parameters={"kind": "ConfigMap", "name": "fast", "scope": "Namespace", "namespace": "default"}),
    ],
)
def test_right_classes_are_taken(given: Object) -> None:
    assert STRATEGY.validate(given) == []


@pytest.mark.parametrize(
    ("controller", "problems"),
    [
        (None, ["Required value"]),
        ("fast", ['Invalid value: "fast": must be a domain-prefixed path (such as "acme.io/foo")']),
        ("/fast", ['Invalid value: "/fast": must be a domain-prefixed path (such as "acme.io/foo")']),
        ("example.com/a b", [f'Invalid value: "a b": {PATH}']),
        ("example.com/" + "a" * 239, ["Too long: may not be more than 250 bytes"]),
    ],
)
def test_a_controller_is_a_path_with_a_domain_before_it(controller: str | None, problems: list[str]) -> None:
    errors = STRATEGY.validate(ingress_class(controller))

    assert [error.message for error in errors] == problems
    assert {error.field for error in errors} == {"spec.controller"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            {},
            [("kind", "Required value"), ("name", "Required value")],
        ),
        (
            {"kind": "a/b", "name": "c%d"},
            [
                ("kind", "Invalid value: \"a/b\": may not contain '/'"),
                ("name", "Invalid value: \"c%d\": may not contain '%'"),
            ],
        ),
        (
            SETTINGS | {"scope": "cluster"},
            [("scope", 'Unsupported value: "cluster": supported values: "Cluster", "Namespace"')],
        ),
        (
            SETTINGS | {"namespace": "default"},
            [("namespace", "Forbidden: `parameters.scope` is set to 'Cluster'")],
        ),
        (
            SETTINGS | {"scope": "Namespace"},
            [("namespace", "Required value: `parameters.scope` is set to 'Namespace'")],
        ),
        (
            SETTINGS | {"scope": "Namespace", "namespace": "a.b"},
            [("namespace", 'Invalid value: "a.b": must not contain dots')],
        ),
    ],
)
def test_parameters_are_judged_in_upstreams_words(parameters: Object, expected: list[tuple[str, str]]) -> None:
    errors = STRATEGY.validate(ingress_class(parameters={"scope": "Cluster"} | parameters))

    assert [(error.field, error.message) for error in errors] == [
        (f"spec.parameters.{field}", message) for field, message in expected
    ]


def test_the_group_of_the_parameters_is_a_domain() -> None:
    (error,) = STRATEGY.validate(ingress_class(parameters=SETTINGS | {"apiGroup": "A"}))

    assert error.field == "spec.parameters.apiGroup"


def test_the_controller_is_fixed() -> None:
    (error,) = STRATEGY.validate_update(ingress_class("example.com/other"), ingress_class())

    assert (error.field, error.message) == (
        "spec.controller",
        'Invalid value: "example.com/other": field is immutable',
    )
    assert STRATEGY.validate_update(ingress_class(parameters=SETTINGS), ingress_class()) == []
    assert STRATEGY.raises_generation(ingress_class(parameters=SETTINGS), ingress_class())


@pytest.mark.parametrize(("value", "default"), [("true", True), ("false", False), ("", False), (None, False)])
def test_the_default_class_is_marked(value: str | None, default: bool) -> None:
    obj = ingress_class()
    obj["metadata"]["annotations"] = {} if value is None else {DEFAULT_CLASS: value}
    assert RESOURCE.row is not None

    assert is_default(obj) is default
    assert RESOURCE.row(obj, NOW)[0] == ("fast (default)" if default else "fast")


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [
        (None, "<none>"),
        (SETTINGS, "Settings.example.com/fast"),
        ({"kind": "ConfigMap", "name": "fast"}, "ConfigMap/fast"),
    ],
)
def test_the_table_shows_the_parameters(parameters: Object | None, shown: str) -> None:
    assert RESOURCE.row is not None

    assert RESOURCE.row(ingress_class(parameters=parameters), NOW) == ["fast", "example.com/fast", shown, "60s"]
