"""Strict rules on a running server: what is warned of is done, what is refused is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from fauxkube.cluster.settings import Settings, SettingsError
from fauxkube.machinery.objects import Object
from fauxkube.simulation.requests import RequestLog
from support.api import (
    CONFIG_MAPS,
    CORE,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE_PATCH,
    answered,
    config_map,
    deployment,
    made,
    refused,
    watching,
)
from support.thread import served


@dataclass(frozen=True)
class Judged:
    """A client of a strict cluster, and the record there."""

    http: httpx.Client
    requests: RequestLog

    def found(self) -> list[tuple[str, str, int]]:
        """The findings as (rule, mode, count)."""
        return [(each["rule"], each["mode"], each["count"]) for each in self.requests.findings()]


@contextmanager
def judged(strict: str) -> Iterator[Judged]:
    headers = {"user-agent": "shop-operator/1.0"}
    with (
        served(Settings(nodes=0, strict=strict)) as server,
        httpx.Client(base_url=server.url, headers=headers, timeout=10) as http,
    ):
        yield Judged(http, server.cluster.requests)


@pytest.fixture(scope="module")
def shared_failing() -> Iterator[Judged]:
    with judged("fail") as client:
        yield client


@pytest.fixture(scope="module")
def shared_warning() -> Iterator[Judged]:
    with judged("warn") as client:
        yield client


@pytest.fixture
def failing(shared_failing: Judged) -> Judged:
    """A client whose mistakes are refused."""
    shared_failing.requests.clear()
    return shared_failing


@pytest.fixture
def warning(shared_warning: Judged) -> Judged:
    """A client who is warned of mistakes."""
    shared_warning.requests.clear()
    return shared_warning


def warned(response: httpx.Response, code: int = 200) -> str:
    """What the answer warns of."""
    answered(response, code)
    return ", ".join(response.headers.get_list("warning"))


def test_a_blind_update_is_warned_of_and_done(warning: Judged) -> None:
    path = f"{CONFIG_MAPS}/blind"
    made(warning.http, CONFIG_MAPS, config_map("blind"))
    said = warned(warning.http.put(path, json=config_map("blind", {"a": "1"})))
    assert said == (
        '299 - "strict rule blind-update: the update names no metadata.resourceVersion, so it overwrites what others '
        'may have changed; send the resourceVersion that was read, or patch"'
    )
    assert answered(warning.http.get(path))["data"] == {"a": "1"}
    assert warning.found() == [("blind-update", "warn", 1)]
    (call,) = warning.requests.calls(verb="update")
    assert call.warnings[0].startswith("strict rule blind-update: ")


def test_a_blind_update_is_refused_and_not_done(failing: Judged) -> None:
    path = f"{CONFIG_MAPS}/blind"
    before = made(failing.http, CONFIG_MAPS, config_map("blind"))
    for _ in range(2):
        response = failing.http.put(path, json=config_map("blind", {"a": "1"}))
        refused(response, 400, "BadRequest")
        assert response.json()["message"].startswith("strict rule blind-update: ")
    assert answered(failing.http.get(path)) == before
    assert failing.found() == [("blind-update", "fail", 2)]
    failing.requests.assert_called(2, verb="update", status=400, name="blind")


def test_an_update_with_the_version_that_was_read_passes(failing: Judged) -> None:
    obj = made(failing.http, CONFIG_MAPS, config_map("read"))
    answered(failing.http.put(f"{CONFIG_MAPS}/read", json=obj | {"data": {"a": "1"}}))
    assert failing.found() == []


@pytest.mark.parametrize(
    "validation", ["", "?fieldValidation=Ignore", "?fieldValidation=Warn", "?fieldValidation=Strict"]
)
def test_unknown_and_duplicate_fields_are_refused_whatever_the_client_asks_for(
    failing: Judged, validation: str
) -> None:
    for body, problem in (
        ('{"metadata":{"name":"typo"},"colour":"red"}', 'unknown field "colour"'),
        ('{"metadata":{"name":"typo"},"data":{},"data":{}}', 'duplicate field "data"'),
    ):
        response = failing.http.post(
            f"{CONFIG_MAPS}{validation}", content=body, headers={"content-type": "application/json"}
        )
        message = f'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: {problem}'
        refused(response, 400, "BadRequest", message)
    assert failing.http.get(f"{CONFIG_MAPS}/typo").status_code == 404
    assert failing.found() == [("unknown-field", "fail", 2)]
    assert failing.requests.findings()[0]["problem"] == 'unknown field "colour"'


def test_unknown_fields_of_a_patch_are_refused(failing: Judged) -> None:
    made(failing.http, CONFIG_MAPS, config_map("patched"))
    path = f"{CONFIG_MAPS}/patched?fieldValidation=Ignore"
    response = failing.http.patch(path, json={"colour": "red"}, headers=MERGE_PATCH)
    refused_patch = refused(response, 422, "Invalid")
    assert 'strict decoding error: unknown field "colour"' in refused_patch["causes"][0]["message"]
    assert failing.found() == [("unknown-field", "fail", 1)]


def test_unknown_fields_are_warned_of_though_the_client_ignores_them(warning: Judged) -> None:
    body = config_map("typo") | {"colour": "red"}
    said = warned(warning.http.post(f"{CONFIG_MAPS}?fieldValidation=Ignore", json=body), 201)
    assert said == '299 - "unknown field \\"colour\\""'
    assert warning.found() == [("unknown-field", "warn", 1)]


def test_a_field_validation_that_does_not_exist_is_refused_as_ever(failing: Judged) -> None:
    refused(failing.http.post(f"{CONFIG_MAPS}?fieldValidation=Loud", json=config_map("loud")), 422, "Invalid")


def test_deprecated_apis_are_warned_of_once_and_refused(warning: Judged, failing: Judged) -> None:
    said = warned(warning.http.get(f"{CORE}/endpoints"))
    assert said == '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
    assert warning.found() == [("deprecated-api", "warn", 1)]
    refused(failing.http.get(f"{CORE}/endpoints"), 400, "BadRequest")


def test_a_status_written_through_the_main_resource_is_refused(failing: Judged) -> None:
    obj = made(failing.http, DEPLOYMENTS, deployment("status", replicas=0))
    obj = _settled(failing.http, f"{DEPLOYMENTS}/status", obj)
    failing.requests.clear()
    answered(failing.http.put(f"{DEPLOYMENTS}/status", json=obj))
    obj["status"] = {"replicas": 7}
    refused(failing.http.put(f"{DEPLOYMENTS}/status", json=obj), 400, "BadRequest")
    patch = {"status": {"replicas": 7}}
    refused(failing.http.patch(f"{DEPLOYMENTS}/status", json=patch, headers=MERGE_PATCH), 400, "BadRequest")
    assert failing.found() == [("ignored-status", "fail", 1), ("ignored-status", "fail", 1)]


def _settled(http: httpx.Client, path: str, obj: Object) -> Object:
    """The object once its controller has seen it."""
    with watching(http, DEPLOYMENTS, fieldSelector=f"metadata.name={obj['metadata']['name']}") as events:
        while not obj.get("status", {}).get("observedGeneration"):
            obj = next(events)["object"]
    return answered(http.get(path))


def test_a_conflict_that_is_tried_again_unchanged_is_refused_as_such(failing: Judged) -> None:
    obj = made(failing.http, CONFIG_MAPS, config_map("contended"))
    path = f"{CONFIG_MAPS}/contended"
    answered(failing.http.put(path, json=obj | {"data": {"a": "1"}}))
    refused(failing.http.put(path, json=obj | {"data": {"a": "2"}}), 409, "Conflict")
    refused(failing.http.put(path, json=obj | {"data": {"a": "2"}}), 400, "BadRequest")
    refused(failing.http.put(path, json=obj | {"data": {"a": "3"}}), 409, "Conflict")
    assert failing.found() == [("retried-conflict", "fail", 1)]


def test_patches_that_may_hit_another_item_are_warned_of(failing: Judged) -> None:
    made(failing.http, CONFIG_MAPS, config_map("listed", finalizers=["example.com/a", "example.com/b"]))
    path = f"{CONFIG_MAPS}/listed"
    removal = [{"op": "remove", "path": "/metadata/finalizers/0"}]
    assert "strict rule unguarded-patch: " in warned(failing.http.patch(path, json=removal, headers=JSON_PATCH))
    replacement = {"metadata": {"finalizers": []}}
    assert "strict rule overwritten-list: " in warned(failing.http.patch(path, json=replacement, headers=MERGE_PATCH))


def test_a_long_list_without_pages_is_refused(failing: Judged) -> None:
    for each in range(501):
        made(failing.http, f"{CORE}/namespaces/kube-public/configmaps", config_map(f"many-{each}"))
    path = f"{CORE}/namespaces/kube-public/configmaps"
    response = failing.http.get(path)
    refused(response, 400, "BadRequest")
    assert " objects at once; " in response.json()["message"]
    answered(failing.http.get(f"{path}?limit=500"))
    answered(failing.http.get(f"{path}?resourceVersion=0"))
    assert failing.found() == [("unpaged-list", "fail", 1)]


def test_informers_are_told_to_read_the_cache(warning: Judged) -> None:
    version = answered(warning.http.get(CONFIG_MAPS))["metadata"]["resourceVersion"]
    query = {"resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": "1"}
    with warning.http.stream("GET", CONFIG_MAPS, params={"watch": "1", **query}) as response:
        assert "strict rule uncached-list: " in response.headers["warning"]
    answered(warning.http.get(f"{CONFIG_MAPS}?resourceVersion=0"))
    with warning.http.stream("GET", CONFIG_MAPS, params={"watch": "1", **query}) as response:
        assert "warning" not in response.headers
    assert warning.found() == [("uncached-list", "warn", 1)]


def test_polling_is_warned_of(warning: Judged) -> None:
    path = f"{CORE}/namespaces/default"
    said = [warned(warning.http.get(path)) for _ in range(11)]
    assert not any(said[:10])
    assert "strict rule hot-loop: the same get came 11 times within a second" in said[10]


def test_clients_of_many_threads_are_judged_as_one(failing: Judged) -> None:
    def write(number: int) -> None:
        obj = made(failing.http, CONFIG_MAPS, config_map(f"thread-{number}"))
        answered(failing.http.put(f"{CONFIG_MAPS}/thread-{number}", json=obj | {"data": {"a": "1"}}))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failing.requests.assert_called(8, verb="update", status=200)
    assert failing.found() == []


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"strict": "loud"}, "there is no strict mode 'loud', but there are fail, off, warn"),
        ({"strict": {"typo": "fail"}}, "there is no strict rule 'typo', but there are blind-update"),
        ({"requests": -1}, "requests must not be negative: -1"),
        ({"requests": 0, "strict": "warn"}, "strict rules look at earlier requests: requests must not be 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: Object, problem: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings(**settings)
    assert str(error.value).startswith(problem)


def test_settings_by_rule_are_the_same_as_text() -> None:
    assert Settings(strict={"*": "warn", "hot-loop": "off"}) == Settings(strict="*=warn,hot-loop=off")
    assert hash(Settings(strict={"hot-loop": "off"}))
