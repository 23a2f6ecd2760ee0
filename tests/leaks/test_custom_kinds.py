"""Kinds that come and go leave nothing behind: no informer, no task, nothing in the catalogue."""

from __future__ import annotations

import asyncio

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CUSTOM_RESOURCE_DEFINITIONS
from fauxkube.machinery.objects import GVR
from support.custom_resources import GROUP, shop, shops
from support.running import settled

SHOPS = GVR(GROUP, "v1", "shops")


def test_definitions_that_come_and_go_leave_nothing_behind() -> None:
    async def main() -> None:
        async with settled(Cluster(Settings(nodes=0, clock_rate=0))) as cluster:
            held, tasks = kept(cluster), 0
            for turn in range(5):
                await cluster.client.create(CUSTOM_RESOURCE_DEFINITIONS, shops())
                await cluster.time.settle()
                await cluster.client.create(SHOPS, shop(), namespace="default")
                await cluster.client.delete(CUSTOM_RESOURCE_DEFINITIONS, f"shops.{GROUP}")
                await cluster.time.settle()
                await asyncio.sleep(0)
                if turn == 0:  # what listens to definitions has been at rest until then
                    tasks = len(asyncio.all_tasks())
            assert kept(cluster) == held
            assert len(asyncio.all_tasks()) <= tasks

    asyncio.run(main())


def kept(cluster: Cluster) -> tuple[int, int]:
    return len(cluster.informers.all()), len(cluster.registry.catalogue.resources)
