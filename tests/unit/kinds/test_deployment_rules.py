"""Deployments: defaults, the selector against the template, rolling updates, the status, generation and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.apps.deployment import RESOURCE
from fauxkube.machinery.objects import Object, copy_of

STRATEGY = RESOURCE.strategy
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
SELECTOR = {"matchLabels": {"app": "web"}}


def deployment(**spec: Any) -> Object:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "nginx"}, {"name": "log", "image": "busybox:1"}]},
    }
    obj: Object = {
        "metadata": {"name": "web", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"selector": SELECTOR, "template": template} | spec,
    }
    obj = copy_of(obj)
    STRATEGY.default(obj)
    return obj


def problems(obj: Object) -> list[tuple[str, str]]:
    return [(error.field, error.message) for error in STRATEGY.validate(obj)]


def rolling(**limits: int | str) -> Object:
    return {"strategy": {"rollingUpdate": limits}}


def test_what_is_left_out_is_filled_in() -> None:
    spec = deployment()["spec"]

    assert spec["replicas"] == 1
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (10, 600)
    assert spec["template"]["spec"]["restartPolicy"] == "Always"


def test_zero_replicas_are_not_filled_in() -> None:
    assert deployment(replicas=0)["spec"]["replicas"] == 0


def test_recreate_gets_no_limits() -> None:
    assert deployment(strategy={"type": "Recreate"})["spec"]["strategy"] == {"type": "Recreate"}


def test_defaults_are_valid_and_stay_as_they_are() -> None:
    obj = deployment()
    again = copy_of(obj)

    STRATEGY.default(again)

    assert again == obj
    assert problems(obj) == []


def test_a_new_deployment_has_an_empty_status() -> None:
    obj = deployment() | {"status": {"replicas": 7}}

    STRATEGY.prepare_for_create(obj)

    assert obj["status"] == {}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"replicas": -1}, [("spec.replicas", "Invalid value: -1: must be greater than or equal to 0")]),
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
            {"selector": {}},
            [("spec.selector", "Invalid value: {}: empty selector is invalid for deployment")],
        ),
        ({"minReadySeconds": -1}, [("spec.minReadySeconds", "Invalid value: -1: must be greater than or equal to 0")]),
        (
            {"minReadySeconds": 600},
            [("spec.progressDeadlineSeconds", "Invalid value: 600: must be greater than minReadySeconds")],
        ),
        (
            {"revisionHistoryLimit": -1},
            [("spec.revisionHistoryLimit", "Invalid value: -1: must be greater than or equal to 0")],
        ),
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
            [
                (
                    "spec.strategy.rollingUpdate",
                    "Forbidden: may not be specified when strategy `type` is 'Recreate'",
                )
            ],
        ),
        (
            {"strategy": {"type": "Odd"}},
            [
                (
                    "spec.strategy",
                    (
                        'Unsupported value: {"Type":"Odd","RollingUpdate":null}: '
                        'supported values: "Recreate", "RollingUpdate"'
                    ),
                )
            ],
        ),
        (rolling(maxSurge=0, maxUnavailable="1%"), []),
        (
            rolling(maxSurge="0%", maxUnavailable=0),
            [
                (
                    "spec.strategy.rollingUpdate.maxUnavailable",
                    "Invalid value: 0: may not be 0 when `maxSurge` is 0",
                )
            ],
        ),
        (
            rolling(maxUnavailable="101%"),
            [
                (
                    "spec.strategy.rollingUpdate.maxUnavailable",
                    'Invalid value: "101%": must not be greater than 100%',
                )
            ],
        ),
        (rolling(maxSurge="300%"), []),
        (
            rolling(maxSurge=-1),
            [("spec.strategy.rollingUpdate.maxSurge", "Invalid value: -1: must be greater than or equal to 0")],
        ),
    ],
)
def test_a_spec_is_judged_in_upstreams_words(spec: Object, expected: list[tuple[str, str]]) -> None:
    assert problems(deployment(**spec)) == expected


def test_without_a_selector_no_template_matches() -> None:
    obj = deployment()
    del obj["spec"]["selector"]

    assert problems(obj) == [
        ("spec.selector", "Required value"),
        ("spec.template.metadata.labels", 'Invalid value: {"app":"web"}: `selector` does not match template `labels`'),
    ]


def test_a_template_without_labels_is_shown_as_null() -> None:
    obj = deployment()
    obj["spec"]["template"]["metadata"] = {}

    assert ("spec.template.metadata.labels", "Invalid value: null: `selector` does not match template `labels`") in (
        problems(obj)
    )


def test_pods_are_restarted_for_ever() -> None:
    obj = deployment()
    obj["spec"]["template"]["spec"] |= {"restartPolicy": "Never", "activeDeadlineSeconds": 5}

    assert problems(obj) == [
        ("spec.template.spec.restartPolicy", 'Unsupported value: "Never": supported values: "Always"'),
        (
            "spec.template.spec.activeDeadlineSeconds",
            "Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
        ),
    ]


def test_the_template_is_judged_as_a_pod() -> None:
    obj = deployment()
    obj["spec"]["template"]["spec"]["containers"] = []

    assert problems(obj) == [("spec.template.spec.containers", "Required value")]


def test_the_selector_is_fixed() -> None:
    changed = deployment(selector={"matchLabels": {"tier": "front", "app": "shop"}})

    errors = STRATEGY.validate_update(changed, deployment())

    assert [(error.field, error.message) for error in errors] == [
        ("spec.selector", 'Invalid value: {"matchLabels":{"app":"shop","tier":"front"}}: field is immutable')
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}, []),
        (
            {"replicas": 1, "updatedReplicas": 2},
            [("status.updatedReplicas", "Invalid value: 2: cannot be greater than status.replicas")],
        ),
        (
            {"replicas": 2, "availableReplicas": 1},
            [("status.availableReplicas", "Invalid value: 1: cannot be greater than readyReplicas")],
        ),
        (
            {"observedGeneration": -1},
            [("status.observedGeneration", "Invalid value: -1: must be greater than or equal to 0")],
        ),
        ({"collisionCount": 0}, [("status.collisionCount", "Invalid value: 0: cannot be decremented")]),
    ],
)
def test_a_status_adds_up(status: Object, expected: list[tuple[str, str]]) -> None:
    old = deployment() | {"status": {"collisionCount": 1}}
    new = deployment() | {"status": {"collisionCount": 1} | status}

    errors = STRATEGY.validate_status_update(new, old)

    assert [(error.field, error.message) for error in errors] == expected


def test_annotations_raise_the_generation_as_the_spec_does() -> None:
    old, annotated, labelled = deployment(), deployment(), deployment()
    annotated["metadata"]["annotations"] = {"a": "b"}
    labelled["metadata"]["labels"] = {"a": "b"}

    assert STRATEGY.raises_generation(annotated, old)
    assert STRATEGY.raises_generation(deployment(replicas=2), old)
    assert not STRATEGY.raises_generation(labelled, old)


def test_a_new_name_with_dots_is_warned_of() -> None:
    obj = deployment()
    obj["metadata"]["name"] = "web.v1"

    assert [warning.partition(":")[0] for warning in STRATEGY.warnings(obj, None)] == ["metadata.name"]
    assert STRATEGY.warnings(obj, obj) == []


def test_the_row_shows_ready_of_wanted_and_the_template() -> None:
    assert RESOURCE.row is not None
    obj = deployment(replicas=3) | {"status": {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}}

    assert RESOURCE.row(obj, NOW) == ["web", "2/3", 3, 1, "60s", "web,log", "nginx,busybox:1", "app=web"]
