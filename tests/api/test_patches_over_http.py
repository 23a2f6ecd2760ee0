"""Patches of each kind over HTTP: what they do, and how a bad one is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fauxkube.machinery.objects import Object
from support.api import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE_PATCH,
    SERVICES,
    STRATEGIC_PATCH,
    answered,
    causes,
    config_map,
    deployment,
    fresh_name,
    made,
    refused,
    service,
)


@pytest.fixture
def path(shared_http: httpx.Client) -> str:
    """The path of a config map of the test's own."""
    name = fresh_name()
    made(shared_http, CONFIG_MAPS, config_map(name, {"a": "1", "b": "2"}))
    return f"{CONFIG_MAPS}/{name}"


@pytest.mark.parametrize(
    ("patch", "headers", "data"),
    [
        ([{"op": "add", "path": "/data/c", "value": "3"}], JSON_PATCH, {"a": "1", "b": "2", "c": "3"}),
        ([{"op": "remove", "path": "/data/a"}], JSON_PATCH, {"b": "2"}),
        ([{"op": "move", "from": "/data/a", "path": "/data/c"}], JSON_PATCH, {"b": "2", "c": "1"}),
        ([{"op": "test", "path": "/data/a", "value": "1"}], JSON_PATCH, {"a": "1", "b": "2"}),
        ({"data": {"a": None, "c": "3"}}, MERGE_PATCH, {"b": "2", "c": "3"}),
        ({"data": {"a": None, "c": "3"}}, STRATEGIC_PATCH, {"b": "2", "c": "3"}),
        ({"data": {"$patch": "replace", "c": "3"}}, STRATEGIC_PATCH, {"c": "3"}),
    ],
)
def test_a_patch_changes_what_it_names(
    shared_http: httpx.Client, path: str, patch: Any, headers: dict[str, str], data: dict[str, str]
) -> None:
    assert answered(shared_http.patch(path, json=patch, headers=headers))["data"] == data


def test_a_strategic_patch_merges_lists_by_their_keys(shared_http: httpx.Client) -> None:
    name = fresh_name()
    made(shared_http, DEPLOYMENTS, deployment(name, replicas=0))
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "envoy"}]}}}}
    patched = answered(shared_http.patch(f"{DEPLOYMENTS}/{name}", json=patch, headers=STRATEGIC_PATCH))
    images = [each["image"] for each in patched["spec"]["template"]["spec"]["containers"]]
    assert sorted(images) == ["envoy", "nginx"]
    merged = answered(shared_http.patch(f"{DEPLOYMENTS}/{name}", json=patch, headers=MERGE_PATCH))
    assert [each["image"] for each in merged["spec"]["template"]["spec"]["containers"]] == ["envoy"]


def test_a_patched_service_keeps_what_it_was_given(shared_http: httpx.Client) -> None:
    name = fresh_name()
    first = made(shared_http, SERVICES, service(name, type="NodePort"))
    patch = {"spec": {"ports": [{"port": 80, "targetPort": 8080}]}}
    patched = answered(shared_http.patch(f"{SERVICES}/{name}", json=patch, headers=MERGE_PATCH))
    assert patched["spec"]["clusterIP"] == first["spec"]["clusterIP"]
    assert patched["spec"]["ports"][0]["nodePort"] == first["spec"]["ports"][0]["nodePort"]
    assert patched["spec"]["ports"][0]["targetPort"] == 8080


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"[", JSON_PATCH, 400),
        (b"{}", JSON_PATCH, 400),
        (b"[1]", JSON_PATCH, 400),
        (b'[{"op":"frob","path":"/a"}]', JSON_PATCH, 422),
        (b'[{"op":"add"}]', JSON_PATCH, 422),
        (b'[{"op":"remove","path":"/data/z"}]', JSON_PATCH, 422),
        (b'[{"op":"remove","path":"/data/a"},{"op":"remove","path":"/data/z"}]', JSON_PATCH, 422),
        (b'[{"op":"test","path":"/data/a","value":"2"}]', JSON_PATCH, 422),
        (b'[{"op":"replace","path":"","value":[]}]', JSON_PATCH, 422),
        (b'[{"op":"add","path":"/data","value":"x"}]', JSON_PATCH, 422),
        (b"{", MERGE_PATCH, 400),
        (b"[]", MERGE_PATCH, 400),
        (b'{"data":5}', MERGE_PATCH, 422),
        (b'{"kind":"Pod"}', MERGE_PATCH, 422),
        (b'{"metadata":{"namespace":"other"}}', MERGE_PATCH, 400),
        (b"{", STRATEGIC_PATCH, 400),
        (b"", STRATEGIC_PATCH, 400),
        (b'{"data":[]}', STRATEGIC_PATCH, 422),
        (b'{"data":{"$patch":"frob"}}', STRATEGIC_PATCH, 500),
    ],
)
def test_a_patch_that_cannot_be_applied_is_refused_and_changes_nothing(
    shared_http: httpx.Client, path: str, body: bytes, headers: dict[str, str], code: int
) -> None:
    before = answered(shared_http.get(path))
    reason = {400: "BadRequest", 422: "Invalid", 500: ""}[code]
    refused(shared_http.patch(path, content=body, headers=headers), code, reason)
    assert answered(shared_http.get(path)) == before


@pytest.mark.parametrize(
    ("patch", "headers"), [({"data": 5}, MERGE_PATCH), ({"data": []}, STRATEGIC_PATCH), ({"kind": "Pod"}, MERGE_PATCH)]
)
def test_a_patch_that_leaves_something_unreadable_is_named_as_the_cause(
    shared_http: httpx.Client, path: str, patch: Any, headers: dict[str, str]
) -> None:
    details = refused(shared_http.patch(path, json=patch, headers=headers), 422, "Invalid")
    assert [cause[:2] for cause in causes(details)] == [("FieldValueInvalid", "patch")]
    assert details.keys() == {"causes"}


def test_strict_validation_holds_for_patches_too(shared_http: httpx.Client, path: str) -> None:
    for patch, headers in (
        ({"frob": 1}, MERGE_PATCH),
        ({"frob": 1}, STRATEGIC_PATCH),
        ([{"op": "add", "path": "/frob", "value": 1}], JSON_PATCH),
    ):
        details = refused(
            shared_http.patch(f"{path}?fieldValidation=Strict", json=patch, headers=headers), 422, "Invalid"
        )
        assert causes(details)[0][2].endswith('strict decoding error: unknown field "frob"')
        warned = shared_http.patch(path, json=patch, headers=headers)
        answered(warned)
        assert warned.headers.get_list("warning") == ['299 - "unknown field \\"frob\\""']


def test_force_is_for_apply_alone(shared_http: httpx.Client, path: str) -> None:
    details = refused(shared_http.patch(f"{path}?force=true", json={}, headers=MERGE_PATCH), 422, "Invalid")
    assert causes(details) == [("FieldValueForbidden", "force", "Forbidden: may not be specified for non-apply patch")]


def test_a_json_patch_has_a_bounded_number_of_operations(shared_http: httpx.Client, path: str) -> None:
    many: list[Object] = [{"op": "test", "path": "/data/a", "value": "1"}] * 10_001
    message = "The allowed maximum operations in a JSON patch is 10000, got 10001"
    refused(shared_http.patch(path, json=many, headers=JSON_PATCH), 413, "RequestEntityTooLarge", message)
