"""The record of requests over HTTP: what clients did is there as soon as they have their answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import httpx
import pytest
import yaml

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.simulation.requests.log import BODY_LIMIT
from support.api import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    MERGE_PATCH,
    answered,
    answered_list,
    config_map,
    deployment,
    made,
    watching,
)
from support.thread import served
from support.waiting import until


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[tuple[Cluster, httpx.Client]]:
    """A cluster and a client of it, named shop."""
    headers = {"user-agent": "shop/1.0"}
    with served(Settings(nodes=0)) as server, httpx.Client(base_url=server.url, headers=headers, timeout=10) as http:
        yield server.cluster, http


@pytest.fixture
def cluster(shared_cluster: tuple[Cluster, httpx.Client]) -> Cluster:
    shared_cluster[0].requests.clear()
    return shared_cluster[0]


@pytest.fixture
def http(shared_cluster: tuple[Cluster, httpx.Client]) -> httpx.Client:
    return shared_cluster[1]


def test_a_request_is_on_record_with_its_answer(cluster: Cluster, http: httpx.Client) -> None:
    body = deployment("web", replicas=0)
    answer = made(http, DEPLOYMENTS, body)
    call = cluster.requests.assert_called_once(
        verb="create", resource="deploy", namespace="default", name="web", user_agent="shop/*", status=201
    )
    assert (call.body_object, call.answer_object) == (body, answer)
    assert (call.method, call.path, call.content_type) == ("POST", DEPLOYMENTS, "application/json")
    assert 0 < call.seconds < 10
    assert call.answer_size == len(call.answer) > 0


def test_every_verb_and_path_is_on_record(cluster: Cluster, http: httpx.Client) -> None:
    made(http, CONFIG_MAPS, config_map("all-verbs"))
    path = f"{CONFIG_MAPS}/all-verbs"
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        json = {"GET": None, "DELETE": None}.get(method, config_map("all-verbs"))
        answered(http.request(method, path, json=json, headers=MERGE_PATCH if method == "PATCH" else None))
    http.get(CONFIG_MAPS)
    http.delete(CONFIG_MAPS)
    http.get("/version")
    http.get("/nowhere")
    seen = cluster.requests.assert_order(
        {"verb": "create", "name": "all-verbs"},
        {"verb": "get", "name": "all-verbs"},
        {"verb": "update", "name": "all-verbs"},
        {"verb": "patch", "name": "all-verbs", "body": {"metadata": {"name": "all-verbs"}}},
        {"verb": "delete", "name": "all-verbs"},
        {"verb": "list", "resource": "cm"},
        {"verb": "deletecollection", "resource": "cm"},
        {"verb": "get", "path": "/version", "status": 200},
        {"verb": "get", "path": "/nowhere", "status": 404},
    )
    assert len(seen) == cluster.requests.count()


def test_refusals_are_on_record(cluster: Cluster, http: httpx.Client) -> None:
    http.get(f"{CONFIG_MAPS}/missing")
    http.post(CONFIG_MAPS, content=b"{", headers={"content-type": "application/json"})
    http.patch(CONFIG_MAPS)
    assert [call.status for call in cluster.requests.calls()] == [404, 400, 405]
    assert cluster.requests.calls(status=404)[0].answer_object["reason"] == "NotFound"
    assert cluster.requests.calls(status=400)[0].body == b"{"


def test_warnings_and_yaml_are_on_record(cluster: Cluster, http: httpx.Client) -> None:
    body = config_map("warned") | {"colour": "red"}
    headers = {"content-type": "application/yaml", "accept": "application/yaml"}
    http.post(CONFIG_MAPS, content=yaml.safe_dump(body), headers=headers)
    call = cluster.requests.assert_called_once(verb="create", body={"colour": "red"})
    assert call.warnings == ['unknown field "colour"']
    assert call.answer_object["metadata"]["name"] == "warned"


def test_a_large_body_is_not_kept_but_its_size_is(cluster: Cluster, http: httpx.Client) -> None:
    made(http, CONFIG_MAPS, config_map("large", {"a": "x" * BODY_LIMIT}))
    call = cluster.requests.assert_called_once(verb="create")
    assert call.body_size > BODY_LIMIT
    assert call.answer_size > BODY_LIMIT
    assert call.body == call.answer == b""


def test_a_watch_is_on_record_while_it_is_open_and_counts_its_events(cluster: Cluster, http: httpx.Client) -> None:
    def watch() -> tuple[bool, int, int]:
        (call,) = cluster.requests.calls(verb="watch", resource="configmaps")
        return call.open, call.status, call.events

    query = {"fieldSelector": "metadata.name=watched"}
    with watching(http, CONFIG_MAPS, **query) as events:
        until(lambda: watch() == (True, 200, 0))
        made(http, CONFIG_MAPS, config_map("watched"))
        http.delete(f"{CONFIG_MAPS}/watched")
        assert [event["type"] for event in itertools.islice(events, 2)] == ["ADDED", "DELETED"]
        until(lambda: watch() == (True, 200, 2))
    until(lambda: watch() == (False, 200, 2))


def test_what_control_loops_do_is_not_on_record(http: httpx.Client, cluster: Cluster) -> None:
    made(http, DEPLOYMENTS, deployment("loops", replicas=1))
    until(
        lambda: bool(http.get("/apis/apps/v1/namespaces/default/replicasets?labelSelector=app%3Dloops").json()["items"])
    )
    assert {call.user_agent for call in cluster.requests.calls()} == {"shop/1.0"}
    cluster.requests.assert_not_called(verb="create", resource="replicasets")


def test_the_users_of_a_cluster_are_told_apart(cluster: Cluster, http: httpx.Client) -> None:
    token = cluster.users.add("ann").token
    http.get("/version", headers={"authorization": f"Bearer {token}"})
    http.get("/version")
    assert [call.user for call in cluster.requests.calls(path="/version")] == ["ann", ""]


def test_a_broken_connection_leaves_a_call_without_an_answer(cluster: Cluster, http: httpx.Client) -> None:
    fault = cluster.faults.add(
        {"kind": "request", "match": {"name": "broken"}, "effect": {"type": "reset"}, "count": 1}
    )
    with pytest.raises(httpx.TransportError):
        http.get(f"{CONFIG_MAPS}/broken")
    cluster.faults.remove(fault.id)
    until(lambda: cluster.requests.calls(name="broken")[0].seconds > 0)
    (call,) = cluster.requests.calls(name="broken", status=0)
    assert (call.verb, call.answer_size) == ("get", 0)


def test_the_record_is_served_over_http(cluster: Cluster, http: httpx.Client) -> None:
    body = config_map("over-http", {"a": "1"})
    made(http, CONFIG_MAPS, body)
    http.get(f"{CONFIG_MAPS}/over-http")
    here = "/fauxkube/v1/requests"
    (created,) = answered_list(http.get(f'{here}?verb=create&resource=cm&status=2xx&body={{"data":{{"a":"1"}}}}'))
    assert (created["name"], created["body"], created["userAgent"]) == ("over-http", body, "shop/1.0")
    (later,) = answered_list(http.get(here, params={"since": created["id"]}))
    assert later["verb"] == "get"
    assert len(answered(http.get(f"{here}.har"))["log"]["entries"]) == 2
    assert answered_list(http.get("/fauxkube/v1/findings")) == []
    assert http.get(f"{here}?resource=nonsense").status_code == 400
    assert http.delete(here).status_code == 204
    assert answered_list(http.get(here)) == []


def test_the_record_can_be_off() -> None:
    with served(Settings(nodes=0, requests=0)) as server, httpx.Client(base_url=server.url) as http:
        made(http, CONFIG_MAPS, config_map("unseen"))
        assert server.cluster.requests.mark() == 0
        assert server.cluster.requests.to_har()["log"]["entries"] == []
