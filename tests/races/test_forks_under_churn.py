"""Forks taken at any moment of a busy cluster: each comes to rest by itself, with nothing missing or there twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.core.pod_status import is_ready, pod_ip_of
from fauxkube.kinds.gvrs import DEPLOYMENTS, ENDPOINT_SLICES, PODS, SERVICES
from fauxkube.machinery.objects import name_of
from support.api import deployment, service

FORKS = 12


async def churn(cluster: Cluster, chance: random.Random) -> None:
    """Deployments come, grow, shrink and go, without a pause."""
    for number in range(FORKS * 4):
        name = f"web-{number % 5}"
        if name in {name_of(each) for each in (await cluster.client.list(DEPLOYMENTS)).items}:
            if chance.random() < 0.2:
                await cluster.client.delete(DEPLOYMENTS, name, namespace="default")
            else:
                scale = {"spec": {"replicas": chance.randrange(6)}}
                await cluster.client.patch(DEPLOYMENTS, name, scale, namespace="default")
        else:
            await cluster.client.create(DEPLOYMENTS, deployment(name, replicas=3), namespace="default")
        for _ in range(chance.randrange(20)):
            await asyncio.sleep(0)


async def assert_right(fork: Cluster) -> None:
    """The settled cluster has just what its deployments ask for, each pod with an address of its own."""
    wanted = {name_of(each): each["spec"]["replicas"] for each in (await fork.client.list(DEPLOYMENTS)).items}
    pods = (await fork.client.list(PODS)).items
    counted = Counter(each["metadata"]["labels"]["app"] for each in pods)
    assert counted == Counter({name: count for name, count in wanted.items() if count})
    assert all(map(is_ready, pods))
    addresses = [pod_ip_of(each) for each in pods]
    assert len(set(addresses)) == len(addresses)
    held = [each.value for each in fork.store.allocations() if each.pool.startswith("pods/") and each.owner]
    assert sorted(held) == sorted(addresses)
    slices = (await fork.client.list(ENDPOINT_SLICES, label_selector="kubernetes.io/service-name=web-0")).items
    behind = {address for each in slices for one in each["endpoints"] or () for address in one["addresses"]}
    assert behind == {pod_ip_of(each) for each in pods if each["metadata"]["labels"]["app"] == "web-0"}


@pytest.mark.parametrize("kept", [False, True], ids=["memory", "sqlite"])
def test_a_fork_of_a_busy_cluster_comes_to_rest_where_it_should(kept: bool, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    chance = random.Random(seed)

    async def scenario() -> None:
        source = Cluster(Settings(nodes=3, data=tmp_path / "data.db" if kept else None))
        await source.start()
        await source.client.create(SERVICES, service("web-0", selector={"app": "web-0"}), namespace="default")
        busy = asyncio.create_task(churn(source, chance))
        forks = []
        for _ in range(FORKS):
            for _ in range(chance.randrange(200)):
                await asyncio.sleep(0)
            forks.append(source.fork())
        await busy
        for fork in forks:
            await fork.start()
            await fork.time.settle()
            await assert_right(fork)
            await fork.close()
        await source.time.settle()
        await assert_right(source)
        await source.close()

    asyncio.run(scenario())
