"""Many clusters behind one port: each at a URL of its own, none of them seen from another."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from support.api import (
    CONFIG_MAPS,
    NODES,
    PODS,
    SERVICES,
    answered,
    answered_list,
    config_map,
    fresh_name,
    made,
    names,
    pod,
    refused,
    service,
    told,
    watching,
)
from support.clusters import CLUSTERS, OURS, cluster_of


@pytest.fixture
def one(shared_server: str) -> Iterator[httpx.Client]:
    """A cluster of the test's own."""
    with cluster_of(shared_server) as client:
        yield client


@pytest.fixture
def two(shared_server: str) -> Iterator[httpx.Client]:
    """Another."""
    with cluster_of(shared_server) as client:
        yield client


def name_of(cluster: httpx.Client) -> str:
    return cluster.base_url.path.rstrip("/").rpartition("/")[2]


def test_a_cluster_is_made_at_a_url_of_its_own(shared_server: str, shared_http: httpx.Client) -> None:
    name = fresh_name()
    entry = answered(shared_http.post(CLUSTERS, json={"name": name, "overrides": {"nodes": 1}}), 201)
    assert entry == {
        "name": name,
        "url": f"{shared_server}/clusters/{name}",
        "kubernetes_version": "1.36",
        "nodes": 1,
        "revision": entry["revision"],
        "source": "",
    }
    assert answered(shared_http.get(f"{CLUSTERS}/{name}"))["url"] == entry["url"]
    assert name in [each["name"] for each in answered_list(shared_http.get(CLUSTERS))]
    assert len(answered(shared_http.get(f"/clusters/{name}{NODES}"))["items"]) == 1
    assert shared_http.delete(f"{CLUSTERS}/{name}").status_code == 204
    refused(shared_http.get(f"{CLUSTERS}/{name}"), 404, "NotFound", f'clusters "{name}" not found')


def test_no_body_is_needed_for_a_cluster_like_the_first(shared_http: httpx.Client) -> None:
    entry = answered(shared_http.post(CLUSTERS), 201)
    assert entry["name"].startswith("cluster-")
    shared_http.delete(f"{CLUSTERS}/{entry['name']}")


def test_the_first_cluster_is_at_the_root_and_under_its_name(shared_http: httpx.Client) -> None:
    name = fresh_name()
    made(shared_http, CONFIG_MAPS, config_map(name))
    assert answered(shared_http.get(f"/clusters/default{CONFIG_MAPS}/{name}"))["metadata"]["name"] == name
    assert answered_list(shared_http.get(CLUSTERS))[0]["url"] == str(shared_http.base_url).rstrip("/")


def test_what_is_in_one_is_not_in_another(one: httpx.Client, two: httpx.Client, shared_http: httpx.Client) -> None:
    for cluster, colour in ((one, "red"), (two, "blue")):
        made(cluster, CONFIG_MAPS, config_map("same", {"colour": colour}))
    assert [answered(each.get(f"{CONFIG_MAPS}/same"))["data"]["colour"] for each in (one, two)] == ["red", "blue"]
    refused(shared_http.get(f"{CONFIG_MAPS}/same"), 404, "NotFound")
    addresses = [
        made(each, SERVICES, service("web", clusterIP="10.96.7.7"))["spec"]["clusterIP"] for each in (one, two)
    ]
    assert addresses == ["10.96.7.7", "10.96.7.7"]


def test_a_watch_sees_its_own_cluster_alone(one: httpx.Client, two: httpx.Client) -> None:
    since = answered(one.get(CONFIG_MAPS))["metadata"]["resourceVersion"]
    with watching(one, CONFIG_MAPS, resourceVersion=since) as events:
        made(two, CONFIG_MAPS, config_map("elsewhere"))
        made(one, CONFIG_MAPS, config_map("here"))
        assert told(events, 1) == [("ADDED", "here")]


def test_deletion_ends_watches(shared_http: httpx.Client, one: httpx.Client) -> None:
    with watching(one, PODS) as events:
        assert shared_http.delete(f"{CLUSTERS}/{name_of(one)}").status_code == 204
        assert list(events) == []
    details = refused(one.get(PODS), 404, "NotFound")
    assert details == {"name": name_of(one), "kind": "clusters"}


