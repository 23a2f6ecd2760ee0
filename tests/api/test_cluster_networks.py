"""Clusters without a network, and with a lone bridge on each node: what nodes say of themselves and pods go through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.api import answered, made
from support.clusters import CLUSTERS, OURS, cluster_of

NODES = "/api/v1/nodes"
PODS = "/api/v1/namespaces/default/pods"
EVENTS = "/api/v1/namespaces/default/events"
NOT_READY = {("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")}
ANY_TAINT = [{"operator": "Exists"}]


@pytest.fixture
def bare(shared_server: str) -> Iterator[httpx.Client]:
    """A cluster whose nodes have no network."""
    with cluster_of(shared_server, network="none", nodes=2) as http:
        yield http


@pytest.fixture
def bridged(shared_server: str) -> Iterator[httpx.Client]:
    """A cluster with a lone bridge on each node."""
    with cluster_of(shared_server, network="bridge", nodes=2) as http:
        yield http


def run(http: httpx.Client, name: str, **spec: Any) -> None:
    body = {"metadata": {"name": name}, "spec": {"containers": [{"name": "main", "image": "nginx"}], **spec}}
    made(http, PODS, body)


def pod(http: httpx.Client, name: str) -> dict[str, Any]:
    settle(http)
    return answered(http.get(f"{PODS}/{name}"))


def settle(http: httpx.Client) -> None:
    answered(http.post(f"{OURS}/settle"))


def told(http: httpx.Client, name: str) -> list[tuple[str, str]]:
    events = answered(http.get(EVENTS, params={"fieldSelector": f"involvedObject.name={name}"}))["items"]
    return [(each["reason"], each["message"]) for each in events]


def test_nodes_without_a_network_say_so_and_are_tainted(bare: httpx.Client) -> None:
    settle(bare)
    for node in answered(bare.get(NODES))["items"]:
        ready = next(each for each in node["status"]["conditions"] if each["type"] == "Ready")
        assert (ready["status"], ready["reason"]) == ("False", "KubeletNotReady")
        assert ready["message"].endswith("Network plugin returns error: cni plugin not initialized")
        assert {(each["key"], each["effect"]) for each in node["spec"]["taints"]} == NOT_READY
        assert node["spec"]["podCIDR"]


def test_a_pod_that_tolerates_it_waits_for_a_network(bare: httpx.Client) -> None:
    run(bare, "waits", nodeName="node-1", tolerations=ANY_TAINT)
    found = pod(bare, "waits")
    assert found["status"]["phase"] == "Pending"
    assert "podIP" not in found["status"]
    assert found["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    message = dict(told(bare, "waits"))["NetworkNotReady"]
    assert message.startswith("network is not ready: container runtime network not ready: NetworkReady=false")


def test_a_pod_that_does_not_tolerate_it_is_not_placed(bare: httpx.Client) -> None:
    run(bare, "unplaced")
    assert "nodeName" not in pod(bare, "unplaced")["spec"]
    message = dict(told(bare, "unplaced"))["FailedScheduling"]
    assert message.startswith("0/2 nodes are available: 2 node(s) had untolerated taint")


def test_a_pod_of_the_nodes_network_runs_without_one(bare: httpx.Client) -> None:
    run(bare, "agent", nodeName="node-2", hostNetwork=True, tolerations=ANY_TAINT)
    status = pod(bare, "agent")["status"]
    assert (status["phase"], status["podIP"]) == ("Running", status["hostIP"])


def test_pods_behind_lone_bridges_have_the_same_addresses(bridged: httpx.Client) -> None:
    for number in (1, 2):
        run(bridged, f"twin-{number}", nodeName=f"node-{number}")
    addresses = [pod(bridged, f"twin-{number}")["status"]["podIP"] for number in (1, 2)]
    assert addresses == ["172.17.0.2", "172.17.0.2"]
    found = answered(bridged.get(f"{OURS}/network/check"))
    assert not found["holds"]
    twice = next(each for each in found["requirements"] if each["text"] == "no address is had twice")
    assert twice["failures"][0]["reason"] == "both have 172.17.0.2"


def test_an_address_that_several_have_is_told_with_all_of_them(bridged: httpx.Client) -> None:
    for number in (1, 2):
        run(bridged, f"twin-{number}", nodeName=f"node-{number}")
    settle(bridged)
    found = answered(bridged.get(f"{OURS}/addresses/172.17.0.2"))
    assert (found["state"], found["owner"]) == ("held", "pods/default/twin-1")
    assert found["note"].startswith("also pods/default/twin-2, each behind the bridge of its own node")
    assert "pods/node-2/172.17.0.0-16" in {pool["name"] for pool in bridged.get(f"{OURS}/ipam").json()}


def test_an_address_behind_a_bridge_is_given_once_on_its_node(bridged: httpx.Client) -> None:
    for number in range(3):
        run(bridged, f"pod-{number}", nodeName="node-1")
    assert {pod(bridged, f"pod-{number}")["status"]["podIP"] for number in range(3)} == {
        "172.17.0.2",
        "172.17.0.3",
        "172.17.0.4",
    }


def test_a_fork_and_a_snapshot_keep_the_network(shared_server: str, bridged: httpx.Client) -> None:
    name = str(bridged.base_url).rstrip("/").rpartition("/")[2]
    snapshot = bridged.get(f"{OURS}/snapshot").content
    with httpx.Client(base_url=shared_server, timeout=30) as host:
        forked = answered(host.post(CLUSTERS, json={"name": f"{name}-fork", "source": name}), 201)
        restored = answered(host.post(CLUSTERS, json={"name": f"{name}-restored"}), 201)
        for each in (forked, restored):
            with httpx.Client(base_url=each["url"], timeout=30) as other:
                if each is restored:
                    other.put(f"{OURS}/snapshot", content=snapshot).raise_for_status()
                run(other, "pod", nodeName="node-1")
                assert pod(other, "pod")["status"]["podIP"] == "172.17.0.2"
            host.delete(f"{CLUSTERS}/{each['name']}")


def test_a_network_that_does_not_exist_is_refused_by_name(shared_http: httpx.Client) -> None:
    refused = answered(shared_http.post(CLUSTERS, json={"overrides": {"network": "mesh"}}), 422)
    assert "there is no network 'mesh', but routed, bridge, none" in refused["message"]
