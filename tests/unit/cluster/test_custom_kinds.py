"""Custom kinds belong to one cluster, and go with its state: forks, snapshots, data files, dumps, manifests."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fauxkube.cluster.beginnings.loading import begin, make
from fauxkube.cluster.beginnings.snapshots import cluster_of, load, save
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CUSTOM_RESOURCE_DEFINITIONS
from fauxkube.machinery.objects import GVR, Object, name_of
from fauxkube.simulation.manifests import Manifest
from support.custom_resources import GROUP, shop, shops, version
from support.running import settled

STILL = Settings(nodes=0, clock_rate=0, seed=5)
SHOPS = GVR(GROUP, "v1", "shops")


def manifests(*objects: Object) -> list[Manifest]:
    return [Manifest(each, f"test.yaml:{number}") for number, each in enumerate(objects, start=1)]


async def with_a_shop(cluster: Cluster) -> None:
    await cluster.client.create(CUSTOM_RESOURCE_DEFINITIONS, shops())
    await cluster.time.settle()
    await cluster.client.create(SHOPS, shop(), namespace="default")


async def names(cluster: Cluster) -> list[str]:
    return [name_of(each) for each in (await cluster.client.list(SHOPS)).items]


def test_a_cluster_s_kinds_are_its_own() -> None:
    async def main() -> None:
        async with settled(Cluster(STILL)) as one, settled(Cluster(STILL)) as other:
            await with_a_shop(one)
            assert one.registry.catalogue.find(*SHOPS)
            assert other.registry.catalogue.find(*SHOPS) is None

    asyncio.run(main())


def test_a_fork_has_them_and_goes_its_own_way() -> None:
    async def main() -> None:
        async with settled(Cluster(STILL)) as cluster:
            await with_a_shop(cluster)
            async with settled(cluster.fork()) as fork:
                assert await names(fork) == ["corner"]
                await fork.client.delete(CUSTOM_RESOURCE_DEFINITIONS, f"shops.{GROUP}")
                await fork.time.settle()
                assert fork.registry.catalogue.find(*SHOPS) is None
            assert await names(cluster) == ["corner"]

    asyncio.run(main())


def test_a_snapshot_has_them() -> None:
    async def main() -> None:
        async with settled(Cluster(STILL)) as cluster:
            await cluster.client.create(CUSTOM_RESOURCE_DEFINITIONS, shops(version("v1"), version("v2", storage=False)))
            await cluster.time.settle()
            await cluster.client.create(SHOPS, shop(), namespace="default")
            data = save(cluster)
        async with settled(cluster_of(load(data))) as again:
            assert await names(again) == ["corner"]
            listed = await again.client.list(SHOPS, field_selector="metadata.name=corner")
            assert [name_of(each) for each in listed.items] == ["corner"]
            await again.client.delete(CUSTOM_RESOURCE_DEFINITIONS, f"shops.{GROUP}")
            await again.time.settle()
            assert again.registry.catalogue.find(*SHOPS) is None

    asyncio.run(main())


def test_a_data_file_keeps_them(tmp_path: Path) -> None:
    settings = Settings(nodes=0, data=str(tmp_path / "state.db"))

    async def main() -> None:
        async with settled(Cluster(settings)) as cluster:
            await with_a_shop(cluster)
        async with settled(Cluster(settings)) as cluster:
            assert await names(cluster) == ["corner"]
            assert (await cluster.client.list(SHOPS, field_selector="metadata.name=corner")).items
            assert not (await cluster.client.list(SHOPS, field_selector="metadata.name=other")).items

    asyncio.run(main())


def test_manifests_bring_definitions_and_what_they_define() -> None:
    async def main() -> None:
        beginning = await begin(manifests(shop(), shops()), STILL)
        async with settled(Cluster(beginning.settings, state=beginning.state)) as cluster:
            loaded = await make(cluster, beginning.manifests)
            assert (loaded.created, loaded.skipped) == ([f"CustomResourceDefinition shops.{GROUP}", "Shop corner"], [])
            assert await names(cluster) == ["corner"]
            defined = (await cluster.client.list(CUSTOM_RESOURCE_DEFINITIONS)).items
            more = await begin(manifests(shop("kiosk")), STILL, defined=defined)
            await make(cluster, more.manifests)
            assert await names(cluster) == ["corner", "kiosk"]

    asyncio.run(main())


def test_a_dump_brings_them_as_they_were() -> None:
    async def main() -> None:
        async with settled(Cluster(STILL)) as cluster:
            await with_a_shop(cluster)
            dumped = [
                each for gvr in (CUSTOM_RESOURCE_DEFINITIONS, SHOPS) for each in (await cluster.client.list(gvr)).items
            ]
        beginning = await begin(manifests(*dumped), STILL)
        async with settled(Cluster(beginning.settings, state=beginning.state)) as again:
            (live,) = (await again.client.list(SHOPS)).items
            assert live["metadata"]["uid"] == dumped[1]["metadata"]["uid"]

    asyncio.run(main())
