"""New clusters made from a template are as good as new ones, and apart from each other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fauxkube.cluster.beginnings.template import Templates
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CONFIG_MAPS, DEPLOYMENTS, NODES, PODS
from fauxkube.machinery.objects import name_of
from support.api import config_map, deployment


def test_clusters_of_a_template_are_ready_and_know_nothing_of_each_other() -> None:
    async def scenario() -> None:
        template = await Templates().of(Settings(nodes=2))
        one, two = template.new_cluster(), template.new_cluster()
        for cluster in (one, two):
            await cluster.start()
        await one.client.create(CONFIG_MAPS, config_map("ours"), namespace="default")
        await one.client.create(DEPLOYMENTS, deployment("web", replicas=2), namespace="default")
        await asyncio.gather(one.time.settle(), two.time.settle())
        assert len((await one.client.list(PODS)).items) == 2
        assert (await two.client.list(CONFIG_MAPS)).items == (await two.client.list(PODS)).items == []
        assert [name_of(each) for each in (await two.client.list(NODES)).items] == ["node-1", "node-2"]
        await asyncio.gather(one.close(), two.close())

    asyncio.run(scenario())


def test_a_template_is_made_once_however_many_ask_for_it() -> None:
    async def scenario() -> None:
        templates = Templates()
        first, second = await asyncio.gather(templates.of(Settings(nodes=1)), templates.of(Settings(nodes=1)))
        assert first is second is await templates.of(Settings(nodes=1))
        assert await templates.of(Settings(nodes=2)) is not first

    asyncio.run(scenario())


def test_a_new_cluster_is_in_real_time_however_old_its_template_is() -> None:
    async def scenario() -> None:
        cluster = (await Templates().of(Settings(nodes=0))).new_cluster()
        assert abs(cluster.clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
        assert cluster.clock.rate == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("rate", [0.0, 5.0])
def test_a_clock_with_a_start_of_its_own_starts_there_in_every_cluster(rate: float) -> None:
    async def scenario() -> None:
        start = datetime(2031, 5, 4, tzinfo=UTC)
        template = await Templates().of(Settings(nodes=1, clock_start=start, clock_rate=rate))
        for _ in range(2):
            cluster = template.new_cluster()
            assert cluster.clock.now() - start < timedelta(seconds=1)
            assert cluster.clock.rate == rate
            await cluster.start()
            await cluster.time.settle()
            await cluster.close()

    asyncio.run(scenario())


def test_seeded_clusters_of_a_template_do_the_same() -> None:
    async def scenario() -> None:
        start = datetime(2031, 5, 4, tzinfo=UTC)
        template = await Templates().of(Settings(nodes=2, seed=3, clock_start=start, clock_rate=0))
        states = []
        for _ in range(2):
            cluster = template.new_cluster()
            await cluster.start()
            await cluster.client.create(DEPLOYMENTS, deployment("web", replicas=3), namespace="default")
            await cluster.time.settle()
            states.append([entry.value for entry in cluster.store.page("").entries])
            await cluster.close()
        assert states[0] == states[1]

    asyncio.run(scenario())


def test_with_a_seed_a_cluster_of_a_template_goes_the_way_of_a_new_one() -> None:
    async def pods_of(cluster: Cluster) -> list[tuple[str, str, str, str]]:
        await cluster.start()
        await cluster.time.settle()
        await cluster.client.create(DEPLOYMENTS, deployment("web", replicas=8), namespace="default")
        await cluster.time.settle()
        pods = (await cluster.client.list(PODS)).items
        await cluster.close()
        return [(name_of(pod), pod["metadata"]["uid"], pod["spec"]["nodeName"], pod["status"]["podIP"]) for pod in pods]

    async def scenario() -> None:
        settings = Settings(seed=7)
        template = await Templates().of(settings)
        one, two, three = [
            await pods_of(cluster) for cluster in (Cluster(settings), template.new_cluster(), template.new_cluster())
        ]
        assert one == two == three
        assert len(one) == 8

    asyncio.run(scenario())
