"""The arithmetic of rollouts: sizes step by step, shares of a change, and what may be forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.controllers.deployment_revisions import expendable, revised_annotations, split
from fauxkube.controllers.deployment_rollout import Sizes, is_scaling, new_size, rolling_sizes, scaled_sizes
from fauxkube.controllers.deployment_strategy import bounds
from fauxkube.machinery.objects import Object, name_of

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAX = "deployment.kubernetes.io/max-replicas"


def deployment(replicas: int, surge: int | str = "25%", unavailable: int | str = "25%", **spec: Any) -> Object:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    return {"metadata": {"name": "shop"}, "spec": {"replicas": replicas, "strategy": strategy, **spec}}


def replica_set(name: str, size: int, available: int | None = None, *, desired: int = 0, most: int = 0) -> Object:
    annotations = {key: str(value) for key, value in ((DESIRED, desired), (MAX, most)) if value}
    return {
        "metadata": {"name": name, "creationTimestamp": f"2026-01-01T00:00:0{len(name)}Z", "annotations": annotations},
        "spec": {"replicas": size},
        "status": {"replicas": size, "availableReplicas": size if available is None else available},
    }


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (3, "25%", "25%", (1, 0)),
        (4, "25%", "25%", (1, 1)),
        (10, "25%", "25%", (3, 2)),
        (1, 0, "25%", (0, 1)),
        (2, 0, 5, (0, 2)),
        (0, 1, 1, (1, 0)),
    ],
)
def test_the_bounds_round_in_favour_of_availability(
    replicas: int, surge: int | str, unavailable: int | str, expected: tuple[int, int]
) -> None:
    assert bounds(deployment(replicas, surge, unavailable)) == expected


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (replica_set("new", 0), [replica_set("o", 10)], {"new": 3}),
        (replica_set("new", 3, 0), [replica_set("o", 10)], {"o": 8}),
        (replica_set("new", 3, 0), [replica_set("o", 8)], {"new": 5}),
        (replica_set("new", 5, 0), [replica_set("o", 8)], {}),
        (replica_set("new", 5, 3), [replica_set("o", 8)], {"o": 5}),
        (replica_set("new", 10), [replica_set("o", 1)], {"o": 0}),
        (replica_set("new", 12), [], {"new": 10}),
        (replica_set("new", 3, 0), [replica_set("o", 5, 2), replica_set("older", 5)], {"o": 3}),
        (replica_set("new", 5, 5), [replica_set("o", 4, 0), replica_set("older", 4)], {"o": 0, "older": 3}),
    ],
)
def test_a_rolling_step_grows_the_new_or_shrinks_the_old(new: Object, old: list[Object], expected: Sizes) -> None:
    assert rolling_sizes(deployment(10), new, old) == expected


@pytest.mark.parametrize(
    ("replicas", "new", "old", "expected"),
    [
        (5, replica_set("new", 3), [], {"new": 5}),
        (5, replica_set("new", 0), [replica_set("o", 3)], {"o": 5}),
        (5, None, [replica_set("o", 0), replica_set("older", 0)], {"older": 5}),
        (5, replica_set("new", 5, desired=5), [replica_set("o", 2)], {"o": 0}),
        (
            20,
            replica_set("new", 5, desired=10, most=13),
            [replica_set("o", 8, desired=10, most=13)],
            {"o": 15, "new": 10},
        ),
        (
            5,
            replica_set("new", 5, desired=10, most=13),
            [replica_set("o", 8, desired=10, most=13)],
            {"o": 4, "new": 3},
        ),
        (0, replica_set("new", 5, most=13), [replica_set("o", 8, most=13)], {"o": 0, "new": 0}),
    ],
)
def test_a_new_size_is_shared_among_the_replica_sets(
    replicas: int, new: Object | None, old: list[Object], expected: Sizes
) -> None:
    assert scaled_sizes(deployment(replicas), new, old) == expected


def test_a_changed_size_shows_by_what_active_replica_sets_were_told() -> None:
    assert is_scaling(deployment(5), [replica_set("a", 3, desired=3)])
    assert not is_scaling(deployment(3), [replica_set("a", 3, desired=3), replica_set("b", 0, desired=9)])


@given(
    replicas=st.integers(1, 30),
    surge=st.integers(0, 10),
    unavailable=st.integers(0, 10),
    first=st.integers(0, 30),
)
def test_a_rollout_whose_pods_turn_available_ends_and_keeps_its_bounds(
    replicas: int, surge: int, unavailable: int, first: int
) -> None:
    wanted = deployment(replicas, surge, unavailable)
    most, missing = bounds(wanted)
    sizes = {"new": 0, "o": min(first, replicas), "older": max(0, replicas - first)}
    for _ in range(4 * replicas + 4):
        old = [replica_set(name, sizes[name]) for name in ("o", "older")]
        new = replica_set("new", sizes["new"])
        step = rolling_sizes(wanted, new, old)
        if not step:
            break
        sizes |= step
        assert replicas - missing <= sum(sizes.values()) <= replicas + most
    assert sizes == {"new": replicas, "o": 0, "older": 0}


def test_recreation_takes_the_full_size_at_once() -> None:
    recreated = deployment(4) | {"spec": {"replicas": 4, "strategy": {"type": "Recreate"}}}
    assert new_size(recreated, None, [replica_set("o", 4)]) == 4


def test_the_revision_rises_and_the_one_before_is_remembered() -> None:
    shop = {"metadata": {"annotations": {"team": "a", "deployment.kubernetes.io/revision": "9"}}}
    before = {"deployment.kubernetes.io/revision": "1", "deployment.kubernetes.io/revision-history": "0"}
    assert revised_annotations(shop, before, 3) == {
        "team": "a",
        "deployment.kubernetes.io/revision": "3",
        "deployment.kubernetes.io/revision-history": "0,1",
    }
    assert revised_annotations(shop, {}, 1) == {"team": "a", "deployment.kubernetes.io/revision": "1"}


def test_the_new_replica_set_is_the_oldest_with_the_same_template_but_for_the_hash() -> None:
    template = {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": []}}
    shop = deployment(1, template=template)
    hashed = {"metadata": {"labels": {"app": "shop", "pod-template-hash": "x"}}, "spec": {"containers": []}}
    same, other, twin = replica_set("ab", 1), replica_set("a", 1), replica_set("abc", 1)
    same["spec"]["template"] = twin["spec"]["template"] = hashed
    other["spec"]["template"] = {**hashed, "spec": {"containers": [], "hostNetwork": True}}
    new, old = split(shop, [twin, other, same])
    assert new is same
    assert [name_of(each) for each in old] == ["a", "abc"]


def test_only_empty_settled_revisions_are_forgotten_the_first_ones_first() -> None:
    old = [replica_set(name, size) for name, size in (("a", 0), ("ab", 2), ("abc", 0), ("abcd", 0))]
    for revision, each in enumerate(old):
        each["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = str(revision)
    assert [name_of(each) for each in expendable(deployment(1, revisionHistoryLimit=1), old)] == ["a", "abc"]
    old[0]["metadata"]["generation"] = 2
    assert [name_of(each) for each in expendable(deployment(1, revisionHistoryLimit=1), old)] == ["abc"]
