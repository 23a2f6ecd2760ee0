"""Blocks of nodes and addresses of pods, down to the last one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import httpx
import pytest

from fauxkube.cluster.settings import Settings
from fauxkube.machinery.objects import Object
from fauxkube.registry.pools import Ranges
from support.api import DEFAULT, MERGE_PATCH, NODES, PODS, answered, made, pod, pools, refused
from support.thread import served_cluster
from support.waiting import until

BLOCKS = "nodes/podcidrs"


@pytest.fixture
def narrow() -> Iterator[httpx.Client]:
    """One node with a block of five pod addresses (the network's, the bridge's and the broadcast's are kept back)."""
    ranges = Ranges(cluster_cidr="10.244.0.0/28", node_prefix=29)
    with served_cluster(Settings(ranges=ranges, nodes=1)) as url, httpx.Client(base_url=url) as http:
        yield http


def address_of(http: httpx.Client, name: str) -> str:
    address: str = answered(http.get(f"{PODS}/{name}"))["status"].get("podIP", "")
    return address


def warnings_about(http: httpx.Client, name: str) -> list[Object]:
    selector = f"involvedObject.name={name},reason=FailedCreatePodSandBox"
    events: list[Object] = answered(http.get(f"{DEFAULT}/events", params={"fieldSelector": selector}))["items"]
    return events


def test_pods_get_the_addresses_between_the_gateway_and_the_broadcast(narrow: httpx.Client) -> None:
    for n in range(5):
        made(narrow, PODS, pod(f"p{n}"))
    until(lambda: all(address_of(narrow, f"p{n}") for n in range(5)))
    assert sorted(address_of(narrow, f"p{n}") for n in range(5)) == [f"10.244.0.{n}" for n in range(2, 7)]
    held = pools(narrow)["pods/node-1"]
    assert held == {address_of(narrow, f"p{n}"): f"pods/default/p{n}" for n in range(5)}


def test_a_pod_without_an_address_waits_and_says_so_until_one_is_free(narrow: httpx.Client) -> None:
    for n in range(5):
        made(narrow, PODS, pod(f"p{n}"))
    until(lambda: all(address_of(narrow, f"p{n}") for n in range(5)))
    made(narrow, PODS, pod("late"))
    until(lambda: bool(warnings_about(narrow, "late")))
    late = answered(narrow.get(f"{PODS}/late"))
    assert late["status"]["phase"] == "Pending"
    assert "podIP" not in late["status"]
    (event, *_) = warnings_about(narrow, "late")
    assert event["type"] == "Warning"
    assert event["message"].startswith("Failed to create pod sandbox: ")
    freed = address_of(narrow, "p2")
    narrow.delete(f"{PODS}/p2?gracePeriodSeconds=0")
    until(lambda: address_of(narrow, "late") == freed)
    assert answered(narrow.get(f"{PODS}/late"))["status"]["phase"] == "Running"


def test_a_pod_on_the_host_s_network_takes_the_node_s_address_and_holds_none(narrow: httpx.Client) -> None:
    made(narrow, PODS, pod("host", hostNetwork=True))
    until(lambda: bool(address_of(narrow, "host")))
    node = answered(narrow.get(f"{NODES}/node-1"))
    addresses = [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]
    assert [address_of(narrow, "host")] == addresses
    assert pools(narrow).get("pods/node-1", {}) == {}


def test_a_pod_that_has_ended_no_longer_holds_its_address(narrow: httpx.Client) -> None:
    made(narrow, PODS, pod("p"))
    until(lambda: bool(address_of(narrow, "p")))
    narrow.patch(f"{PODS}/p/status", json={"status": {"phase": "Succeeded"}}, headers=MERGE_PATCH)
    until(lambda: pools(narrow)["pods/node-1"] == {})


def test_a_node_beyond_the_last_block_gets_none_until_one_is_free(narrow: httpx.Client) -> None:
    made(narrow, NODES, {"metadata": {"name": "second"}})
    assert made(narrow, NODES, {"metadata": {"name": "third"}})["spec"].get("podCIDR") is None
    assert pools(narrow)[BLOCKS] == {"10.244.0.0/29": "nodes/node-1", "10.244.0.8/29": "nodes/second"}
    narrow.delete(f"{NODES}/second")
    narrow.patch(f"{NODES}/third", json={"metadata": {"labels": {"poke": "1"}}}, headers=MERGE_PATCH)
    until(lambda: pools(narrow)[BLOCKS].get("10.244.0.8/29") == "nodes/third")


def test_a_node_s_block_is_its_own_and_stays(http: httpx.Client) -> None:
    blocks = [node["spec"]["podCIDR"] for node in answered(http.get(NODES))["items"]]
    assert blocks == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]
    patch = {"spec": {"podCIDR": "10.244.9.0/24", "podCIDRs": ["10.244.9.0/24"]}}
    refused(http.patch(f"{NODES}/node-1", json=patch, headers=MERGE_PATCH), 422, "Invalid")
    asked = made(http, NODES, {"metadata": {"name": "mine"}, "spec": {"podCIDR": "10.244.77.0/24"}})
    assert asked["spec"]["podCIDRs"] == ["10.244.77.0/24"]
    assert pools(http)[BLOCKS]["10.244.77.0/24"] == "nodes/mine"
    assert made(http, NODES, {"metadata": {"name": "next"}})["spec"]["podCIDR"] == "10.244.3.0/24"


def test_a_pod_s_address_lies_in_its_node_s_block(http: httpx.Client) -> None:
    for n in range(6):
        made(http, PODS, pod(f"p{n}"))
    until(lambda: all(address_of(http, f"p{n}") for n in range(6)))
    blocks = {node["metadata"]["name"]: node["spec"]["podCIDR"] for node in answered(http.get(NODES))["items"]}
    for obj in answered(http.get(PODS))["items"]:
        block = ipaddress.ip_network(blocks[obj["spec"]["nodeName"]])
        assert ipaddress.ip_address(obj["status"]["podIP"]) in block
        assert obj["status"]["podIPs"] == [{"ip": obj["status"]["podIP"]}]
