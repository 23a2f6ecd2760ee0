"""`dryRun=All`: answered as the real thing, and nothing of it happens: no object, address, event or revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from fauxkube.cluster.bootstrap import SYSTEM_NAMESPACES
from fauxkube.cluster.settings import Settings
from fauxkube.machinery.objects import Object
from support.api import (
    CONFIG_MAPS,
    CORE,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE_PATCH,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    answered,
    causes,
    config_map,
    deployment,
    fresh_name,
    made,
    pod,
    pools,
    refused,
    service,
    state_of,
)
from support.thread import served_cluster
from support.waiting import until


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A server whose control loops have nothing left to write: without nodes, and with all service accounts there."""
    with served_cluster(Settings(nodes=0)) as url, httpx.Client(base_url=url) as client:
        until(lambda: len(answered(client.get(f"{CORE}/serviceaccounts"))["items"]) == len(SYSTEM_NAMESPACES))
        yield client


@pytest.fixture
def unchanged(http: httpx.Client) -> Callable[[], None]:
    """Call it at the end: nothing has been written since the beginning, and nobody holds anything else."""
    before, held = state_of(http), pools(http)

    def judge() -> None:
        assert state_of(http) == before
        assert pools(http) == held

    return judge


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CONFIG_MAPS, config_map("dry")),
        (SERVICES, service("dry", type="LoadBalancer", externalTrafficPolicy="Local")),
        (PODS, pod("dry")),
        (NODES, {"metadata": {"name": "dry"}}),
        (NAMESPACES, {"metadata": {"name": "dry"}}),
        (DEPLOYMENTS, deployment("dry")),
    ],
    ids=lambda value: value.rpartition("/")[2] if isinstance(value, str) else "",
)
def test_a_dry_creation_is_answered_whole_and_leaves_nothing(
    http: httpx.Client, unchanged: Callable[[], None], path: str, body: Object
) -> None:
    obj = answered(http.post(f"{path}?dryRun=All", json=body), 201)
    assert obj["metadata"]["uid"]
    assert obj["metadata"]["creationTimestamp"]
    assert "resourceVersion" not in obj["metadata"]
    assert http.get(f"{path}/dry").status_code == 404
    unchanged()


def test_a_dry_service_is_shown_addresses_that_stay_free(http: httpx.Client) -> None:
    body = service("web", type="NodePort")
    dry = answered(http.post(f"{SERVICES}?dryRun=All", json=body), 201)["spec"]
    real = made(http, SERVICES, body)["spec"]
    assert (dry["clusterIP"], dry["ports"]) == (real["clusterIP"], real["ports"])


def test_a_dry_update_of_what_is_not_there_creates_nothing(http: httpx.Client, unchanged: Callable[[], None]) -> None:
    answered(http.put(f"{SERVICES}/dry?dryRun=All", json=service("dry")), 201)
    assert http.get(f"{SERVICES}/dry").status_code == 404
    unchanged()


def test_dry_changes_leave_the_object_as_it_was(http: httpx.Client) -> None:
    before = made(http, SERVICES, service("web"))
    path = f"{SERVICES}/web"
    state, held = state_of(http), pools(http)
    ports = {"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30099}]}}
    patched = answered(http.patch(f"{path}?dryRun=All", json=ports, headers=MERGE_PATCH))
    assert patched["spec"]["ports"][0]["nodePort"] == 30099
    assert patched["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    jumped = [{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]
    assert answered(http.patch(f"{path}?dryRun=All", json=jumped, headers=JSON_PATCH))["metadata"]["labels"]
    put = answered(http.put(f"{path}?dryRun=All", json=service("web", type="ExternalName", externalName="a.b")))
    assert "clusterIP" not in put["spec"]
    ingress = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}
    http.patch(f"{path}/status?dryRun=All", json=ingress, headers=MERGE_PATCH)
    answered(http.delete(f"{path}?dryRun=All"))
    answered(http.delete(f"{SERVICES}?dryRun=All"))
    assert answered(http.get(path)) == before
    assert (state_of(http), pools(http)) == (state, held)


def test_dry_subresources_do_nothing(http: httpx.Client) -> None:
    made(http, PODS, pod("p", schedulerName="nobody"))
    made(http, DEPLOYMENTS, deployment("d", replicas=0) | {"metadata": {"name": "d"}})
    target = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "node-1"}}
    answered(http.post(f"{PODS}/p/binding?dryRun=All", json=target), 201)
    assert "nodeName" not in answered(http.get(f"{PODS}/p"))["spec"]
    scaled = http.patch(f"{DEPLOYMENTS}/d/scale?dryRun=All", json={"spec": {"replicas": 7}}, headers=MERGE_PATCH)
    assert answered(scaled)["spec"]["replicas"] == 7
    assert "replicas" not in answered(http.get(f"{DEPLOYMENTS}/d/scale"))["spec"]


def test_a_dry_run_is_refused_for_what_the_real_thing_would_be(shared_http: httpx.Client) -> None:
    name = fresh_name()
    made(shared_http, CONFIG_MAPS, config_map(name))
    refused(shared_http.post(f"{CONFIG_MAPS}?dryRun=All", json=config_map(name)), 409, "AlreadyExists")
    refused(shared_http.post(f"{CONFIG_MAPS}?dryRun=All", json=config_map("Bad_")), 422, "Invalid")
    refused(shared_http.delete(f"{CONFIG_MAPS}/nope?dryRun=All"), 404, "NotFound")
    taken = service(fresh_name(), clusterIP="10.96.0.1")
    refused(shared_http.post(f"{SERVICES}?dryRun=All", json=taken), 422, "Invalid")


@pytest.mark.parametrize("value", ["", "Some", "all"])
def test_only_all_is_a_dry_run(shared_http: httpx.Client, value: str) -> None:
    response = shared_http.post(f"{CONFIG_MAPS}?dryRun={value}", json=config_map(fresh_name()))
    details = refused(response, 422, "Invalid")
    assert [cause[:2] for cause in causes(details)] == [("FieldValueNotSupported", "dryRun")]
