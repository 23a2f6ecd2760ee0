"""Optimistic concurrency: which writes win, which lose, and which change nothing."""

from __future__ import annotations

import httpx
import pytest

from fauxkube.machinery.objects import Object
from support.api import (
    CONFIG_MAPS,
    DEFAULT,
    MERGE_PATCH,
    NODES,
    PODS,
    SERVICES,
    answered,
    causes,
    config_map,
    fresh_name,
    made,
    refused,
    service,
    state_of,
)

LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


def modified(name: str) -> str:
    return (
        f'Operation cannot be fulfilled on configmaps "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


@pytest.fixture
def stored(shared_http: httpx.Client) -> Object:
    """A config map of the test's own."""
    return made(shared_http, CONFIG_MAPS, config_map(fresh_name(), {"a": "1"}))


def path_of(obj: Object) -> str:
    return f"{CONFIG_MAPS}/{obj['metadata']['name']}"


def with_data(obj: Object, **metadata: str) -> Object:
    return config_map(obj["metadata"]["name"], {"a": "2"}, **metadata)


def test_a_write_that_names_the_newest_version_wins(shared_http: httpx.Client, stored: Object) -> None:
    stored["data"]["a"] = "2"
    written = answered(shared_http.put(path_of(stored), json=stored))
    assert int(written["metadata"]["resourceVersion"]) > int(stored["metadata"]["resourceVersion"])
    assert answered(shared_http.get(path_of(stored))) == written


def test_a_write_that_names_an_older_version_is_refused(shared_http: httpx.Client, stored: Object) -> None:
    answered(shared_http.put(path_of(stored), json=with_data(stored)))
    name, stale = stored["metadata"]["name"], stored["metadata"]["resourceVersion"]
    put = shared_http.put(path_of(stored), json=with_data(stored, resourceVersion=stale))
    patch = {"metadata": {"resourceVersion": stale}, "data": {"a": "3"}}
    patched = shared_http.patch(path_of(stored), json=patch, headers=MERGE_PATCH)
    for response in (put, patched):
        assert refused(response, 409, "Conflict", modified(name)) == {"name": name, "kind": "configmaps"}


@pytest.mark.parametrize("version", ["", "0"])
def test_a_write_that_names_no_version_takes_what_is_there(
    shared_http: httpx.Client, stored: Object, version: str
) -> None:
    answered(shared_http.put(path_of(stored), json=with_data(stored)))
    body = config_map(stored["metadata"]["name"], {"a": "3"}, resourceVersion=version)
    assert answered(shared_http.put(path_of(stored), json=body))["data"] == {"a": "3"}


def test_kinds_whose_updates_must_name_a_version_say_so(shared_http: httpx.Client) -> None:
    name = fresh_name()
    body = {"metadata": {"name": name}, "spec": {}}
    made(shared_http, LEASES, body)
    details = refused(shared_http.put(f"{LEASES}/{name}", json=body), 422, "Invalid")
    message = "Invalid value: 0x0: must be specified for an update"
    assert causes(details) == [("FieldValueInvalid", "metadata.resourceVersion", message)]


def test_a_write_to_another_object_of_that_name_is_refused(shared_http: httpx.Client, stored: Object) -> None:
    response = shared_http.put(path_of(stored), json=with_data(stored, uid="other"))
    refused(response, 409, "Conflict")
    assert "Precondition failed: UID in precondition: other, UID in object meta: " in response.json()["message"]


def test_a_write_that_changes_nothing_keeps_the_version(shared_http: httpx.Client, stored: Object) -> None:
    before = state_of(shared_http)
    name = stored["metadata"]["name"]
    for response in (
        shared_http.put(path_of(stored), json=stored),
        shared_http.put(path_of(stored), json=config_map(name, {"a": "1"})),
        shared_http.patch(path_of(stored), json={}, headers=MERGE_PATCH),
        shared_http.patch(path_of(stored), json={"data": {"a": "1"}}, headers=MERGE_PATCH),
        shared_http.patch(path_of(stored), json={"metadata": {"annotations": None}}, headers=MERGE_PATCH),
    ):
        assert answered(response) == stored
    assert state_of(shared_http) == before


@pytest.mark.parametrize(
    ("collection", "body"),
    [
        (SERVICES, service("")),
        (f"{DEFAULT}/endpoints", {}),
        (LEASES, {"spec": {}}),
        (f"{DEFAULT}/events", {"involvedObject": {"namespace": "default"}}),
    ],
    ids=["services", "endpoints", "leases", "events"],
)
def test_these_kinds_are_created_by_an_update_of_nothing(
    shared_http: httpx.Client, collection: str, body: Object
) -> None:
    name = fresh_name()
    metadata = {"name": name, "namespace": "default"}
    created = answered(shared_http.put(f"{collection}/{name}", json=body | {"metadata": metadata}), 201)
    assert created["metadata"]["uid"]


@pytest.mark.parametrize(
    ("collection", "body"),
    [(CONFIG_MAPS, {}), (PODS, {"spec": {}}), (NODES, {}), (SLICES, {"addressType": "IPv4", "endpoints": []})],
    ids=["configmaps", "pods", "nodes", "endpointslices"],
)
def test_other_kinds_are_not(shared_http: httpx.Client, collection: str, body: Object) -> None:
    name = fresh_name()
    refused(shared_http.put(f"{collection}/{name}", json=body | {"metadata": {"name": name}}), 404, "NotFound")


def test_revisions_only_grow_and_every_write_has_its_own(shared_http: httpx.Client) -> None:
    versions = []
    for number in range(5):
        name = fresh_name()
        obj = made(shared_http, CONFIG_MAPS, config_map(name))
        versions.append(int(obj["metadata"]["resourceVersion"]))
        changed = answered(shared_http.put(f"{CONFIG_MAPS}/{name}", json=config_map(name, {"n": str(number)})))
        versions.append(int(changed["metadata"]["resourceVersion"]))
    assert versions == sorted(set(versions))


def test_a_yaml_body_is_as_good_as_a_json_one(shared_http: httpx.Client) -> None:
    name = fresh_name()
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  yes: 'no'\n  1: '1'\n"
    response = shared_http.post(CONFIG_MAPS, content=text, headers={"content-type": "application/yaml"})
    assert answered(response, 201)["data"] == {"true": "no", "1": "1"}
