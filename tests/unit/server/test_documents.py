"""Discovery, health, OpenAPI, `/version`, the index, and our own endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.server.version import version_info
from unit.server.fake_cluster import FakeCluster

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def test_the_version_is_the_one_asked_for(cluster: FakeCluster) -> None:
    version = cluster.call("GET", "/version").json
    assert (version["major"], version["minor"], version["gitVersion"]) == ("1", "36", "v1.36.0")
    assert version_info("1.32.7")["gitVersion"] == "v1.32.7"


def test_the_index_names_the_paths(cluster: FakeCluster) -> None:
    paths = cluster.call("GET", "/").json["paths"]
    assert paths == sorted(paths)
    assert {"/api/v1", "/apis/apps/v1", "/openapi/v3", "/readyz", "/version"} <= set(paths)


def test_the_legacy_documents_name_groups_and_resources(cluster: FakeCluster) -> None:
    assert cluster.call("GET", "/api").json == {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:8001"}],
    }
    (group,) = cluster.call("GET", "/apis").json["groups"]
    assert group["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    assert cluster.call("GET", "/apis/apps/").json["name"] == "apps"
    assert cluster.call("GET", "/apis/apps/v1").json["groupVersion"] == "apps/v1"


def test_a_resource_is_listed_with_its_subresources(cluster: FakeCluster) -> None:
    resources = {each["name"]: each for each in cluster.call("GET", "/api/v1").json["resources"]}
    assert resources["configmaps"] == {
        "name": "configmaps",
        "singularName": "configmap",
        "namespaced": True,
        "kind": "ConfigMap",
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": ["cm"],
        "storageVersionHash": "qFsyl6wFWjQ=",
    }
    assert resources["pods/binding"]["kind"] == "Binding"
    assert "group" not in resources["pods/binding"]
    eviction = resources["pods/eviction"]
    assert (eviction["group"], eviction["version"], eviction["kind"]) == ("policy", "v1", "Eviction")
    assert resources["pods/status"]["verbs"] == ["get", "patch", "update"]


@pytest.mark.parametrize(("path", "group"), [("/api", {}), ("/apis", {"name": "apps"})])
@pytest.mark.parametrize("version", ["v2", "v2beta1"])
def test_discovery_is_aggregated_for_those_who_ask(
    cluster: FakeCluster, path: str, group: dict[str, str], version: str
) -> None:
    accept = AGGREGATED.format(version)
    answer = cluster.call("GET", path, headers={"accept": accept})
    assert answer.json["apiVersion"] == f"apidiscovery.k8s.io/{version}"
    assert [item["metadata"] for item in answer.json["items"]] == [group]
    assert answer.header("content-type") == accept
    again = cluster.call("GET", path, headers={"accept": accept, "if-none-match": answer.header("etag")})
    assert (again.status, again.body) == (304, b"")


def test_an_aggregated_resource_has_its_scope_kind_and_subresources(cluster: FakeCluster) -> None:
    (group,) = cluster.call("GET", "/api", headers={"accept": AGGREGATED.format("v2")}).json["items"]
    resources = {each["resource"]: each for each in group["versions"][0]["resources"]}
    assert resources["nodes"]["scope"] == "Cluster"
    assert resources["pods"]["shortNames"] == ["po"]
    assert resources["pods"]["categories"] == ["all"]
    eviction = next(each for each in resources["pods"]["subresources"] if each["subresource"] == "eviction")
    assert eviction["responseKind"] == {"group": "policy", "version": "v1", "kind": "Eviction"}


@pytest.mark.parametrize("endpoint", ["healthz", "livez", "readyz"])
def test_health_is_told_in_short_at_length_and_check_by_check(cluster: FakeCluster, endpoint: str) -> None:
    assert cluster.call("GET", f"/{endpoint}").body == b"ok"
    verbose = cluster.call("GET", f"/{endpoint}?verbose").body.decode()
    assert verbose == f"[+]ping ok\n[+]log ok\n[+]etcd ok\n{endpoint} check passed\n"
    assert cluster.call("GET", f"/{endpoint}/etcd").body == b"ok"
    assert cluster.call("GET", f"/{endpoint}/nonsense").status == 404


def test_a_failing_check_fails_the_whole_and_keeps_its_reason(cluster: FakeCluster) -> None:
    cluster.inspection.healthy = False
    answer = cluster.call("GET", "/readyz")
    expected = b"[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"
    assert (answer.status, answer.body) == (500, expected)
    assert cluster.call("GET", "/readyz/etcd").status == 500


def test_a_check_can_be_excluded_and_one_that_is_not_there_is_warned_of(cluster: FakeCluster) -> None:
    cluster.inspection.healthy = False
    answer = cluster.call("GET", "/livez?verbose&exclude=etcd&exclude=nonsense")
    assert answer.status == 200
    assert answer.body.decode() == (
        "[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n"
        'warn: some health checks cannot be excluded: no matches for "nonsense"\nlivez check passed\n'
    )


def test_the_openapi_index_names_documents_that_may_be_kept_for_good(cluster: FakeCluster) -> None:
    paths = cluster.call("GET", "/openapi/v3").json["paths"]
    assert sorted(paths) == ["api/v1", "apis/apps/v1"]
    url = paths["apis/apps/v1"]["serverRelativeURL"]
    answer = cluster.call("GET", url)
    assert answer.header("cache-control") == "public, immutable"
    assert cluster.call("GET", url, headers={"if-none-match": answer.header("etag")}).status == 304
    moved = cluster.call("GET", "/openapi/v3/apis/apps/v1?hash=OLD")
    assert (moved.status, moved.header("location")) == (301, url)


def test_a_patch_is_described_as_kubectl_looks_for_it(cluster: FakeCluster) -> None:
    document = cluster.call("GET", "/openapi/v3/api/v1").json
    patch = document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "", "version": "v1", "kind": "Pod"}
    assert patch["x-kubernetes-action"] == "patch"
    assert {"dryRun", "fieldManager", "fieldValidation"} <= {each["name"] for each in patch["parameters"]}
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]


def test_schemas_are_whole_and_speak_openapi(cluster: FakeCluster) -> None:
    schemas = cluster.call("GET", "/openapi/v3/api/v1").json["components"]["schemas"]
    referred = set(_references(schemas, "#/components/schemas/"))
    assert referred <= schemas.keys()
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert schemas["io.k8s.api.core.v1.Pod"]["type"] == "object"
    assert "enum" not in schemas["io.k8s.api.core.v1.Pod"]["properties"]["kind"]
    assert schemas["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]["format"] == "int-or-string"
    assert schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["nodeName"]["type"] == "string"


def test_openapi_v2_covers_every_group(cluster: FakeCluster) -> None:
    document = cluster.call("GET", "/openapi/v2").json
    assert document["swagger"] == "2.0"
    assert {"/api/v1/pods", "/apis/apps/v1/deployments"} <= document["paths"].keys()
    assert set(_references(document["definitions"], "#/definitions/")) <= document["definitions"].keys()


@pytest.mark.parametrize("path", ["/openapi/v3", "/openapi/v3/api/v1"])
def test_openapi_v3_is_not_served_as_protobuf(cluster: FakeCluster, path: str) -> None:
    protobuf = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"
    assert cluster.call("GET", path, headers={"accept": protobuf}).status == 406
    assert cluster.call("GET", path, headers={"accept": f"{protobuf}, */*"}).status == 200


@pytest.mark.parametrize("separator", [".", "@"])
def test_openapi_v2_is_served_as_protobuf_under_its_old_name_too(cluster: FakeCluster, separator: str) -> None:
    accept = f"application/com.github.proto-openapi.spec.v2{separator}v1.0+protobuf"
    answer = cluster.call("GET", "/openapi/v2", headers={"accept": accept})
    assert answer.status == 200
    assert answer.header("content-type") == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    assert answer.body.startswith(b"\x0a\x032.0")


def test_there_is_no_openapi_document_of_an_unknown_group(cluster: FakeCluster) -> None:
    assert cluster.call("GET", "/openapi/v3/apis/nope/v1").status == 404


def _references(value: Any, prefix: str) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"].removeprefix(prefix)] if isinstance(value.get("$ref"), str) else []
        return own + [each for inner in value.values() for each in _references(inner, prefix)]
    if isinstance(value, list):
        return [each for inner in value for each in _references(inner, prefix)]
    return []
