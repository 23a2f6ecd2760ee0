"""ReplicaSets: defaults, rules, the status and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.apps.replica_set import RESOURCE
from fauxkube.machinery.objects import Object, copy_of

STRATEGY = RESOURCE.strategy
SELECTOR = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "shop"]}]}


def replica_set(**spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    obj = copy_of(
        {
            "metadata": {"name": "web-1", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"selector": SELECTOR, "template": template} | spec,
        }
    )
    STRATEGY.default(obj)
    return obj


def test_one_replica_is_wanted_unless_said() -> None:
    assert replica_set()["spec"]["replicas"] == 1
    assert STRATEGY.validate(replica_set()) == []


def test_a_new_replica_set_has_no_replicas_yet() -> None:
    obj = replica_set()

    STRATEGY.prepare_for_create(obj)

    assert obj["status"] == {"replicas": 0}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"replicas": -1}, [("spec.replicas", "Invalid value: -1: must be greater than or equal to 0")]),
        ({"selector": {}}, [("spec.selector", "Invalid value: {}: empty selector is invalid for deployment")]),
        (
            {"selector": {"matchLabels": {"app": "shop"}}},
            [
                (
                    "spec.template.metadata.labels",
                    'Invalid value: {"app":"web"}: `selector` does not match template `labels`',
                )
            ],
        ),
        (
            {"selector": {"matchExpressions": [{"key": "app", "operator": "Is"}]}},
            [
                (
                    "spec.selector.matchExpressions[0].operator",
                    'Invalid value: "Is": not a valid selector operator',
                ),
                (
                    "spec.selector",
                    'Invalid value: {"matchExpressions":[{"key":"app","operator":"Is"}]}: invalid label selector',
                ),
            ],
        ),
    ],
)
def test_a_spec_is_judged_in_upstreams_words(spec: Object, expected: list[tuple[str, str]]) -> None:
    assert [(error.field, error.message) for error in STRATEGY.validate(replica_set(**spec))] == expected


def test_the_selector_is_fixed() -> None:
    errors = STRATEGY.validate_update(replica_set(), replica_set(selector={"matchLabels": {"app": "web"}}))

    assert [error.field for error in errors] == ["spec.selector"]


def test_the_replicas_that_are_ready_are_some_of_all() -> None:
    errors = STRATEGY.validate_status_update(
        replica_set() | {"status": {"replicas": 1, "fullyLabeledReplicas": 2, "readyReplicas": 1}}, replica_set()
    )

    assert [(error.field, error.message) for error in errors] == [
        ("status.fullyLabeledReplicas", "Invalid value: 2: cannot be greater than status.replicas")
    ]


def test_the_row_shows_wanted_there_and_ready() -> None:
    assert RESOURCE.row is not None
    obj = replica_set(replicas=3) | {"status": {"replicas": 2, "readyReplicas": 1}}

    cells = RESOURCE.row(obj, datetime(2026, 1, 1, 0, 1, tzinfo=UTC))

    assert cells == ["web-1", 3, 2, 1, "60s", "web", "nginx", "app in (shop,web)"]
    assert RESOURCE.selectable_fields(obj)["status.replicas"] == "2"
