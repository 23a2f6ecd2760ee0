"""What a test in any language does with nothing but HTTP: a cluster of its own, faults, time, what was asked of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.curl import Curl
from support.kubectl import Kubectl
from support.thread import served_cluster

POD = "/api/v1/namespaces/default/pods"


@pytest.fixture
def server() -> Iterator[str]:
    with served_cluster() as url:
        yield url


def test_a_whole_test_with_curl_alone(server: str, tmp_path: Path) -> None:
    curl = Curl(server)
    made = curl("/fauxkube/v1/clusters", "--json", '{"name": "shop", "overrides": {"clock_rate": 0}}')
    assert (made.code, made.json["url"]) == (201, f"{server}/clusters/shop")
    shop = Curl(made.json["url"])

    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(shop("/fauxkube/v1/kubeconfig").body)
    kubectl = Kubectl(36, made.json["url"], tmp_path)
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=2")

    settled = shop("/fauxkube/v1/settle", "--request", "POST").json
    assert settled["revision"] > made.json["revision"]
    assert {each["status"]["phase"] for each in shop(POD).json["items"]} == {"Running"}

    fault = shop("/fauxkube/v1/faults", "--json", '{"kind": "node", "match": {"name": "*"}, "effect": "down"}').json
    assert shop(f"/fauxkube/v1/faults/{fault['id']}").json["state"] == "active"
    shop("/fauxkube/v1/clock/advance", "--json", '{"seconds": 120}')
    assert {_ready(each) for each in shop("/api/v1/nodes").json["items"]} == {"Unknown"}
    assert shop(f"/fauxkube/v1/faults/{fault['id']}", "--request", "DELETE").code == 204
    shop("/fauxkube/v1/clock/advance", "--json", '{"seconds": 60}')
    assert {_ready(each) for each in shop("/api/v1/nodes").json["items"]} == {"True"}

    requests = shop("/fauxkube/v1/requests?verb=create&resource=deployments").json
    assert [each["body"]["spec"]["replicas"] for each in requests] == [2]
    archive = shop("/fauxkube/v1/requests.har").json["log"]
    assert archive["entries"][0]["request"]["url"].startswith("http://127.0.0.1")
    assert curl("/fauxkube/v1/clusters/shop/reset", "--request", "POST").code == 200
    assert shop(POD).json["items"] == []
    assert curl("/fauxkube/v1/clusters/shop", "--request", "DELETE").code == 204
    assert shop(POD).code == 404


def test_a_cluster_is_carried_over_in_a_file(server: str, tmp_path: Path) -> None:
    curl, file = Curl(server), tmp_path / "kept.snapshot"
    curl("/api/v1/namespaces/default/configmaps", "--json", json.dumps({"metadata": {"name": "kept"}}))
    curl("/fauxkube/v1/snapshot", "--output", str(file))
    curl("/fauxkube/v1/clusters", "--json", '{"name": "copy"}')
    assert curl("/clusters/copy/fauxkube/v1/snapshot", "--upload-file", str(file)).code == 204
    assert curl("/clusters/copy/api/v1/namespaces/default/configmaps/kept").code == 200
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: loaded}\n")
    loaded = curl("/clusters/copy/fauxkube/v1/load", "--data-binary", f"@{manifest}")
    assert loaded.json["created"] == ["ConfigMap loaded"]


def _ready(node: dict[str, dict[str, list[dict[str, str]]]]) -> str:
    return next(each["status"] for each in node["status"]["conditions"] if each["type"] == "Ready")
