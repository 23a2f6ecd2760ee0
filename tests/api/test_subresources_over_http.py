"""Subresources: what a write through one of them may change, and what it may not."""

from __future__ import annotations

import httpx
import pytest

from fauxkube.machinery.objects import Object
from support.api import (
    DEPLOYMENTS,
    MERGE_PATCH,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    STRATEGIC_PATCH,
    answered,
    causes,
    deployment,
    fresh_name,
    made,
    pod,
    refused,
    service,
)
from support.waiting import until

JSON = {"content-type": "application/json"}


@pytest.fixture
def path(shared_http: httpx.Client) -> str:
    """The path of a pod that no scheduler takes on."""
    name = fresh_name()
    made(shared_http, PODS, pod(name, schedulerName="nobody"))
    return f"{PODS}/{name}"


def binding(name: str, node: str = "node-1", **metadata: object) -> Object:
    return {"metadata": {"name": name, **metadata}, "target": {"kind": "Node", "name": node}}


def test_a_write_to_the_object_leaves_its_status(shared_http: httpx.Client, path: str) -> None:
    obj = answered(shared_http.get(path))
    obj["status"] = {"phase": "Succeeded"}
    assert answered(shared_http.put(path, json=obj))["status"]["phase"] == "Pending"
    patched = shared_http.patch(path, json={"status": {"phase": "Failed"}}, headers=STRATEGIC_PATCH)
    assert answered(patched)["status"]["phase"] == "Pending"


def test_a_write_to_the_status_leaves_the_object(shared_http: httpx.Client, path: str) -> None:
    obj = answered(shared_http.get(path))
    obj["spec"]["containers"][0]["image"] = "other"
    obj["status"]["message"] = "told"
    written = answered(shared_http.put(f"{path}/status", json=obj))
    assert written["status"]["message"] == "told"
    assert written["spec"]["containers"][0]["image"] == "nginx"
    assert written["metadata"]["generation"] == obj["metadata"]["generation"]
    patch = {"spec": {"nodeName": "x"}, "status": {"message": "told again"}}
    patched = answered(shared_http.patch(f"{path}/status", json=patch, headers=STRATEGIC_PATCH))
    assert patched["status"]["message"] == "told again"
    assert "nodeName" not in patched["spec"]


@pytest.mark.parametrize(("collection", "keeps"), [(PODS, False), (SERVICES, False), (DEPLOYMENTS, True)])
def test_labels_go_through_the_status_of_all_but_deployments(
    shared_http: httpx.Client, collection: str, *, keeps: bool
) -> None:
    name = fresh_name()
    body = {PODS: pod(name, schedulerName="nobody"), SERVICES: service(name), DEPLOYMENTS: deployment(name, replicas=0)}
    made(shared_http, collection, body[collection])
    patch = {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}}
    patched = shared_http.patch(f"{collection}/{name}/status", json=patch, headers=MERGE_PATCH)
    metadata = answered(patched)["metadata"]
    assert (metadata.get("labels"), metadata["annotations"]["c"]) == (None if keeps else {"a": "b"}, "d")


def test_the_status_is_read_as_the_whole_object(shared_http: httpx.Client, path: str) -> None:
    assert answered(shared_http.get(f"{path}/status")) == answered(shared_http.get(path))


def test_a_status_write_is_checked_for_its_version(shared_http: httpx.Client, path: str) -> None:
    body = answered(shared_http.get(path))
    body["metadata"]["resourceVersion"] = "1"
    refused(shared_http.put(f"{path}/status", json=body), 409, "Conflict")


@pytest.mark.parametrize("collection", [SERVICES, DEPLOYMENTS, NODES, NAMESPACES])
def test_the_status_of_what_is_not_there_is_not_there(shared_http: httpx.Client, collection: str) -> None:
    refused(shared_http.get(f"{collection}/nope/status"), 404, "NotFound")
    response = shared_http.patch(f"{collection}/nope/status", json={}, headers=MERGE_PATCH)
    refused(response, 404, "NotFound")


# Binding


def test_a_binding_puts_the_pod_on_its_node(shared_http: httpx.Client, path: str) -> None:
    name = path.rpartition("/")[2]
    bound = shared_http.post(f"{path}/binding", json=binding(name, annotations={"by": "hand"}))
    assert answered(bound, 201) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }
    obj = answered(shared_http.get(path))
    assert obj["spec"]["nodeName"] == "node-1"
    assert obj["metadata"]["annotations"] == {"by": "hand"}
    assert ("PodScheduled", "True") in [(each["type"], each["status"]) for each in obj["status"]["conditions"]]
    again = shared_http.post(f"{path}/binding", json=binding(name, "node-2"))
    message = f'Operation cannot be fulfilled on pods/binding "{name}": pod {name} is already assigned to node "node-1"'
    assert refused(again, 409, "Conflict", message) == {"name": name, "kind": "pods/binding"}


