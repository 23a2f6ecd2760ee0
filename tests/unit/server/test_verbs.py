"""The verbs over HTTP: codes, forms and headers of their answers."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from fauxkube.machinery import status
from fauxkube.registry.options import DeleteOptions
from unit.server.fake_cluster import CONFIG_MAPS, ENDPOINTS, PODS, FakeCluster

PODS_PATH = "/api/v1/namespaces/default/pods"
WEB = f"{PODS_PATH}/web"
AS = "application/json;v=v1;g=meta.k8s.io;as="


@pytest.fixture
def cluster() -> FakeCluster:
    cluster = FakeCluster()
    cluster.pipelines.put(PODS, {"metadata": {"name": "web", "namespace": "default"}, "status": {"phase": "Running"}})
    return cluster


def test_get_answers_the_stored_bytes(cluster: FakeCluster) -> None:
    answer = cluster.call("GET", WEB)
    assert answer.status == 200
    assert answer.body.startswith(b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web"')
    assert answer.body.endswith(b"}\n")
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-cache, private"
    assert answer.header("content-length") == str(len(answer.body))


def test_every_answer_carries_an_audit_id_the_clients_own_if_it_sent_one(cluster: FakeCluster) -> None:
    first, second = cluster.call("GET", WEB), cluster.call("GET", "/nope")
    assert len({first.header("audit-id"), second.header("audit-id")}) == 2
    assert cluster.call("GET", WEB, headers={"Audit-ID": "mine"}).header("audit-id") == "mine"


@pytest.mark.parametrize(
    ("query", "agent", "indented"),
    [
        ("", "kubectl/1.36", False),
        ("", "curl/8.5.0", True),
        ("?pretty=true", "x", True),
        ("?pretty=0", "curl/8", False),
    ],
)
def test_json_is_indented_for_people(cluster: FakeCluster, query: str, agent: str, indented: bool) -> None:
    answer = cluster.call("GET", WEB + query, headers={"user-agent": agent})
    assert answer.body.startswith(b'{\n  "kind": "Pod"') == indented


def test_yaml_is_served_to_those_who_accept_it(cluster: FakeCluster) -> None:
    answer = cluster.call("GET", WEB, headers={"accept": "application/yaml"})
    assert answer.header("content-type") == "application/yaml"
    assert answer.body.startswith(b"apiVersion: v1\nkind: Pod\n")


def test_a_lists_items_go_without_their_kind(cluster: FakeCluster) -> None:
    answer = cluster.call("GET", PODS_PATH)
    assert answer.json["kind"] == "PodList"
    assert answer.json["metadata"] == {"resourceVersion": "2"}
    assert [sorted(item) for item in answer.json["items"]] == [["metadata", "status"]]


def test_an_empty_list_has_empty_items(cluster: FakeCluster) -> None:
    assert cluster.call("GET", "/api/v1/nodes").json["items"] == []


def test_a_table_has_the_kinds_columns_and_the_objects_metadata(cluster: FakeCluster) -> None:
    table = cluster.call("GET", PODS_PATH, headers={"accept": f"{AS}Table"}).json
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Status", "Age"]
    assert table["rows"][0]["cells"] == ["web", "Running", "5s"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert table["metadata"] == {"resourceVersion": "2"}


@pytest.mark.parametrize(
    ("include", "kind"), [("Object", "Pod"), ("Metadata", "PartialObjectMetadata"), ("None", None)]
)
def test_a_tables_rows_include_what_is_asked_for(cluster: FakeCluster, include: str, kind: str | None) -> None:
    answer = cluster.call("GET", f"{WEB}?includeObject={include}", headers={"accept": f"{AS}Table"})
    assert answer.json["rows"][0].get("object", {}).get("kind") == kind


def test_a_table_cannot_include_anything_else(cluster: FakeCluster) -> None:
    answer = cluster.call("GET", f"{PODS_PATH}?includeObject=All", headers={"accept": f"{AS}Table"})
    assert answer.status == 400
    assert answer.json["message"] == (
        "Unable to convert to Table as requested: includeObject: Invalid value: \"All\": must be 'Metadata', 'Object', "
        "'None', or empty"
    )


@pytest.mark.parametrize(
    ("path", "form", "kind"),
    [(WEB, "PartialObjectMetadata", "PartialObjectMetadata"), (PODS_PATH, *["PartialObjectMetadataList"] * 2)],
)
def test_metadata_alone_is_served(cluster: FakeCluster, path: str, form: str, kind: str) -> None:
    answer = cluster.call("GET", path, headers={"accept": AS + form})
    assert (answer.json["kind"], answer.json["apiVersion"]) == (kind, "meta.k8s.io/v1")
    assert "status" not in (answer.json.get("items") or [answer.json])[0]


@pytest.mark.parametrize(("path", "form"), [(PODS_PATH, "PartialObjectMetadata"), (WEB, "PartialObjectMetadataList")])
def test_a_list_is_no_object_and_an_object_no_list(cluster: FakeCluster, path: str, form: str) -> None:
    answer = cluster.call("GET", path, headers={"accept": AS + form})
    assert answer.status == 406
    assert answer.json["message"].startswith(f"you requested {form}, but the requested object is ")


def test_create_answers_201_and_warns(cluster: FakeCluster) -> None:
    cluster.pipelines.warnings = ['unknown field "spec.foo"', "one\ntwo", 'unknown field "spec.foo"']
    answer = cluster.call("POST", PODS_PATH, {"metadata": {"name": "other"}})
    assert answer.status == 201
    warnings = [value for name, value in answer.headers if name == b"warning"]
    assert warnings == [b'299 - "unknown field \\"spec.foo\\""', b'299 - "onetwo"']


def test_a_flood_of_warnings_is_cut_short(cluster: FakeCluster) -> None:
    cluster.pipelines.warnings = [f"{number}{'x' * 999}" for number in range(9)]
    answer = cluster.call("POST", PODS_PATH, {"metadata": {"name": "other"}})
    assert {len(value) for name, value in answer.headers if name == b"warning"} == {len('299 - "..."') + 256}


def test_a_deprecated_resource_is_warned_of_even_where_it_fails(cluster: FakeCluster) -> None:
    path = f"/api/v1/namespaces/default/{ENDPOINTS.plural}"
    assert cluster.call("GET", path).header("warning") == '299 - "use \\"EndpointSlice\\" instead"'
    assert cluster.call("GET", f"{path}/none").header("warning") == '299 - "use \\"EndpointSlice\\" instead"'


def test_a_subresource_is_posted_to(cluster: FakeCluster) -> None:
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"}, "target": {"name": "node-1"}}
    answer = cluster.call("POST", f"{WEB}/binding", body)
    assert (answer.status, answer.json["status"]) == (201, "Success")


def test_a_subresource_takes_its_own_kind(cluster: FakeCluster) -> None:
    answer = cluster.call("POST", f"{WEB}/eviction", {"apiVersion": "v1", "kind": "Pod"})
    assert answer.json["message"].startswith('Pod in version "v1" cannot be handled as a Eviction: ')


def test_update_answers_200(cluster: FakeCluster) -> None:
    assert cluster.call("PUT", WEB, {"metadata": {"name": "web", "namespace": "default"}}).status == 200


def test_delete_answers_the_object_for_kinds_that_return_it(cluster: FakeCluster) -> None:
    answer = cluster.call("DELETE", WEB, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
    assert (answer.status, answer.json["kind"]) == (200, "Pod")
    assert cluster.pipelines.calls[-1] == DeleteOptions(grace_period_seconds=0)


def test_delete_answers_a_status_for_the_others(cluster: FakeCluster) -> None:
    cluster.pipelines.put(CONFIG_MAPS, {"metadata": {"name": "c", "namespace": "default"}})
    answer = cluster.call("DELETE", "/api/v1/namespaces/default/configmaps/c")
    assert answer.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "c", "kind": "configmaps", "uid": "uid-3"},
    }


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", 200),
        ("?propagationPolicy=Background", 200),
        ("?propagationPolicy=Foreground", 202),
        ("?orphanDependents=false", 202),
        ("?orphanDependents=true", 200),
    ],
)
def test_a_deletion_that_is_waited_for_answers_202(cluster: FakeCluster, query: str, code: int) -> None:
    cluster.pipelines.put(CONFIG_MAPS, {"metadata": {"name": "c", "namespace": "default", "finalizers": ["x/y"]}})
    answer = cluster.call("DELETE", f"/api/v1/namespaces/default/configmaps/c{query}")
    assert (answer.status, answer.json["kind"]) == (code, "ConfigMap")


def test_a_collections_deletion_answers_the_list(cluster: FakeCluster) -> None:
    assert cluster.call("DELETE", PODS_PATH).json["kind"] == "PodList"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", WEB),
        ("PUT", PODS_PATH),
        ("POST", "/api/v1/pods"),
        ("DELETE", "/api/v1/pods"),
        ("DELETE", f"{WEB}/status"),
        ("GET", f"{WEB}/binding"),
        ("OPTIONS", PODS_PATH),
        ("HEAD", WEB),
        ("POST", "/api/v1/watch/pods"),
        ("POST", "/version"),
        ("POST", "/apis"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_not_allowed(cluster: FakeCluster, method: str, path: str) -> None:
    answer = cluster.call(method, path)
    assert answer.status == 405
    if method != "HEAD":
        assert answer.json["message"] == "the server does not allow this method on the requested resource"


def test_a_failure_is_answered_with_its_status_in_the_accepted_form(cluster: FakeCluster) -> None:
    answer = cluster.call("GET", f"{PODS_PATH}/none", headers={"accept": "application/yaml"})
    assert answer.status == 404
    assert b'message: pods "none" not found\n' in answer.body
    assert cluster.call("GET", f"{PODS_PATH}/none", headers={"accept": "text/html"}).json["code"] == 406


def test_a_failure_says_when_to_come_back(cluster: FakeCluster) -> None:
    cluster.pipelines.failure = status.too_large_resource_version(9, 1)
    answer = cluster.call("GET", WEB)
    assert (answer.status, answer.header("retry-after")) == (504, "1")


def test_a_fault_is_logged_and_not_told(cluster: FakeCluster, caplog: pytest.LogCaptureFixture) -> None:
    cluster.pipelines.failure = RuntimeError("the secret")
    answer = cluster.call("GET", WEB)
    assert (answer.status, answer.json["reason"]) == (500, "InternalError")
    assert b"secret" not in answer.body
    assert "the secret" in caplog.text


@pytest.mark.parametrize(
    ("path", "body"),
    [("/nope", b"404 page not found\n"), ("/apis/nope/v1/pods", b"404 page not found\n")],
)
def test_a_path_outside_the_api_is_answered_in_text(cluster: FakeCluster, path: str, body: bytes) -> None:
    answer = cluster.call("GET", path)
    assert (answer.status, answer.body) == (404, body)


@pytest.mark.parametrize(
    ("size", "accepts", "gzipped"), [(200_000, True, True), (1_000, True, False), (200_000, False, False)]
)
def test_a_large_body_is_gzipped_for_those_who_accept_it(
    cluster: FakeCluster, size: int, accepts: bool, gzipped: bool
) -> None:
    cluster.pipelines.put(PODS, {"metadata": {"name": "big", "namespace": "default"}, "data": "x" * size})
    headers = {"accept-encoding": "deflate, gzip;q=0.9"} if accepts else {}
    answer: Any = cluster.call("GET", f"{PODS_PATH}/big", headers=headers)
    assert (answer.header("content-encoding") == "gzip") == gzipped
    body = gzip.decompress(answer.body) if gzipped else answer.body
    assert len(body) > size
