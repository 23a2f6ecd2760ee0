"""curl, and plain streaming over HTTP: what a user can do who has neither kubectl nor a client library."""

from __future__ import annotations

import ipaddress
import json
import textwrap
from pathlib import Path

import httpx
import pytest
import yaml

from support.curl import Curl
from support.waiting import until

JSON = ("--header", "Content-Type: application/json")
YAML = ("--header", "Content-Type: application/yaml")
MERGE_PATCH = ("--header", "Content-Type: application/merge-patch+json")

POD = textwrap.dedent(
    """\
    apiVersion: v1
    kind: Pod
    metadata:
      name: web
      labels: {app: web}
    spec:
      containers:
      - name: nginx
        image: nginx
        ports: [{containerPort: 80}]
    """
)
SERVICE = textwrap.dedent(
    """\
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    """
)


@pytest.fixture
def curl(shared_server: str) -> Curl:
    return Curl(shared_server)


@pytest.fixture
def base(namespace: str) -> str:
    """The path of the test's own namespace."""
    return f"/api/v1/namespaces/{namespace}"


def settings(**data: str) -> str:
    return json.dumps({"metadata": {"name": "settings"}, "data": data})


def test_a_session_from_the_first_look_to_a_services_backend(curl: Curl, base: str, tmp_path: Path) -> None:
    assert curl("/readyz").body == "ok"
    assert curl("/version").json["gitVersion"].startswith("v1.")
    assert [node["metadata"]["name"] for node in curl("/api/v1/nodes").json["items"]] == ["node-1", "node-2", "node-3"]

    manifest = tmp_path / "pod.yaml"
    manifest.write_text(POD)
    assert curl(f"{base}/pods", *YAML, "--data-binary", f"@{manifest}").code == 201
    assert curl(f"{base}/services", *YAML, "--data-binary", "@-", stdin=SERVICE).code == 201

    until(lambda: curl(f"{base}/pods/web").json["status"]["phase"] == "Running")
    address = curl(f"{base}/pods/web/status").json["status"]["podIP"]
    assert ipaddress.ip_address(address) in ipaddress.ip_network("10.244.0.0/16")
    until(lambda: "subsets" in curl(f"{base}/endpoints/web").json)
    (subset,) = curl(f"{base}/endpoints/web").json["subsets"]
    assert [each["ip"] for each in subset["addresses"]] == [address]

    assert curl(f"{base}/pods/web", "--request", "DELETE").json["metadata"]["deletionTimestamp"]
    until(lambda: curl(f"{base}/pods/web").code == 404)
    until(lambda: "subsets" not in curl(f"{base}/endpoints/web").json)


def test_an_object_is_created_replaced_patched_and_deleted(curl: Curl, base: str) -> None:
    created = curl(f"{base}/configmaps", *JSON, "--data", settings(colour="red"))
    assert (created.code, created.content_type) == (201, "application/json")
    replaced = curl(f"{base}/configmaps/settings", *JSON, "--request", "PUT", "--data", settings(colour="blue"))
    assert (replaced.code, replaced.json["data"]) == (200, {"colour": "blue"})
    patch = ("--request", "PATCH", "--data", '{"data": {"size": "9"}}')
    assert curl(f"{base}/configmaps/settings", *MERGE_PATCH, *patch).json["data"] == {"colour": "blue", "size": "9"}
    deleted = curl(f"{base}/configmaps/settings", "--request", "DELETE")
    assert (deleted.code, deleted.json["status"]) == (200, "Success")
    assert curl(f"{base}/configmaps/settings").json["reason"] == "NotFound"


def test_a_body_of_unknown_length_is_read_to_its_end(curl: Curl, base: str) -> None:
    curl(f"{base}/configmaps", *JSON, "--data", settings())
    uploaded = curl(f"{base}/configmaps/settings", *JSON, "--upload-file", "-", stdin=settings(colour="red"))
    assert (uploaded.code, uploaded.json["data"]) == (200, {"colour": "red"})