def test_a_binding_must_name_its_pod_and_a_node(shared_http: httpx.Client, path: str) -> None:
    name = path.rpartition("/")[2]
    mismatch = "name in URL does not match name in Binding object"
    refused(shared_http.post(f"{path}/binding", json=binding("other")), 400, "BadRequest", mismatch)
    for target, field in (({}, "target.name"), ({"kind": "Rack", "name": "r"}, "target.kind")):
        body = {"metadata": {"name": name}, "target": target}
        details = refused(shared_http.post(f"{path}/binding", json=body), 422, "Invalid")
        assert (details["kind"], [cause[1] for cause in causes(details)]) == ("Binding", [field])
    missing = shared_http.post(f"{PODS}/nope/binding", json=binding("nope"))
    refused(missing, 404, "NotFound", 'pods "nope" not found')


@pytest.mark.parametrize("body", [b'{"target":5}', b'{"metadata":[],"target":{}}', b'{"target":{"name":[]}}', b"[]"])
def test_a_binding_of_the_wrong_form_is_refused(shared_http: httpx.Client, path: str, body: bytes) -> None:
    refused(shared_http.post(f"{path}/binding", content=body, headers=JSON), 400, "BadRequest")


def test_one_of_many_bindings_wins(shared_http: httpx.Client, path: str) -> None:
    name = path.rpartition("/")[2]
    codes = [shared_http.post(f"{path}/binding", json=binding(name, f"node-{n % 3 + 1}")).status_code for n in range(6)]
    assert codes == [201, 409, 409, 409, 409, 409]


def test_an_eviction_deletes_the_pod(http: httpx.Client) -> None:
    made(http, PODS, pod("w"))
    until(lambda: answered(http.get(f"{PODS}/w"))["status"]["phase"] == "Running")
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "w"}}
    assert answered(http.post(f"{PODS}/w/eviction", json=body), 201)["status"] == "Success"
    until(lambda: http.get(f"{PODS}/w").status_code == 404, seconds=5)


# Scale


@pytest.fixture
def scaled(shared_http: httpx.Client) -> str:
    """The path of an empty deployment's scale."""
    name = fresh_name()
    made(shared_http, DEPLOYMENTS, deployment(name, replicas=0))
    return f"{DEPLOYMENTS}/{name}/scale"


def scale(path: str, replicas: object, **metadata: str) -> Object:
    return {"metadata": {"name": path.split("/")[-2], **metadata}, "spec": {"replicas": replicas}}


def test_a_scale_shows_and_changes_the_replicas(shared_http: httpx.Client, scaled: str) -> None:
    name = scaled.split("/")[-2]
    shown = answered(shared_http.get(scaled))
    assert (shown["kind"], shown["apiVersion"], shown["status"]["selector"]) == (
        "Scale",
        "autoscaling/v1",
        f"app={name}",
    )
    assert answered(shared_http.put(scaled, json=scale(scaled, 1)))["spec"] == {"replicas": 1}
    patched = shared_http.patch(scaled, json={"spec": {"replicas": 2}}, headers=MERGE_PATCH)
    assert answered(patched)["spec"] == {"replicas": 2}
    obj = answered(shared_http.get(scaled.removesuffix("/scale")))
    assert (obj["spec"]["replicas"], obj["metadata"]["generation"]) == (2, 3)


def test_a_bad_scale_is_refused(shared_http: httpx.Client, scaled: str) -> None:
    negative = refused(shared_http.put(scaled, json=scale(scaled, -1)), 422, "Invalid")
    assert (negative["group"], negative["kind"]) == ("autoscaling", "Scale")
    assert causes(negative) == [
        ("FieldValueInvalid", "spec.replicas", "Invalid value: -1: must be greater than or equal to 0")
    ]
    for body in (scale(scaled, "x"), {"metadata": 5}, {"metadata": {"name": "other"}}, {"spec": {"replicas": 1}}):
        refused(shared_http.put(scaled, json=body), 400, "BadRequest")
    refused(shared_http.put(scaled, json=scale(scaled, 1, resourceVersion="1")), 409, "Conflict")
    refused(shared_http.put(scaled, json=scale(scaled, 1, uid="other")), 409, "Conflict")
    for patch, code in ({"spec": 5}, 422), ([], 400), ({"spec": {"replicas": "x"}}, 422):
        assert shared_http.patch(scaled, json=patch, headers=MERGE_PATCH).status_code == code
    strict = {"metadata": {"name": scaled.split("/")[-2]}, "spec": {"replicas": 1, "frob": 1}}
    refused(shared_http.put(f"{scaled}?fieldValidation=Strict", json=strict), 400, "BadRequest")
    assert answered(shared_http.get(scaled))["spec"] == {}


# What is not served


@pytest.mark.parametrize("subresource", ["ephemeralcontainers", "resize"])
def test_what_only_upstream_serves_is_refused_by_name(shared_http: httpx.Client, path: str, subresource: str) -> None:
    response = shared_http.get(f"{path}/{subresource}")
    refused(response, 501, "NotImplemented", f"fauxkube does not serve pods/{subresource}")


def test_a_service_s_status_takes_an_ingress(shared_http: httpx.Client) -> None:
    name = fresh_name()
    made(shared_http, SERVICES, service(name, type="LoadBalancer", loadBalancerClass="example.com/mine"))
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}}
    patched = answered(shared_http.patch(f"{SERVICES}/{name}/status", json=status, headers=MERGE_PATCH))
    assert patched["status"]["loadBalancer"]["ingress"][0]["ip"] == "198.51.100.7"
