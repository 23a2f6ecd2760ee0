"""Who changed what, and what was, over HTTP and from the command line."""

from __future__ import annotations

import json

import httpx
import pytest
from typer.testing import CliRunner

from fauxkube.cli import app

SETTLE = "/fauxkube/v1/settle"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
AGENT = {"User-Agent": "kubectl/v1.36.0 (linux/amd64) kubernetes/0000000"}


def pod(name: str) -> dict[str, object]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}


def started(http: httpx.Client, name: str) -> int:
    """A pod that runs; the revision of its creation."""
    made = http.post(f"{PODS}?fieldManager=kubectl-create", json=pod(name), headers=AGENT)
    assert made.status_code == 201
    http.post(SETTLE).raise_for_status()
    return int(made.json()["metadata"]["resourceVersion"])


def past(http: httpx.Client, **params: object) -> httpx.Response:
    return http.get("/fauxkube/v1/past", params={name: str(value) for name, value in params.items()})


def run(server: str, *args: str) -> str:
    result = CliRunner().invoke(app, ["history", *args, "--server", server], env={"NO_COLOR": "1"})
    assert result.exit_code == 0, result.output
    return result.output


def test_a_pods_history_tells_of_everybody_who_worked_on_it(shared_http: httpx.Client) -> None:
    created = started(shared_http, "worked-on")
    http = shared_http
    patch = {"spec": {"containers": [{"name": "web", "image": "web:2"}]}}
    kind = {"Content-Type": "application/strategic-merge-patch+json"}
    http.patch(f"{PODS}/worked-on", content=json.dumps(patch), headers=AGENT | kind).raise_for_status()
    http.delete(f"{PODS}/worked-on", headers=AGENT).raise_for_status()
    http.post(SETTLE).raise_for_status()
    told = http.get("/fauxkube/v1/history", params={"resource": "po", "name": "worked-on"}).json()
    assert (told[0]["revision"], told[0]["type"], told[0]["author"]) == (created, "ADDED", "kubectl-create")
    by_path = {field["path"]: (each["author"], field) for each in reversed(told) for field in each["changes"]}
    image = {"path": "spec.containers[name=web].image", "before": "web:1", "after": "web:2"}
    assert by_path["spec.containers[name=web].image"] == ("kubectl", image)
    assert by_path["spec.nodeName"][0] == "kube-scheduler"
    assert by_path["status.phase"][0] == "kubelet"
    assert by_path["metadata.deletionTimestamp"][0] == "kubectl"
    assert (told[-1]["type"], told[-1]["author"]) == ("DELETED", "kubelet")


def test_an_object_and_a_list_are_read_as_they_were(shared_http: httpx.Client) -> None:
    made = shared_http.post(CONFIG_MAPS, json={"metadata": {"name": "was"}, "data": {"a": "1"}}).json()
    revision = made["metadata"]["resourceVersion"]
    shared_http.put(f"{CONFIG_MAPS}/was", json={"metadata": {"name": "was"}, "data": {"a": "2"}}).raise_for_status()
    shared_http.delete(f"{CONFIG_MAPS}/was").raise_for_status()
    assert past(shared_http, resource="configmap", name="was", revision=revision).json() == made
    listed = past(shared_http, resource="cm", namespace="default", revision=revision).json()
    assert (listed["kind"], listed["metadata"]["resourceVersion"]) == ("ConfigMapList", revision)
    assert made in listed["items"]


@pytest.mark.parametrize(
    ("params", "code", "reason"),
    [
        ({"resource": "pods", "revision": 10**9}, 504, "Timeout"),
        ({"resource": "pods", "revision": 0}, 422, "Invalid"),
        ({"resource": "nonsense", "revision": 1}, 404, "NotFound"),
        ({"resource": "pods", "name": "none", "revision": 1}, 404, "NotFound"),
    ],
)
def test_what_is_not_held_is_refused_by_a_status(
    shared_http: httpx.Client, params: dict[str, object], code: int, reason: str
) -> None:
    answer = past(shared_http, **params)
    assert (answer.status_code, answer.json()["reason"]) == (code, reason)


def test_the_command_prints_a_history_to_be_read(shared_http: httpx.Client, shared_server: str) -> None:
    created = started(shared_http, "printed")
    first, *rest = run(shared_server, "pod/printed").splitlines()
    assert first.split() == [str(created), "0s", "added", "by", "kubectl-create"]
    assert any(line.startswith("    + spec.nodeName: node-") for line in rest)
    assert "    ~ status.phase: Pending -> Running" in rest


def test_the_command_prints_json(shared_http: httpx.Client, shared_server: str) -> None:
    started(shared_http, "as-json")
    asked = {"resource": "pods", "name": "as-json", "namespace": "default"}
    printed = json.loads(run(shared_server, "pod", "as-json", "-n", "default", "-o", "json"))
    assert printed == shared_http.get("/fauxkube/v1/history", params=asked).json()


def test_the_command_says_what_the_server_says_of_a_mistake(shared_server: str) -> None:
    result = CliRunner().invoke(app, ["history", "pod/none", "--server", shared_server])
    assert result.exit_code == 1
    assert 'fauxkube: pods "none" not found' in result.output


def test_a_user_who_is_known_is_named(shared_http: httpx.Client) -> None:
    added = shared_http.post("/fauxkube/v1/users", json={"name": "jane"}).raise_for_status()
    bearer = {"Authorization": f"Bearer {added.json()['token']}"}
    made = shared_http.post(f"{CONFIG_MAPS}?fieldManager=editor", json={"metadata": {"name": "janes"}}, headers=bearer)
    assert made.status_code == 201
    (told,) = shared_http.get("/fauxkube/v1/history", params={"resource": "cm", "name": "janes"}).json()
    assert told["author"] == "jane (editor)"
