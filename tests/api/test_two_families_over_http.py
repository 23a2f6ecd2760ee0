"""Clusters of both families, and of IPv6 alone, over HTTP: settings, traces, names, addresses."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from fauxkube.cluster.settings import Settings
from support.api import NODES, PODS, SERVICES, answered, made, pod, refused, service
from support.thread import served_cluster
from support.waiting import until

CLUSTERS, OWN = "/fauxkube/v1/clusters", "/fauxkube/v1"
DUAL = {"cluster_cidr": "10.244.0.0/16,fd00:10:244::/56", "service_cidr": "10.96.0.0/16,fd00:10:96::/112"}
ALONE = {"cluster_cidr": "fd00:10:244::/56", "service_cidr": "fd00:10:96::/112"}


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """A server with a dual-stack cluster, and one of IPv6 alone."""
    with served_cluster(Settings(nodes=1)) as url, httpx.Client(base_url=url, timeout=30) as client:
        for name, overrides in (("dual", DUAL | {"zones": "a,b", "nodes": 2}), ("alone", ALONE)):
            answered(client.post(CLUSTERS, json={"name": name, "overrides": overrides}), 201)
            at = f"/clusters/{name}"
            until(lambda at=at: all("podCIDRs" in each["spec"] for each in answered(client.get(at + NODES))["items"]))
            labels = {"metadata": {"name": "web", "labels": {"app": "shop"}}}
            made(client, at + SERVICES, service("shop", selector={"app": "shop"}, ipFamilyPolicy="PreferDualStack"))
            made(client, at + PODS, pod("web") | labels)
            answered(client.post(f"{at}{OWN}/settle", json={}))
        yield client


def test_another_cluster_of_the_server_may_have_both_families(http: httpx.Client) -> None:
    nodes = answered(http.get(f"/clusters/dual{NODES}"))["items"]
    assert [each["spec"]["podCIDRs"] for each in nodes] == [
        ["10.244.0.0/24", "fd00:10:244::/64"],
        ["10.244.1.0/24", "fd00:10:244:1::/64"],
    ]
    assert [each["metadata"]["labels"]["topology.kubernetes.io/zone"] for each in nodes] == ["a", "b"]
    assert answered(http.get(f"/clusters/dual{OWN}/info"))["cluster_cidr"] == DUAL["cluster_cidr"]


def test_ranges_that_cannot_be_are_refused_with_the_reason(http: httpx.Client) -> None:
    overrides = {"service_cidr": "10.96.0.0/16,fd00:10:96::/112"}
    answer = http.post(CLUSTERS, json={"name": "bad", "overrides": overrides})
    refused(answer, 422, "Invalid")
    assert "but pods have none" in answer.json()["message"]


@pytest.mark.parametrize(
    ("cluster", "target", "types"),
    [
        ("dual", "service/shop", []),
        ("dual", "shop", ["A", "AAAA"]),
        ("alone", "service/shop", []),
        ("alone", "shop", ["AAAA"]),
        ("alone", "https://kubernetes.default.svc", ["AAAA"] * 3),
    ],
)
def test_traces_ask_for_the_families_that_there_are(
    http: httpx.Client, cluster: str, target: str, types: list[str]
) -> None:
    query = {"from": "pod/web", "to": target}
    found = answered(http.get(f"/clusters/{cluster}{OWN}/trace", params=query))
    assert found["reached"]
    assert [hop["type"] for hop in found["ways"][0]["hops"] if hop["kind"] == "lookup"] == types


@pytest.mark.parametrize("cluster", ["dual", "alone"])
def test_the_requirements_hold(http: httpx.Client, cluster: str) -> None:
    assert answered(http.get(f"/clusters/{cluster}{OWN}/network/check"))["holds"]
