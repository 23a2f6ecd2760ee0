"""Disruption budgets: what is filled in, what is refused, whom they cover, and columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.kinds.policy.pod_disruption_budget import RESOURCE, covers, tell_disruption_allowed
from fauxkube.machinery.objects import Object

STRATEGY = RESOURCE.strategy
NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def budget(**spec: Any) -> Object:
    obj: Object = {"metadata": {"name": "pdb", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec}
    STRATEGY.default(obj)
    STRATEGY.prepare_for_create(obj)
    return obj


def test_a_new_budget_allows_nothing_yet() -> None:
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    assert budget()["status"] == dict.fromkeys(counts, 0)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"minAvailable": 0},
        {"minAvailable": "100%"},
        {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
    ],
)
def test_right_budgets_are_taken(spec: Object) -> None:
    assert STRATEGY.validate(budget(**spec)) == []


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        (
            {"minAvailable": 1, "maxUnavailable": 1},
            "spec",
            'Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
        ),
        (
            {"minAvailable": -1},
            "spec.minAvailable",
            "Invalid value: -1: must be greater than or equal to 0",
        ),
        ({"maxUnavailable": "101%"}, "spec.maxUnavailable", 'Invalid value: "101%": must not be greater than 100%'),
        (
            {"selector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}},
            "spec.selector.matchExpressions[0].operator",
            'Invalid value: "Near": not a valid selector operator',
        ),
        (
            {"unhealthyPodEvictionPolicy": "Sometimes"},
            "spec.unhealthyPodEvictionPolicy",
            'Unsupported value: "Sometimes": supported values: "AlwaysAllow", "IfHealthyBudget"',
        ),
    ],
)
def test_wrong_budgets_are_refused_in_upstreams_words(spec: Object, field: str, message: str) -> None:
    (error,) = STRATEGY.validate(budget(**spec))
    assert (error.field, error.message) == (field, message)


def test_a_status_counts_from_nought() -> None:
    obj = budget()
    obj["status"]["currentHealthy"] = -1
    (error,) = STRATEGY.validate_status_update(obj, budget())
    assert error.field == "status.currentHealthy"


@pytest.mark.parametrize(
    ("selector", "covered"),
    [(None, False), ({}, True), ({"matchLabels": {"app": "web"}}, True), ({"matchLabels": {"app": "db"}}, False)],
)
def test_a_budget_without_a_selector_covers_nothing_and_an_empty_one_everything(
    selector: Object | None, covered: bool
) -> None:
    given = budget() if selector is None else budget(selector=selector)
    assert covers(given, {"app": "web"}) is covered


def test_the_condition_s_time_moves_as_it_turns_only() -> None:
    obj = budget()
    tell_disruption_allowed(obj, now=NOW)
    (first,) = obj["status"]["conditions"]
    assert first == {
        "type": "DisruptionAllowed",
        "status": "False",
        "lastTransitionTime": "2026-01-01T00:01:00Z",
        "reason": "InsufficientPods",
        "message": "",
    }
    later = NOW.replace(minute=2)
    tell_disruption_allowed(obj, now=later)
    assert obj["status"]["conditions"] == [first]
    obj["status"]["disruptionsAllowed"] = 1
    tell_disruption_allowed(obj, now=later)
    (turned,) = obj["status"]["conditions"]
    assert (turned["status"], turned["reason"], turned["lastTransitionTime"]) == (
        "True",
        "SufficientPods",
        "2026-01-01T00:02:00Z",
    )


def test_the_table_shows_what_is_not_given() -> None:
    assert RESOURCE.row is not None
    assert RESOURCE.row(budget(minAvailable="50%"), NOW) == ["pdb", "50%", "N/A", 0, "60s"]
