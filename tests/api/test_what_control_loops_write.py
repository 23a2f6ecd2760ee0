"""Control loops write past the decoder: what they write has to be what the decoder would have made of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object, copy_of
from fauxkube.machinery.schema import Schemas, decode
from support.api import DEFAULT, DEPLOYMENTS, MERGE_PATCH, NAMESPACES, NODES, PODS, SERVICES, deployment, pod, service
from support.waiting import until

SCHEMAS = Schemas()
STORED = [resource for resource in default_catalogue().resources if "watch" in resource.verbs]


@pytest.fixture(scope="module")
def history(shared_http: httpx.Client) -> dict[str, list[Object]]:
    """Every state of every object by kind, while workloads, services, a node and a namespace came, changed and went."""
    daemon_set = deployment("agent")
    del daemon_set["spec"]["replicas"]
    bodies = [
        (SERVICES, service("web", type="LoadBalancer", selector={"app": "web"})),
        (SERVICES, service("idle", selector={"app": "none"})),
        (DEPLOYMENTS, deployment("web", replicas=2)),
        (f"{DEPLOYMENTS.rpartition('/')[0]}/daemonsets", daemon_set),
        (PODS, pod("homeless", nodeSelector={"no": "where"})),
        (PODS, pod("prepared", initContainers=[{"name": "first", "image": "nginx"}])),
        (NAMESPACES, {"metadata": {"name": "brief"}}),
    ]
    for path, body in bodies:
        assert shared_http.post(path, json=body).status_code == 201
    until(lambda: _get(shared_http, f"{DEPLOYMENTS}/web")["status"].get("readyReplicas") == 2)
    changed = {"spec": {"template": {"metadata": {"annotations": {"colour": "red"}}}}}
    shared_http.patch(f"{DEPLOYMENTS}/web", json=changed, headers=MERGE_PATCH)
    until(lambda: _get(shared_http, f"{DEPLOYMENTS}/web")["status"].get("updatedReplicas") == 2)
    for cordoned in (True, None):
        shared_http.patch(f"{NODES}/node-1", json={"spec": {"unschedulable": cordoned}}, headers=MERGE_PATCH)
    for path in (f"{DEPLOYMENTS}/web", f"{NAMESPACES}/brief", f"{NODES}/node-2"):
        assert shared_http.delete(path).status_code in (200, 202)
    until(lambda: "subsets" not in _get(shared_http, f"{DEFAULT}/endpoints/web"))
    until(lambda: shared_http.get(f"{NAMESPACES}/brief").status_code == 404)
    with ThreadPoolExecutor(len(STORED)) as pool:
        return dict(pool.map(lambda resource: (resource.group_resource, _states(shared_http, resource)), STORED))


@pytest.mark.parametrize("resource", STORED, ids=lambda each: each.group_resource)
def test_every_state_that_watchers_saw_decodes_to_itself(resource: Resource, history: dict[str, list[Object]]) -> None:
    for seen in history[resource.group_resource]:
        assert _decoded(resource, seen) == _without_placeholders(seen)


def _states(http: httpx.Client, resource: Resource) -> list[Object]:
    root = f"/apis/{resource.api_version}" if resource.group else "/api/v1"
    query = {"watch": "true", "resourceVersion": "1", "timeoutSeconds": "1"}
    answer = http.get(f"{root}/{resource.plural}", params=query)
    assert answer.status_code == 200
    return [json.loads(line)["object"] for line in answer.text.splitlines()]


def _decoded(resource: Resource, seen: Object) -> Object:
    schema = SCHEMAS.of(resource.group, resource.version, resource.kind)
    assert schema is not None
    decoded = copy_of(seen)
    assert decode(schema, decoded) == []
    return decoded


def _without_placeholders(seen: Any) -> Any:
    """Without what Go writes though it is empty: times that are not set, and the lists of an endpoint slice."""
    if isinstance(seen, list):
        return [_without_placeholders(each) for each in seen]
    if not isinstance(seen, dict):
        return seen
    always = ("endpoints", "ports") if seen.get("kind") == "EndpointSlice" else ()
    kept = {name: held for name, held in seen.items() if held is not None and not (name in always and held == [])}
    return {name: _without_placeholders(held) for name, held in kept.items()}


def _get(http: httpx.Client, path: str) -> Object:
    found: Object = http.get(path).json()
    return found
