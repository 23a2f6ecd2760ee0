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


def test_a_coroutine_asks_too() -> None:
    async def run() -> list[str]:
        async with fauxkube.Cluster() as cluster:
            await cluster.apply(WRONG)
            return (await cluster.doctor()).words()

    assert asyncio.run(run()) == ["SelectorMatchesNothing"]