def test_a_large_body_may_wait_to_be_asked_for(curl: Curl, base: str, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text(settings(large="x" * 1_000_000))
    asked = ("--header", "Expect: 100-continue", "--data-binary", f"@{body}", "--output", str(tmp_path / "answer"))
    assert curl(f"{base}/configmaps", *JSON, *asked).code == 201


def test_answers_come_as_yaml_when_asked_for(curl: Curl, base: str) -> None:
    curl(f"{base}/configmaps", *JSON, "--data", settings(colour="red"))
    answer = curl(f"{base}/configmaps/settings", "--header", "Accept: application/yaml")
    assert answer.content_type == "application/yaml"
    found = yaml.safe_load(answer.body)
    assert (found["kind"], found["data"]) == ("ConfigMap", {"colour": "red"})
    assert isinstance(found["metadata"]["resourceVersion"], str)
    assert isinstance(found["metadata"]["creationTimestamp"], str)


def test_answers_are_indented_for_a_reader_unless_told_not_to_be(curl: Curl, base: str) -> None:
    assert curl(f"{base}/configmaps").body.startswith('{\n  "kind": "ConfigMapList",\n  "apiVersion": "v1",\n')
    assert "\n" not in curl(f"{base}/configmaps?pretty=false").body.strip()


def test_large_answers_are_compressed_for_those_who_take_that(curl: Curl, base: str) -> None:
    curl(f"{base}/configmaps", *JSON, "--data", "@-", stdin=settings(large="x" * 200_000))
    headers = ("--compressed", "--include")
    answer = curl(f"{base}/configmaps/settings?pretty=false", *headers)
    head, _, body = answer.body.partition("\n\n")
    assert "content-encoding: gzip" in head.lower()
    assert len(json.loads(body)["data"]["large"]) == 200_000


def test_a_form_is_refused_with_what_would_be_taken(curl: Curl, base: str) -> None:
    refused = curl(f"{base}/configmaps", "--data", settings())
    assert (refused.code, refused.json["reason"]) == (415, "UnsupportedMediaType")
    assert "accepted media types include: application/json, application/yaml" in refused.json["message"]


def test_malformed_yaml_is_refused_with_where_it_breaks(curl: Curl, base: str) -> None:
    refused = curl(f"{base}/configmaps", *YAML, "--data-binary", "metadata:\n  name: [settings\n")
    assert (refused.code, refused.json["reason"]) == (400, "BadRequest")
    assert "line" in refused.json["message"]


def test_a_misspelt_field_is_warned_of_or_refused_as_asked(curl: Curl, base: str) -> None:
    body = json.dumps({"metadata": {"name": "settings"}, "dta": {}})
    warned = curl(f"{base}/configmaps?dryRun=All", *JSON, "--data", body, "--include")
    assert 'warning: 299 - "unknown field \\"dta\\""' in warned.body.lower()
    refused = curl(f"{base}/configmaps?fieldValidation=Strict", *JSON, "--data", body)
    assert refused.code == 400
    assert refused.json["message"].endswith('strict decoding error: unknown field "dta"')


def test_a_watch_is_followed_as_it_happens(curl: Curl, base: str) -> None:
    since = curl(f"{base}/pods").json["metadata"]["resourceVersion"]
    with curl.streaming(f"{base}/pods?watch=true&resourceVersion={since}") as events:
        curl(f"{base}/pods", *YAML, "--data-binary", POD)
        first = next(events)
        assert (first["type"], first["object"]["status"]["phase"]) == ("ADDED", "Pending")
        running = next(event for event in events if event["object"]["status"]["phase"] == "Running")
        assert running["type"] == "MODIFIED"
        curl(f"{base}/pods/web", "--request", "DELETE")
        assert next(event["type"] for event in events if event["type"] != "MODIFIED") == "DELETED"


def test_a_watch_ends_after_the_time_asked_for(curl: Curl, base: str) -> None:
    curl(f"{base}/configmaps", *JSON, "--data", settings())
    answer = curl(f"{base}/configmaps?watch=true&timeoutSeconds=1&fieldSelector=metadata.name=settings")
    (event,) = [json.loads(line) for line in answer.body.splitlines()]
    assert (answer.code, event["type"]) == (200, "ADDED")


def test_httpx_reads_a_watch_line_by_line(shared_server: str, base: str) -> None:
    with httpx.Client(base_url=shared_server, timeout=10) as client:
        path = f"{base}/configmaps"
        since = client.get(path).json()["metadata"]["resourceVersion"]
        with client.stream("GET", path, params={"watch": "1", "resourceVersion": since}) as stream:
            lines = stream.iter_lines()
            client.post(path, content=settings(colour="red"), headers={"Content-Type": "application/json"})
            event = json.loads(next(lines))
        assert (event["type"], event["object"]["data"]) == ("ADDED", {"colour": "red"})


def test_every_path_that_is_served_is_listed_at_the_root(curl: Curl) -> None:
    paths = curl("/").json["paths"]
    assert {"/api", "/api/v1", "/apis/apps/v1", "/openapi/v2", "/openapi/v3", "/readyz", "/version"} <= set(paths)
    assert {curl(path).code for path in paths} == {200}


def test_who_holds_which_address_is_told(curl: Curl, base: str, namespace: str) -> None:
    made = curl(f"{base}/services", *YAML, "--data-binary", SERVICE).json["spec"]["clusterIP"]
    pools = {pool["name"]: pool for pool in curl("/fauxkube/v1/ipam").json}
    assert pools["services/clusterips"]["range"] == "10.96.0.0/12"
    held = curl("/fauxkube/v1/ipam/services/clusterips").json
    assert {each["value"]: each["owner"] for each in held["allocations"]}[made] == f"services/{namespace}/web"
    assert held["used"] == len(held["allocations"])
    assert curl("/fauxkube/v1/ipam/nonsense").code == 404


def test_our_own_endpoints_are_documented(curl: Curl) -> None:
    assert "/fauxkube/v1/openapi.json" in curl("/docs").body
    assert "/fauxkube/v1/ipam/{name}" in curl("/fauxkube/v1/openapi.json").json["paths"]
