"""What the server does to `metadata` on a write, and what it lets clients do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from fauxkube.machinery.times import from_time
from support.api import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    MERGE_PATCH,
    NAMESPACES,
    NODES,
    PODS,
    STRATEGIC_PATCH,
    answered,
    causes,
    config_map,
    deployment,
    fresh_name,
    made,
    refused,
)


def test_a_new_object_gets_an_identity(shared_http: httpx.Client) -> None:
    name = fresh_name()
    metadata = made(shared_http, CONFIG_MAPS, config_map(name))["metadata"]
    assert list(metadata) == ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert int(metadata["resourceVersion"]) > 0
    assert datetime.now(UTC) - from_time(metadata["creationTimestamp"]) < timedelta(seconds=10)


def test_what_only_the_server_sets_is_ignored_on_creation(shared_http: httpx.Client) -> None:
    chosen: dict[str, Any] = {
        "uid": "mine",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 5,
        "generation": 7,
        "selfLink": "/mine",
        "managedFields": [{"manager": "me", "operation": "Update", "apiVersion": "v1"}],
    }
    metadata = made(shared_http, CONFIG_MAPS, config_map(fresh_name(), **chosen))["metadata"]
    assert set(metadata) == {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}
    assert metadata["uid"] != "mine"
    assert not metadata["creationTimestamp"].startswith("2001")


def test_a_generated_name_is_the_base_and_five_safe_characters(shared_http: httpx.Client) -> None:
    base = "n" * 70
    for given, kept in (("web-", "web-"), (base, base[:58])):
        metadata = made(shared_http, CONFIG_MAPS, {"metadata": {"generateName": given}})["metadata"]
        assert metadata["generateName"] == given
        assert re.fullmatch(f"{kept}[bcdfghjklmnpqrstvwxz2456789]{{5}}", metadata["name"])


def test_a_name_counts_before_a_base(shared_http: httpx.Client) -> None:
    name = fresh_name()
    metadata = made(shared_http, CONFIG_MAPS, {"metadata": {"name": name, "generateName": "web-"}})["metadata"]
    assert metadata["name"] == name


def test_a_name_may_not_be_longer_than_dns_allows(shared_http: httpx.Client) -> None:
    made(shared_http, CONFIG_MAPS, config_map("a" * 253))
    details = refused(shared_http.post(CONFIG_MAPS, json=config_map("a" * 254)), 422, "Invalid")
    assert [cause[:2] for cause in causes(details)] == [("FieldValueInvalid", "metadata.name")]


def test_the_namespace_of_the_path_is_the_object_s(shared_http: httpx.Client) -> None:
    assert made(shared_http, CONFIG_MAPS, config_map(fresh_name()))["metadata"]["namespace"] == "default"
    mismatch = "the namespace of the provided object does not match the namespace sent on the request"
    other = config_map(fresh_name(), namespace="kube-system")
    refused(shared_http.post(CONFIG_MAPS, json=other), 400, "BadRequest", mismatch)


def test_a_cluster_scoped_object_has_no_namespace(shared_http: httpx.Client) -> None:
    body = {"metadata": {"name": fresh_name(), "namespace": "default"}}
    assert "namespace" not in made(shared_http, NODES, body)["metadata"]


def test_generation_counts_changes_of_the_spec_alone(shared_http: httpx.Client) -> None:
    name = fresh_name()
    path = f"{DEPLOYMENTS}/{name}"
    assert made(shared_http, DEPLOYMENTS, deployment(name, replicas=0))["metadata"]["generation"] == 1
    for patch, generation in (
        ({"metadata": {"labels": {"a": "b"}}}, 1),
        ({"spec": {"paused": True}}, 2),
        ({"spec": {"paused": True}}, 2),
        ({"metadata": {"generation": 9}}, 2),
        ({"spec": {"paused": False}}, 3),
    ):
        patched = answered(shared_http.patch(path, json=patch, headers=STRATEGIC_PATCH))
        assert patched["metadata"]["generation"] == generation
    shared_http.patch(f"{path}/status", json={"status": {"observedGeneration": 1}}, headers=MERGE_PATCH)
    assert answered(shared_http.get(path))["metadata"]["generation"] == 3


def test_kinds_without_a_spec_have_no_generation(shared_http: httpx.Client) -> None:
    for path in (CONFIG_MAPS, NAMESPACES):
        assert "generation" not in made(shared_http, path, {"metadata": {"name": fresh_name()}})["metadata"]


def test_empty_metadata_is_left_out(shared_http: httpx.Client) -> None:
    empty: dict[str, Any] = {"labels": {}, "annotations": {}, "finalizers": [], "ownerReferences": []}
    name = fresh_name()
    first = made(shared_http, CONFIG_MAPS, config_map(name, **empty))
    assert not empty.keys() & first["metadata"].keys()
    again = answered(shared_http.put(f"{CONFIG_MAPS}/{name}", json=config_map(name, **empty)))
    assert again == first


def test_an_update_keeps_what_may_not_change(shared_http: httpx.Client) -> None:
    name = fresh_name()
    first = made(shared_http, CONFIG_MAPS, config_map(name, {"a": "1"}))
    changed = config_map(
        name,
        {"a": "2"},
        creationTimestamp="2001-01-01T00:00:00Z",
        generateName="x-",
        deletionTimestamp="2001-01-01T00:00:00Z",
    )
    second = answered(shared_http.put(f"{CONFIG_MAPS}/{name}", json=changed))
    assert second["metadata"] == first["metadata"] | {"resourceVersion": second["metadata"]["resourceVersion"]}


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"labels": {"a b": "c"}}, "metadata.labels"),
        ({"labels": {"a": "b c"}}, "metadata.labels"),
        ({"labels": {"a": "b" * 64}}, "metadata.labels"),
        ({"annotations": {"a b": "c"}}, "metadata.annotations"),
        ({"annotations": {"a": "b" * (256 * 1024)}}, "metadata.annotations"),
        ({"finalizers": ["unqualified"]}, "metadata.finalizers[0]"),
        ({"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": ""}]},
         "metadata.ownerReferences.uid"),
    ],
)  # fmt: skip
def test_bad_metadata_is_refused_on_every_write(
    shared_http: httpx.Client, metadata: dict[str, Any], field: str
) -> None:
    name = fresh_name()
    created = refused(shared_http.post(CONFIG_MAPS, json=config_map(name, **metadata)), 422, "Invalid")
    assert field in [cause[1] for cause in causes(created)]
    made(shared_http, CONFIG_MAPS, config_map(name))
    path = f"{CONFIG_MAPS}/{name}"
    for response in (
        shared_http.put(path, json=config_map(name, **metadata)),
        shared_http.patch(path, json={"metadata": metadata}, headers=MERGE_PATCH),
    ):
        assert field in [cause[1] for cause in causes(refused(response, 422, "Invalid"))]


def test_an_update_has_to_name_its_object(shared_http: httpx.Client) -> None:
    name = fresh_name()
    made(shared_http, CONFIG_MAPS, config_map(name))
    path = f"{CONFIG_MAPS}/{name}"
    other = f"the name of the object (other) does not match the name on the URL ({name})"
    none = f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
    refused(shared_http.put(path, json=config_map("other")), 400, "BadRequest", other)
    refused(shared_http.put(path, json={"metadata": {}}), 400, "BadRequest", none)
    for patch, message in (({"metadata": {"name": "other"}}, other), ({"metadata": None}, none)):
        refused(shared_http.patch(path, json=patch, headers=MERGE_PATCH), 400, "BadRequest", message)


def test_an_object_s_bytes_begin_with_its_kind(shared_http: httpx.Client) -> None:
    name = fresh_name()
    made(shared_http, PODS, {"spec": {"containers": [{"image": "i", "name": "c"}]}, "metadata": {"name": name}})
    text = shared_http.get(f"{PODS}/{name}").text
    assert text.startswith('{"kind":"Pod","apiVersion":"v1","metadata":{"name":"' + name + '"')
    assert text.endswith("}\n")
