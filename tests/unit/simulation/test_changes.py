"""What differs between two versions of an object, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema import Schemas
from fauxkube.simulation.changes import field_changes

POD = Schemas().of("", "v1", "Pod")


def changed(before: Object, after: Object) -> list[tuple[str, Any, Any]]:
    return [tuple(change) for change in field_changes(before, after, POD)]


def with_containers(*containers: Object) -> Object:
    return {"spec": {"containers": list(containers)}}


def test_a_field_is_named_by_the_way_to_it() -> None:
    before, after = {"spec": {"nodeName": "a"}}, {"spec": {"nodeName": "b"}}
    assert changed(before, after) == [("spec.nodeName", "a", "b")]


def test_what_is_the_same_is_not_told() -> None:
    pod = with_containers({"name": "web", "image": "i"})
    assert changed(pod, pod) == []


def test_what_every_write_changes_is_not_told() -> None:
    before = {"metadata": {"resourceVersion": "1", "managedFields": [{"manager": "a"}]}}
    after = {"metadata": {"resourceVersion": "2", "managedFields": [{"manager": "b"}]}}
    assert changed(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"status": {"phase": "Running"}}, [("status.phase", None, "Running")]),
        ({"status": {"phase": "Running"}}, {}, [("status.phase", "Running", None)]),
        ({}, {"spec": {"resources": {"limits": {"cpu": "1"}}}}, [("spec.resources.limits.cpu", None, "1")]),
        ({}, {"spec": {"securityContext": {}}}, [("spec.securityContext", None, {})]),
        ({}, {"status": {"podIPs": [{"ip": "::1"}]}}, [("status.podIPs[ip=::1]", None, {"ip": "::1"})]),
        ({"status": {"podIPs": [{"ip": "::1"}]}}, {}, [("status.podIPs[ip=::1]", {"ip": "::1"}, None)]),
        ({}, {"spec": {"volumes": []}}, [("spec.volumes", None, [])]),
        ({"spec": {"replicas": 0}}, {"spec": {"replicas": 1}}, [("spec.replicas", 0, 1)]),
        ({"data": {"a": "text"}}, {"data": {"a": {"b": 1}}}, [("data.a", "text", {"b": 1})]),
    ],
)
def test_what_came_or_went_whole_is_told_by_its_parts(
    before: Object, after: Object, expected: list[tuple[str, Any, Any]]
) -> None:
    assert changed(before, after) == expected


def test_a_name_that_is_no_plain_word_is_put_in_brackets() -> None:
    labels = {"app": "web", "app.kubernetes.io/name": "web"}
    assert [path for path, _, _ in changed({}, {"metadata": {"labels": labels}})] == [
        "metadata.labels.app",
        "metadata.labels[app.kubernetes.io/name]",
    ]


def test_elements_are_told_apart_by_the_merge_key_of_their_schema() -> None:
    before = with_containers({"name": "web", "image": "web:1"}, {"name": "log", "image": "log:1"})
    after = with_containers({"name": "log", "image": "log:1"}, {"name": "web", "image": "web:2"})
    assert changed(before, after) == [("spec.containers[name=web].image", "web:1", "web:2")]


def test_an_element_that_came_or_went_is_one_change() -> None:
    web, log = {"name": "web", "image": "web:1"}, {"name": "log", "image": "log:1"}
    assert changed(with_containers(web), with_containers(log)) == [
        ("spec.containers[name=log]", None, log),
        ("spec.containers[name=web]", web, None),
    ]


def test_elements_are_told_apart_by_their_place_where_the_merge_key_does_not_do_it() -> None:
    before = with_containers({"name": "dns", "ports": [{"containerPort": 53, "protocol": "TCP"}]})
    ports = [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}]
    assert changed(before, with_containers({"name": "dns", "ports": ports})) == [
        ("spec.containers[name=dns].ports[0].protocol", "TCP", "UDP"),
        ("spec.containers[name=dns].ports[1]", None, {"containerPort": 53, "protocol": "TCP"}),
    ]


def test_without_a_schema_elements_are_told_apart_by_their_place() -> None:
    before, after = with_containers({"name": "a", "image": "1"}), with_containers({"name": "a", "image": "2"})
    assert [change.path for change in field_changes(before, after)] == ["spec.containers[0].image"]


def test_a_list_of_plain_values_is_one_change() -> None:
    before, after = {"metadata": {"finalizers": ["a/b"]}}, {"metadata": {"finalizers": ["a/b", "c/d"]}}
    assert changed(before, after) == [("metadata.finalizers", ["a/b"], ["a/b", "c/d"])]
    assert changed({}, before) == [("metadata.finalizers", None, ["a/b"])]
