"""Which pods go first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.controllers.pod_ranking import deletion_cost, pods_to_delete
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.times import to_time

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pod(
    name: str,
    *,
    node: str = "node-1",
    phase: str = "Running",
    ready: float | None = 100,
    age: float = 1000,
    cost: str = "",
    restarts: int = 0,
) -> Object:
    conditions = [] if ready is None else [{"type": "Ready", "status": "True", "lastTransitionTime": ago(ready)}]
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": ago(age),
            "annotations": {"controller.kubernetes.io/pod-deletion-cost": cost} if cost else {},
        },
        "spec": {"nodeName": node},
        "status": {
            "phase": phase,
            "conditions": conditions,
            "containerStatuses": [{"name": "c", "restartCount": restarts}],
        },
    }


def ago(seconds: float) -> str:
    return to_time(NOW - timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("goes", "stays"),
    [
        ({"node": "", "age": 9000}, {"age": 1}),
        ({"phase": "Pending", "ready": None}, {"ready": None}),
        ({"ready": None}, {"ready": 1}),
        ({"cost": "-5"}, {"ready": 1}),
        ({"cost": "1"}, {"cost": "2", "ready": 1}),
        ({"ready": 10}, {"ready": 1000, "restarts": 9}),
        ({"restarts": 3}, {"restarts": 2, "age": 10}),
        ({"age": 10}, {"age": 5000}),
    ],
)
def test_the_less_useful_pod_goes(goes: dict[str, Any], stays: dict[str, Any]) -> None:
    pods = [pod("b", **goes), pod("a", **stays)]
    assert [name_of(each) for each in pods_to_delete(pods, 1, related=pods, now=NOW)] == ["b"]
    assert [name_of(each) for each in pods_to_delete(pods[::-1], 1, related=pods, now=NOW)] == ["b"]


def test_a_crowded_node_is_relieved_counting_the_pods_of_sibling_replica_sets() -> None:
    pods = [pod("a", node="node-1"), pod("b", node="node-2")]
    related = [*pods, pod("old", node="node-2")]
    assert [name_of(each) for each in pods_to_delete(pods, 1, related=related, now=NOW)] == ["b"]


def test_pods_of_about_the_same_age_are_told_apart_by_uid_only() -> None:
    pods = [pod("b", ready=1000, age=1000), pod("a", ready=1010, age=1010)]
    assert [name_of(each) for each in pods_to_delete(pods, 1, related=pods, now=NOW)] == ["a"]


@pytest.mark.parametrize(("text", "cost"), [("", 0), ("7", 7), ("-7", -7), ("much", 0)])
def test_a_cost_that_is_no_number_counts_as_none(text: str, cost: int) -> None:
    assert deletion_cost(pod("a", cost=text)) == cost


@given(st.integers(0, 8), st.integers(0, 8))
def test_just_as_many_go_as_are_asked_for(there: int, asked: int) -> None:
    pods = [pod(f"pod-{number}", ready=number * 7.0) for number in range(there)]
    assert len(pods_to_delete(pods, asked, related=pods, now=NOW)) == min(there, asked)
