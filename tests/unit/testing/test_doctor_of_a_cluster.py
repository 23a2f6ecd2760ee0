"""What is wrong with a cluster's network, asked for by a test's own program."""

from __future__ import annotations

import asyncio

import pytest

import fauxkube

WRONG = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {a: b}, ports: [{port: 1}]}}"


@pytest.mark.parametrize("process", [False, True], ids=["thread", "process"])
def test_a_test_asks_its_cluster(process: bool) -> None:
    with fauxkube.Cluster(process=process) as cluster:
        assert cluster.doctor().healthy
        cluster.apply(WRONG)
        found = cluster.doctor()
        assert (found.healthy, found.words("service/default/web")) == (False, ["SelectorMatchesNothing"])
        assert "its selector matches no pod" in repr(found)
        assert cluster.doctor(namespace="kube-system").healthy


PODS = """
{apiVersion: v1, kind: Pod, metadata: {name: web-1}, spec: {nodeName: node-1, containers: [{name: a, image: nginx}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-2}, spec: {nodeName: node-2, containers: [{name: a, image: nginx}]}}
"""


@pytest.mark.parametrize(
    ("network", "words", "likely"),
    [
        ("none", {"NodeNotReady", "PodHasNoAddress"}, "no network add-on is installed"),
        ("bridge", {"NetworkRequirement"}, "this is what Kubernetes forbids"),
    ],
)
def test_a_network_that_is_not_as_it_has_to_be_is_told_once(network: str, words: set[str], likely: str) -> None:
    with fauxkube.Cluster(nodes=2, network=network) as cluster:
        cluster.apply(PODS)
        found = cluster.doctor()
        assert (set(found.words()), found.healthy) == (words, False)
        assert str(found.to_json()).count(likely) == (2 if network == "none" else 1)


def test_a_coroutine_asks_too() -> None:
    async def run() -> list[str]:
        async with fauxkube.Cluster() as cluster:
            await cluster.apply(WRONG)
            return (await cluster.doctor()).words()

    assert asyncio.run(run()) == ["SelectorMatchesNothing"]
