"""What a cluster costs in which nothing happens: no task at all until something does, and then only what it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fauxkube.cluster.beginnings.template import Templates
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CONFIG_MAPS, DEPLOYMENTS, INGRESSES, POD_DISRUPTION_BUDGETS, PODS
from fauxkube.machinery.objects import GVR
from support.api import config_map, deployment, pod


def run(body: Callable[[Cluster], Awaitable[None]]) -> None:
    """With a new cluster of three nodes whose time stands still."""

    async def main() -> None:
        cluster = (await Templates().of(Settings(clock_rate=0))).new_cluster()
        await cluster.start()
        try:
            await cluster.time.settle()
            await body(cluster)
        finally:
            await cluster.close()

    asyncio.run(main())


async def tasks() -> list[str]:
    await asyncio.sleep(0)  # a worker that is done ends in its next turn
    await asyncio.sleep(0)
    return sorted(task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task())


def test_an_idle_cluster_is_no_task_at_all() -> None:
    async def body(cluster: Cluster) -> None:
        assert await tasks() == []
        assert len(cluster.informers.all()) > 20

    run(body)


def test_a_change_sets_those_going_whose_kind_it_is() -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(CONFIG_MAPS, config_map("ours"), namespace="default")
        await cluster.time.settle()
        assert await tasks() == ["informers/configmaps"]
        assert cluster.informers.of(CONFIG_MAPS).get("default/ours") is not None

    run(body)


@pytest.mark.parametrize("gvr", [INGRESSES, POD_DISRUPTION_BUDGETS], ids=lambda gvr: gvr.resource)
def test_what_watches_a_kind_without_objects_does_not_run(gvr: GVR) -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(PODS, pod("web"), namespace="default")
        await cluster.time.settle()
        assert "informers/pods" in await tasks()
        assert f"informers/{gvr.group_resource}" not in await tasks()

    run(body)


def test_the_controller_of_a_kind_works_once_there_is_an_object() -> None:
    async def body(cluster: Cluster) -> None:
        spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
        budget = {"metadata": {"name": "web", "namespace": "default"}, "spec": spec}
        await cluster.client.create(POD_DISRUPTION_BUDGETS, budget)
        assert not cluster.time.activity.is_idle()
        await cluster.time.settle()
        written = await cluster.client.get(POD_DISRUPTION_BUDGETS, "web", "default")
        assert written["status"]["desiredHealthy"] == 1

    run(body)


def test_a_fork_of_a_cluster_in_which_things_happened_rests_as_well() -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(PODS, pod("web"), namespace="default")
        await cluster.time.settle()
        busy = await tasks()
        fork = cluster.fork()
        await fork.start()
        try:
            await fork.time.settle()
            assert await tasks() == busy
            await fork.client.delete(PODS, "web", namespace="default")
            await fork.time.settle()
            assert fork.informers.of(PODS).get("default/web") is None
            assert cluster.informers.of(PODS).get("default/web") is not None
        finally:
            await fork.close()

    run(body)


def test_a_component_has_a_recorder_of_events_once_it_has_something_to_say() -> None:
    async def body(cluster: Cluster) -> None:
        assert "deployment-controller" not in {each.component for each in cluster.recorders}
        await cluster.client.create(DEPLOYMENTS, deployment("web", replicas=1), namespace="default")
        await cluster.time.settle()
        assert "deployment-controller" in {each.component for each in cluster.recorders}

    run(body)