def test_an_unknown_cluster_is_told_with_those_there_are(shared_http: httpx.Client) -> None:
    for path in ("/clusters/nobody", "/clusters/nobody/api/v1/pods", f"/clusters/nobody{OURS}/info", "/clusters/"):
        answer = shared_http.get(path)
        refused(answer, 404, "NotFound")
        assert "there is no cluster " in answer.json()["message"]
        assert "but default" in answer.json()["message"]


def test_a_reset_keeps_the_url_and_tells_clients_that_their_past_is_gone(
    shared_http: httpx.Client, one: httpx.Client
) -> None:
    made(one, CONFIG_MAPS, config_map("gone"))
    since = answered(one.get(CONFIG_MAPS))["metadata"]["resourceVersion"]
    with watching(one, CONFIG_MAPS, resourceVersion=since) as events:
        answered(shared_http.post(f"{CLUSTERS}/{name_of(one)}/reset"))
        assert list(events) == []
    with watching(one, CONFIG_MAPS, resourceVersion=since) as events:
        (event,) = events
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    listed = answered(one.get(CONFIG_MAPS))
    assert names(listed) == []
    assert int(listed["metadata"]["resourceVersion"]) > int(since)


def test_a_fork_begins_where_its_source_is(shared_http: httpx.Client, one: httpx.Client) -> None:
    made(one, CONFIG_MAPS, config_map("before"))
    entry = answered(shared_http.post(CLUSTERS, json={"source": name_of(one)}), 201)
    assert entry["source"] == name_of(one)
    made(one, CONFIG_MAPS, config_map("after"))
    assert names(answered(shared_http.get(f"/clusters/{entry['name']}{CONFIG_MAPS}"))) == ["before"]
    shared_http.delete(f"{CLUSTERS}/{entry['name']}")


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "field"),
    [
        ("POST", CLUSTERS, {"name": "Not a label"}, 422, "name"),
        ("POST", CLUSTERS, {"name": 7}, 422, "name"),
        ("POST", CLUSTERS, {"overrides": {"nodes": -1}}, 422, "overrides.nodes"),
        ("POST", CLUSTERS, {"overrides": {"nodes": 1000}}, 422, "overrides"),
        ("POST", CLUSTERS, {"overrides": {"node_ports": "0-1"}}, 422, "overrides"),
        ("POST", CLUSTERS, {"overrides": {"colour": "red"}}, 422, "overrides.colour"),
        ("POST", CLUSTERS, {"colour": "red"}, 422, "colour"),
        ("POST", CLUSTERS, ["default"], 422, "body"),
        ("POST", CLUSTERS, {"name": "default"}, 409, ""),
        ("POST", CLUSTERS, {"source": "nobody"}, 404, ""),
        ("POST", f"{CLUSTERS}/nobody/reset", None, 404, ""),
        ("DELETE", f"{CLUSTERS}/nobody", None, 404, ""),
        ("DELETE", f"{CLUSTERS}/default", None, 403, ""),
        ("POST", f"{OURS}/settle", {"revision": "x"}, 422, "revision"),
        ("POST", f"{OURS}/settle", {"timeout": 601}, 422, "timeout"),
        ("POST", f"{OURS}/clock/advance", {}, 422, "seconds"),
        ("POST", f"{OURS}/clock/advance", {"seconds": -1}, 422, "seconds"),
        ("POST", f"{OURS}/clock/freeze", {"at": "2020-01-01T00:00:00Z"}, 422, "at"),
        ("POST", f"{OURS}/clock/freeze", {"at": "2120-01-01T00:00:00"}, 422, "at"),
        ("POST", f"{OURS}/clock/run", {"rate": -1}, 422, "rate"),
        ("POST", f"{OURS}/faults", {"kind": "weather", "effect": "rain"}, 422, "kind"),
        ("POST", f"{OURS}/faults", [], 422, "body"),
        ("GET", f"{OURS}/faults/fault-99", None, 404, ""),
        ("DELETE", f"{OURS}/faults/fault-99", None, 404, ""),
        ("GET", f"{OURS}/requests?colour=red", None, 422, "colour"),
        ("GET", f"{OURS}/requests?body=%7B", None, 422, "body"),
        ("GET", f"{OURS}/requests?resource=weather", None, 400, ""),
        ("GET", f"{OURS}/history?resource=pods", None, 422, "name"),
        ("GET", f"{OURS}/history?resource=weather&name=a", None, 404, ""),
        ("GET", f"{OURS}/past?resource=pods&revision=0", None, 422, "revision"),
        ("POST", f"{OURS}/users", {"name": ""}, 422, "name"),
        ("GET", f"{OURS}/logs?limit=-1", None, 422, "limit"),
        ("GET", f"{OURS}/kubeconfig?server=nowhere", None, 422, "server"),
        ("GET", f"{OURS}/kubeconfig?user=nobody", None, 404, ""),
        ("GET", f"{OURS}/weather", None, 404, ""),
        ("PUT", f"{OURS}/logs", None, 405, ""),
    ],
)
def test_bad_input_is_told_by_a_status_that_names_the_field(  # noqa: PLR0917
    shared_http: httpx.Client, method: str, path: str, body: object, code: int, field: str
) -> None:
    answer = shared_http.request(method, path, **({} if body is None else {"json": body}))
    assert (answer.status_code, answer.json()["kind"], answer.json()["code"]) == (code, "Status", code), answer.text
    fields = [cause.get("field") for cause in answer.json().get("details", {}).get("causes", [])]
    assert fields == ([field] if field else [])
    assert "Traceback" not in answer.text


