"""A cluster's network as its model sees it: kept right, made anew only where something changed, forked, seeded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.cluster.time import NotRunningError
from fauxkube.kinds.gvrs import NETWORK_POLICIES, PODS, SERVICES
from fauxkube.machinery.objects import Object

LABELS = {"app": "web"}


def pod(name: str, labels: dict[str, str] | None = None) -> Object:
    container = {"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]}
    metadata = {"name": name, "namespace": "default", "labels": labels or {}}
    return {"metadata": metadata, "spec": {"containers": [container]}}


def service() -> Object:
    spec = {"selector": LABELS, "ports": [{"port": 80}]}
    return {"metadata": {"name": "shop", "namespace": "default"}, "spec": spec}


async def shop(seed: int | None = None) -> Cluster:
    """A cluster that has started and settled: a client, and a service of three pods."""
    cluster = Cluster(Settings(nodes=3, seed=seed))
    await cluster.start()
    for name in ("web-1", "web-2", "web-3"):
        await cluster.client.create(PODS, pod(name, LABELS))
    await cluster.client.create(PODS, pod("client"))
    await cluster.client.create(SERVICES, service())
    await cluster.time.settle()
    return cluster


async def traced(cluster: Cluster) -> Object:
    return await cluster.network.trace("client", "http://shop", namespace="default", protocol="", port="")


def receiver(found: Object) -> Any:
    return found["ways"][0]["hops"][-1]["where"]


def test_what_comes_changes_and_goes_is_taken_in_and_the_rest_is_left_alone() -> None:
    async def run() -> None:
        cluster = await shop()
        before = dict((await cluster.network.topology()).pods.by_key)
        await cluster.client.create(PODS, pod("one-more"))
        await cluster.client.delete(PODS, "web-1", namespace="default")
        await cluster.time.settle()
        after = (await cluster.network.topology()).pods.by_key
        assert set(after) ^ set(before) == {"default/one-more", "default/web-1"}
        assert after["default/one-more"].addresses
        assert after["default/client"] is before["default/client"]
        await cluster.close()

    asyncio.run(run())


def test_a_fork_has_the_network_of_its_source_and_goes_its_own_way() -> None:
    async def run() -> None:
        cluster = await shop()
        assert (await traced(cluster))["reached"]
        fork = cluster.fork()
        await fork.start()
        closed = {"metadata": {"name": "closed", "namespace": "default"}, "spec": {"podSelector": {}}}
        await fork.client.create(NETWORK_POLICIES, closed)
        await fork.time.settle()
        assert [(await traced(each))["reached"] for each in (cluster, fork)] == [True, False]
        await fork.close()
        await cluster.close()

    asyncio.run(run())


def test_a_seeded_cluster_draws_the_same_backends_on_every_run() -> None:
    async def drawn() -> list[Any]:
        cluster = await shop(seed=5)
        found = [receiver(await traced(cluster)) for _ in range(12)]
        await cluster.close()
        return found

    first = asyncio.run(drawn())
    assert asyncio.run(drawn()) == first
    assert len(set(first)) == 3


def test_a_closed_cluster_has_no_network() -> None:
    async def run() -> None:
        cluster = await shop()
        await cluster.close()
        with pytest.raises(NotRunningError):
            await traced(cluster)

    asyncio.run(run())
