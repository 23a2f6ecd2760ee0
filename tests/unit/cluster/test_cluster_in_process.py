"""A cluster without a server: what is there from the start, and that many live side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from fauxkube.cluster.bootstrap import SYSTEM_NAMESPACES
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CONFIG_MAPS, ENDPOINT_SLICES, ENDPOINTS, NAMESPACES, NODES, SERVICES
from fauxkube.machinery.objects import GVR, Object
from fauxkube.machinery.status import StatusError
from fauxkube.registry.pools import CLUSTER_IPS
from support.api import config_map


@asynccontextmanager
async def running(settings: Settings | None = None) -> AsyncIterator[Cluster]:
    cluster = Cluster(settings or Settings(nodes=0))
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.close()


async def eventually(find: Callable[[], Awaitable[Object]]) -> Object:
    """What `find` gives once it finds it."""
    async with asyncio.timeout(5):
        while True:
            with suppress(StatusError):
                return await find()
            await asyncio.sleep(0.005)


def test_the_system_s_namespaces_and_service_are_there() -> None:
    async def scenario() -> None:
        async with running() as cluster:
            found = (await cluster.client.list(NAMESPACES)).items
            assert {each["metadata"]["name"] for each in found} == set(SYSTEM_NAMESPACES)
            service = await cluster.client.get(SERVICES, "kubernetes", "default")
            assert service["spec"]["clusterIP"] == "10.96.0.1"
            endpoints = await cluster.client.get(ENDPOINTS, "kubernetes", "default")
            slice_ = await cluster.client.get(ENDPOINT_SLICES, "kubernetes", "default")
            (address,) = endpoints["subsets"][0]["addresses"]
            assert slice_["endpoints"][0]["addresses"] == [address["ip"]]

    asyncio.run(scenario())


@pytest.mark.parametrize("gvr", [SERVICES, ENDPOINTS, ENDPOINT_SLICES], ids=lambda gvr: gvr.resource)
def test_the_api_server_s_own_service_is_put_back(gvr: GVR) -> None:
    async def scenario() -> None:
        async with running() as cluster:
            before = await cluster.client.get(gvr, "kubernetes", "default")
            await cluster.client.delete(gvr, "kubernetes", namespace="default")
            after = await eventually(lambda: cluster.client.get(gvr, "kubernetes", "default"))
            assert after["metadata"]["uid"] != before["metadata"]["uid"]
            if gvr == SERVICES:
                assert after["spec"]["clusterIP"] == "10.96.0.1"
                assert cluster.pools[CLUSTER_IPS].owner_of("10.96.0.1") == "services/default/kubernetes"

    asyncio.run(scenario())


def test_clusters_side_by_side_know_nothing_of_each_other() -> None:
    async def scenario() -> None:
        async with running() as one, running() as two:
            await one.client.create(CONFIG_MAPS, config_map("a", namespace="default"))
            assert [each["metadata"]["name"] for each in (await one.client.list(CONFIG_MAPS)).items] == ["a"]
            assert (await two.client.list(CONFIG_MAPS)).items == []

    asyncio.run(scenario())


def test_a_seed_makes_the_same_choices() -> None:
    async def scenario() -> list[str]:
        async with running(Settings(nodes=0, seed=7)) as cluster:
            namespaces = (await cluster.client.list(NAMESPACES)).items
            return [each["metadata"]["uid"] for each in namespaces]

    assert asyncio.run(scenario()) == asyncio.run(scenario())


def test_a_start_on_kept_data_gives_no_uid_again_that_the_seed_gave_before(tmp_path: Path) -> None:
    settings = Settings(nodes=0, seed=7, data=tmp_path / "state.db")

    async def made_and_deleted() -> str:
        async with running(settings) as cluster:
            made = await cluster.client.create(CONFIG_MAPS, config_map("a"), namespace="default")
            await cluster.client.delete(CONFIG_MAPS, "a", namespace="default")
            return str(made["metadata"]["uid"])

    assert asyncio.run(made_and_deleted()) != asyncio.run(made_and_deleted())


def test_a_start_on_kept_data_makes_nothing_twice(tmp_path: Path) -> None:
    settings = Settings(nodes=2, data=tmp_path / "state.db")

    async def uids() -> dict[str, str]:
        async with running(settings) as cluster:
            await eventually(lambda: cluster.client.get(NODES, "node-2"))
            found = [each for gvr in (NAMESPACES, NODES) for each in (await cluster.client.list(gvr)).items]
            return {each["metadata"]["name"]: each["metadata"]["uid"] for each in found}

    assert asyncio.run(uids()) == asyncio.run(uids())


def test_a_closed_cluster_refuses_by_name() -> None:
    async def scenario() -> None:
        async with running() as cluster:
            pass
        await cluster.close()
        with pytest.raises(StatusError) as caught:
            await cluster.client.create(CONFIG_MAPS, config_map("a", namespace="default"))
        assert (caught.value.code, caught.value.reason) == (503, "ServiceUnavailable")

    asyncio.run(scenario())