def test_what_is_no_json_is_told_so(shared_http: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    answer = shared_http.post(f"{OURS}/clock/run", content=b'{"rate": ', headers=headers)
    refused(answer, 400, "BadRequest")
    assert "not valid JSON" in answer.json()["message"]
    refused(shared_http.post(f"{OURS}/clock/run", data={"rate": "1"}), 415, "UnsupportedMediaType")


def test_time_stands_still_and_moves_as_told(shared_server: str) -> None:
    with cluster_of(shared_server, clock_rate=0, clock_start="2030-01-01T00:00:00Z") as cluster:
        clock = answered(cluster.get(f"{OURS}/clock"))
        assert (clock["now"], clock["rate"], clock["frozen"]) == ("2030-01-01T00:00:00Z", 0, True)
        created = made(cluster, PODS, pod("web"))
        settled = answered(
            cluster.post(f"{OURS}/settle", json={"revision": int(created["metadata"]["resourceVersion"])})
        )
        assert settled["now"] == clock["now"]
        answered(cluster.post(f"{OURS}/clock/advance", json={"seconds": 3600}))
        assert answered(cluster.get(f"{PODS}/web"))["status"]["phase"] == "Running"
        assert answered(cluster.get(f"{OURS}/clock"))["now"].startswith("2030-01-01T01:00:00")
        assert answered(cluster.post(f"{OURS}/clock/run", json={"rate": 60}))["rate"] == 60
        assert answered(cluster.post(f"{OURS}/clock/freeze"))["frozen"]


def test_a_fault_strikes_its_own_cluster_until_it_is_lifted(one: httpx.Client, two: httpx.Client) -> None:
    spec = {
        "kind": "request",
        "match": {"verb": "create", "resource": "configmaps"},
        "effect": {"type": "error", "code": 503},
    }
    fault = answered(one.post(f"{OURS}/faults", json=spec), 201)
    assert one.post(CONFIG_MAPS, json=config_map("a")).status_code == 503
    made(two, CONFIG_MAPS, config_map("a"))
    assert answered(one.get(f"{OURS}/faults/{fault['id']}"))["hits"] == 1
    assert one.delete(f"{OURS}/faults/{fault['id']}").status_code == 204
    made(one, CONFIG_MAPS, config_map("a"))
    one.post(f"{OURS}/faults", json=spec)
    assert one.delete(f"{OURS}/faults").status_code == 204
    assert answered_list(one.get(f"{OURS}/faults")) == []


def test_requests_are_on_record_where_they_were_made(one: httpx.Client, two: httpx.Client) -> None:
    made(one, CONFIG_MAPS, config_map("a", {"colour": "red"}))
    two.get(PODS)
    asked = {"resource": "cm", "verb": ["create", "update"], "body": json.dumps({"data": {"colour": "red"}})}
    (request,) = answered_list(one.get(f"{OURS}/requests", params=asked))
    assert (request["verb"], request["status"], request["userAgent"]) == (
        "create",
        201,
        f"python-httpx/{httpx.__version__}",
    )
    assert [each["verb"] for each in answered_list(two.get(f"{OURS}/requests"))] == ["list"]
    assert len(answered(one.get(f"{OURS}/requests.har"))["log"]["entries"]) == 1
    assert one.delete(f"{OURS}/requests").status_code == 204
    assert answered_list(one.get(f"{OURS}/requests")) == []


def test_a_snapshot_of_one_cluster_is_restored_in_another(one: httpx.Client, two: httpx.Client) -> None:
    made(one, CONFIG_MAPS, config_map("kept"))
    snapshot = one.get(f"{OURS}/snapshot")
    assert snapshot.headers["content-disposition"] == f'attachment; filename="{name_of(one)}.snapshot"'
    assert two.put(f"{OURS}/snapshot", content=snapshot.content).status_code == 204
    assert names(answered(two.get(CONFIG_MAPS))) == ["kept"]
    refused(two.put(f"{OURS}/snapshot", content=b"nonsense"), 400, "BadRequest")


MANIFESTS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: loaded, namespace: shop}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: listed}}
- {apiVersion: example.com/v1, kind: Widget, metadata: {name: unknown}}
"""


def test_manifests_are_loaded_whole_or_not_at_all(one: httpx.Client) -> None:
    loaded = answered(one.post(f"{OURS}/load", content=MANIFESTS))
    assert loaded == {
        "created": ["Namespace shop", "ConfigMap shop/loaded", "ConfigMap listed"],
        "changed": [],
        "skipped": ["Widget unknown (example.com/v1 is not served with that kind)"],
        "notes": [],
    }
    refused(one.post(f"{OURS}/load", content="metadata: ["), 400, "BadRequest")
    answer = one.post(
        f"{OURS}/load", content=MANIFESTS.replace("name: loaded", "name: Loaded").replace("listed", "other")
    )
    (cause,) = refused(answer, 422, "Invalid")["causes"]
    assert cause["message"].startswith("manifests:1: ConfigMap shop/Loaded: ")
    assert names(answered(one.get(CONFIG_MAPS))) == ["listed"]
    refused(one.post(f"{OURS}/load", content=b"\xff"), 400, "BadRequest")


def test_the_dump_of_a_cluster_takes_the_place_of_another(one: httpx.Client, two: httpx.Client) -> None:
    uid = made(one, CONFIG_MAPS, config_map("dumped"))["metadata"]["uid"]
    items = [item | {"apiVersion": "v1", "kind": "ConfigMap"} for item in answered(one.get(CONFIG_MAPS))["items"]]
    with watching(two, PODS) as events:
        loaded = answered(two.post(f"{OURS}/load", json={"apiVersion": "v1", "kind": "List", "items": items}))
        assert list(events) == []
    assert loaded["created"] == ["ConfigMap default/dumped"]
    assert answered(two.get(f"{CONFIG_MAPS}/dumped"))["metadata"]["uid"] == uid


def test_who_has_a_token_is_named_in_histories_and_on_record(one: httpx.Client) -> None:
    jane = answered(one.post(f"{OURS}/users", json={"name": "jane", "groups": ["team"]}), 201)
    assert answered_list(one.get(f"{OURS}/users")) == [jane]
    for name, token in (("hers", jane["token"]), ("nobodys", "unknown")):
        body, headers = config_map(name), {"authorization": f"Bearer {token}"}
        assert one.post(CONFIG_MAPS, json=body, headers=headers).status_code == 201
    recorded = answered_list(one.get(f"{OURS}/requests", params={"verb": "create"}))
    assert [each["user"] for each in recorded] == ["jane", ""]
    asked = {"resource": "configmap", "namespace": "default"}
    authors = [
        answered_list(one.get(f"{OURS}/history", params={**asked, "name": name}))[0]["author"]
        for name in ("hers", "nobodys")
    ]
    assert authors == ["jane (python-httpx)", "python-httpx"]


def test_the_past_is_told(one: httpx.Client) -> None:
    created = made(one, CONFIG_MAPS, config_map("a", {"colour": "red"}))
    patch = {"data": {"colour": "blue"}}
    one.patch(f"{CONFIG_MAPS}/a", json=patch, headers={"content-type": "application/merge-patch+json"})
    asked = {"resource": "cm", "name": "a"}
    first, second = answered_list(one.get(f"{OURS}/history", params=asked))
    assert (first["type"], second["type"]) == ("ADDED", "MODIFIED")
    assert {"path": "data.colour", "before": "red", "after": "blue"} in second["changes"]
    then = answered(one.get(f"{OURS}/past", params={**asked, "revision": created["metadata"]["resourceVersion"]}))
    assert then["data"] == {"colour": "red"}


@pytest.mark.parametrize(
    ("asked", "server"),
    [
        ("", "{url}"),
        ("?server=http://localhost:49153", "http://localhost:49153{path}"),
        ("?server=https://k8s.example:8443/", "https://k8s.example:8443{path}"),
    ],
)
def test_a_kubeconfig_has_the_url_that_its_reader_uses(one: httpx.Client, asked: str, server: str) -> None:
    answer = one.get(
        f"{OURS}/kubeconfig{asked}", headers={"x-forwarded-host": "elsewhere", "x-forwarded-proto": "https"}
    )
    path = one.base_url.path.rstrip("/")
    expected = server.format(url=str(one.base_url).rstrip("/"), path=path)
    assert answer.headers["content-type"] == "application/yaml"
    assert f"server: {expected}\n" in answer.text
    assert f"current-context: fauxkube-{name_of(one)}\n" in answer.text


def test_a_kubeconfig_follows_the_name_that_the_server_was_called_by(shared_http: httpx.Client) -> None:
    answer = shared_http.get(f"{OURS}/kubeconfig", headers={"host": "k8s.test:1234"})
    assert "server: http://k8s.test:1234\n" in answer.text


def test_documents_name_paths_below_the_clusters_root(one: httpx.Client) -> None:
    root = one.base_url.path.rstrip("/")
    listed = answered(one.get("/openapi/v3"))["paths"]["apis/apps/v1"]["serverRelativeURL"]
    assert listed.startswith(f"{root}/openapi/v3/apis/apps/v1?hash=")
    stale = one.get("/openapi/v3/apis/apps/v1?hash=STALE")
    assert (stale.status_code, stale.headers["location"]) == (301, listed)
    assert f"url: '{root}{OURS}/openapi.json'" in one.get("/docs").text
    assert answered(one.get(f"{OURS}/openapi.json"))["servers"] == [{"url": "../.."}]
    assert one.get("/readyz").text == "ok"
    assert answered(one.get("/version"))["major"] == "1"


def test_our_own_endpoints_are_a_reference(shared_http: httpx.Client) -> None:
    document = answered(shared_http.get(f"{OURS}/openapi.json"))
    below = {path.removeprefix(OURS) for path in document["paths"]}
    assert below >= {
        *("/info", "/ipam", "/settle", "/clock", "/clock/advance", "/clock/freeze", "/clock/run", "/faults", "/users"),
        *("/requests", "/requests.har", "/findings", "/snapshot", "/history", "/past", "/logs", "/kubeconfig"),
        *("/clusters", "/clusters/{name}", "/clusters/{name}/reset"),
    }
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert [each["operationId"] for each in operations if not each.get("description")] == []
    assert all("4XX" in each["responses"] for each in operations)
