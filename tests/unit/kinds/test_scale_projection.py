"""The Scale of a workload: what it shows, and what a change of it does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fauxkube.kinds.apps import deployment, replica_set
from fauxkube.kinds.apps.scale import SCALE, apply_scale, scale_of, validate_scale
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object


def workload(replicas: int = 3) -> Object:
    return {
        "metadata": {
            "name": "web",
            "namespace": "default",
            "uid": "u-1",
            "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "web"},
        },
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web", "tier": "front"}}},
        "status": {"replicas": 2},
    }


@pytest.mark.parametrize("resource", [deployment.RESOURCE, replica_set.RESOURCE], ids=lambda each: each.plural)
def test_workloads_with_replicas_have_a_scale(resource: Resource) -> None:
    assert resource.projections["scale"] is SCALE
    assert resource.subresources["scale"] == ("get", "patch", "update")


def test_a_scale_shows_replicas_wanted_and_there() -> None:
    assert scale_of(workload()) == {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "uid": "u-1",
            "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"replicas": 3},
        "status": {"replicas": 2, "selector": "app=web,tier=front"},
    }


def test_no_replicas_are_left_out_and_read_back_as_none() -> None:
    scale, obj = scale_of(workload(0)), workload(5)

    apply_scale(obj, scale)

    assert scale["spec"] == {}
    assert obj["spec"]["replicas"] == 0


def test_reading_shares_no_metadata_with_the_workload() -> None:
    obj = workload()

    scale_of(obj)["metadata"]["name"] = "other"

    assert obj == workload()


@pytest.mark.parametrize(
    ("given", "version", "uid"),
    [
        ({}, "", "u-1"),
        ({"resourceVersion": "6"}, "6", "u-1"),
        ({"uid": "u-2"}, "", "u-2"),
    ],
)
def test_a_scale_insists_on_the_version_and_uid_that_it_names(given: Object, version: str, uid: str) -> None:
    obj = workload()

    apply_scale(obj, {"metadata": given, "spec": {"replicas": 5}})

    assert obj["spec"]["replicas"] == 5
    assert (obj["metadata"]["resourceVersion"], obj["metadata"]["uid"]) == (version, uid)


@pytest.mark.parametrize(("replicas", "desired"), [(3, 3), (0, 0)])
def test_a_scale_prints_the_replicas_wanted_and_there(replicas: int, desired: int) -> None:
    now = datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC)

    assert [column.name for column in SCALE.columns] == ["Name", "Desired", "Available", "Age"]
    assert SCALE.row(scale_of(workload(replicas)), now) == ["web", desired, 2, "9s"]


def test_replicas_are_not_negative() -> None:
    errors = validate_scale({"spec": {"replicas": -1}})

    assert [(error.field, error.message) for error in errors] == [
        ("spec.replicas", "Invalid value: -1: must be greater than or equal to 0")
    ]
    assert validate_scale(scale_of(workload())) == []
