"""DaemonSets: defaults, update strategies, the template's generation and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.apps.daemon_set import RESOURCE, TEMPLATE_GENERATION
from fauxkube.machinery.objects import Object, copy_of

STRATEGY = RESOURCE.strategy


def daemon_set(*, image: str = "agent:1", **spec: Any) -> Object:
    template = {
        "metadata": {"labels": {"app": "agent"}},
        "spec": {"containers": [{"name": "agent", "image": image}], "nodeSelector": {"disk": "ssd", "arch": "amd64"}},
    }
    obj = copy_of(
        {
            "metadata": {"name": "agent", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": template} | spec,
        }
    )
    STRATEGY.default(obj)
    return obj


def annotated(obj: Object, generation: str) -> Object:
    obj["metadata"]["annotations"] = {TEMPLATE_GENERATION: generation}
    return obj


def rolling(**limits: int | str) -> Object:
    return {"updateStrategy": {"rollingUpdate": limits}}


def test_what_is_left_out_is_filled_in() -> None:
    spec = daemon_set()["spec"]

    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}
    assert spec["revisionHistoryLimit"] == 10
    assert STRATEGY.validate(daemon_set()) == []


def test_a_new_daemon_set_counts_nothing_yet() -> None:
    obj = daemon_set()

    STRATEGY.prepare_for_create(obj)

    assert obj["metadata"]["annotations"] == {TEMPLATE_GENERATION: "1"}
    assert obj["status"] == {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    }


@pytest.mark.parametrize(
    ("new", "generation"),
    [
        (daemon_set(), "4"),
        (annotated(daemon_set(), "9"), "4"),
        (daemon_set(minReadySeconds=5), "4"),
        (daemon_set(image="agent:2"), "5"),
    ],
)
def test_only_a_change_of_the_template_raises_its_generation(new: Object, generation: str) -> None:
    STRATEGY.prepare_for_update(new, annotated(daemon_set(), "4"))

    assert new["metadata"]["annotations"][TEMPLATE_GENERATION] == generation


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"updateStrategy": {"type": "OnDelete"}}, []),
        (rolling(maxUnavailable=0, maxSurge="10%"), []),
        (
            rolling(maxUnavailable=1, maxSurge=1),
            [
                (
                    "spec.updateStrategy.rollingUpdate.maxSurge",
                    "Invalid value: 1: may not be set when maxUnavailable is non-zero",
                )
            ],
        ),
        (
            rolling(maxUnavailable=0),
            [
                (
                    "spec.updateStrategy.rollingUpdate.maxUnavailable",
                    "Required value: cannot be 0 when maxSurge is 0",
                )
            ],
        ),
        (
            rolling(maxUnavailable="120%"),
            [
                (
                    "spec.updateStrategy.rollingUpdate.maxUnavailable",
                    'Invalid value: "120%": must not be greater than 100%',
                )
            ],
        ),
        ({"selector": {}}, [("spec.selector", "Invalid value: {}: empty selector is invalid for daemonset")]),
        (
            {"selector": {"matchLabels": {"app": "other"}}},
            [
                (
                    "spec.template.metadata.labels",
                    'Invalid value: {"app":"agent"}: `selector` does not match template `labels`',
                )
            ],
        ),
    ],
)
def test_a_spec_is_judged_in_upstreams_words(spec: Object, expected: list[tuple[str, str]]) -> None:
    assert [(error.field, error.message) for error in STRATEGY.validate(daemon_set(**spec))] == expected


def test_an_unknown_update_strategy_is_shown_whole() -> None:
    errors = STRATEGY.validate(daemon_set(updateStrategy={"type": "Odd", "rollingUpdate": {"maxSurge": 1}}))

    assert [error.field for error in errors] == ["spec.updateStrategy"]
    shown = '{"Type":"Odd","RollingUpdate":{"MaxUnavailable":0,"MaxSurge":1}}'
    assert errors[0].message == f'Unsupported value: {shown}: supported values: "RollingUpdate", "OnDelete"'


def test_without_a_selector_no_template_matches() -> None:
    obj = daemon_set()
    del obj["spec"]["selector"]

    assert [error.field for error in STRATEGY.validate(obj)] == ["spec.template.metadata.labels"]


def test_the_row_shows_the_counts_and_the_nodes() -> None:
    assert RESOURCE.row is not None
    status = {
        "desiredNumberScheduled": 5,
        "currentNumberScheduled": 4,
        "numberReady": 3,
        "updatedNumberScheduled": 2,
        "numberAvailable": 1,
    }

    cells = RESOURCE.row(daemon_set() | {"status": status}, datetime(2026, 1, 1, 0, 1, tzinfo=UTC))

    assert cells == ["agent", 5, 4, 3, 2, 1, "arch=amd64,disk=ssd", "60s", "agent", "agent:1", "app=agent"]
