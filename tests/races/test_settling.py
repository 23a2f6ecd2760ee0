"""Settled means right: whatever was changed before, and by how many at once, nothing is left to be waited for."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CONFIG_MAPS, DEPLOYMENTS, ENDPOINTS, PODS, REPLICA_SETS, SERVICES
from fauxkube.machinery.objects import is_terminating, key_of, name_of
from fauxkube.machinery.status import StatusError
from fauxkube.server.listener import Listener
from support.api import config_map, deployment, pod, service

NAMESPACE = "default"
ROUNDS = 12
AT_ONCE = 4


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Cluster]:
    cluster = Cluster(settings)
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.close()


async def change_something(cluster: Cluster, chance: random.Random) -> None:
    client = cluster.client
    pods = (await client.list(PODS, NAMESPACE)).items
    with suppress(StatusError):  # another change was faster
        match chance.choice(("scale", "roll out", "delete", "relabel") if pods else ("scale",)):
            case "scale":
                replicas = chance.randrange(1, 8)
                await client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": replicas}}, namespace=NAMESPACE)
            case "roll out":
                told = {"spec": {"template": {"metadata": {"annotations": {"at": str(chance.random())}}}}}
                await client.patch(DEPLOYMENTS, "web", told, namespace=NAMESPACE)
            case "delete":
                await client.delete(PODS, name_of(chance.choice(pods)), namespace=NAMESPACE)
            case _:
                labels = {"metadata": {"labels": {"app": "other"}}}
                await client.patch(PODS, name_of(chance.choice(pods)), labels, namespace=NAMESPACE)


async def assert_right(cluster: Cluster) -> None:
    client = cluster.client
    for gvr in (PODS, SERVICES, ENDPOINTS, DEPLOYMENTS, REPLICA_SETS):
        there = {key_of(each): each["metadata"]["resourceVersion"] for each in (await client.list(gvr)).items}
        shown = {key_of(each): each["metadata"]["resourceVersion"] for each in cluster.informers.of(gvr).items()}
        assert shown == there, gvr.resource
    rolled_out = await client.get(DEPLOYMENTS, "web", NAMESPACE)
    replicas = rolled_out["spec"]["replicas"]
    assert rolled_out["status"]["observedGeneration"] == rolled_out["metadata"]["generation"]
    assert rolled_out["status"].get("updatedReplicas") == rolled_out["status"].get("availableReplicas") == replicas
    pods = (await client.list(PODS, NAMESPACE, label_selector="app=web")).items
    assert not any(map(is_terminating, pods))
    (subset,) = (await client.get(ENDPOINTS, "web", NAMESPACE))["subsets"]
    assert {each["ip"] for each in subset["addresses"]} == {each["status"]["podIP"] for each in pods}
    assert len(pods) == replicas


@pytest.mark.parametrize("in_file", [False, True], ids=["memory", "file"])
def test_settled_means_right_after_any_churn(in_file: bool, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed: {seed}")  # noqa: T201 - to run the same interleaving again
    chance = random.Random(seed)

    async def scenario() -> None:
        async with running(Settings(seed=seed, data=tmp_path / "data" if in_file else None, clock_rate=0)) as cluster:
            await cluster.client.create(SERVICES, service("web", selector={"app": "web"}), namespace=NAMESPACE)
            await cluster.client.create(DEPLOYMENTS, deployment("web", replicas=3), namespace=NAMESPACE)
            for _ in range(ROUNDS):
                await asyncio.gather(*(change_something(cluster, chance) for _ in range(chance.randint(1, AT_ONCE))))
                settled = await cluster.time.settle(revision=cluster.store.revision)
                await assert_right(cluster)
                assert (await cluster.time.settle()).revision == settled.revision
                if chance.random() < 0.3:
                    await cluster.time.advance(chance.uniform(0, 60))

    asyncio.run(scenario())


def test_a_cluster_settles_while_others_go_on_writing() -> None:
    async def scenario() -> None:
        async with running(Settings()) as cluster:
            stop = asyncio.Event()

            async def write_on() -> None:
                number = 0
                while not stop.is_set():
                    number += 1
                    await cluster.client.create(CONFIG_MAPS, config_map(f"c{number}"), namespace=NAMESPACE)
                    await asyncio.sleep(0.001)

            writing = asyncio.create_task(write_on())
            await cluster.client.create(DEPLOYMENTS, deployment("web", replicas=3), namespace=NAMESPACE)
            await cluster.time.settle()
            assert [each["status"]["phase"] for each in (await cluster.client.list(PODS)).items] == ["Running"] * 3
            stop.set()
            await writing

    asyncio.run(scenario())


def test_many_settle_and_advance_at_once() -> None:
    async def scenario() -> None:
        async with running(Settings(clock_rate=0)) as cluster:
            began = cluster.clock.now()

            async def one(number: int) -> None:
                body = pod(f"p{number}")
                created = await cluster.client.create(PODS, body, namespace=NAMESPACE)
                await cluster.time.settle(revision=int(created["metadata"]["resourceVersion"]))
                found = await cluster.client.get(PODS, f"p{number}", NAMESPACE)
                assert found["status"]["phase"] == "Running"
                await cluster.time.advance(1)

            await asyncio.gather(*map(one, range(20)))
            assert (cluster.clock.now() - began).total_seconds() == 20

    asyncio.run(scenario())


@asynccontextmanager
async def served(cluster: Cluster) -> AsyncIterator[httpx.AsyncClient]:
    listener = Listener(cluster.application)
    await listener.serve()
    try:
        async with httpx.AsyncClient(base_url=listener.url, timeout=10) as http:
            yield http
    finally:
        await listener.stop()


def test_what_is_settled_has_been_sent_to_those_who_watch() -> None:
    async def scenario() -> None:
        async with running(Settings()) as cluster, served(cluster) as http:
            await _watch_and_settle(cluster, http)

    asyncio.run(scenario())


def test_a_client_that_does_not_read_its_watch_holds_nobody_up() -> None:
    async def scenario() -> None:
        async with running(Settings()) as cluster, served(cluster) as http:
            url = f"/api/v1/configmaps?watch=1&resourceVersion={cluster.store.revision}"
            async with http.stream("GET", url) as unread:
                assert unread.status_code == 200
                for number in range(20):  # more than sockets hold
                    body = config_map(f"c{number}", {"text": "x" * 900_000})
                    await cluster.client.create(CONFIG_MAPS, body, namespace=NAMESPACE)
                    await asyncio.sleep(0.001)
                await cluster.time.settle(timeout=5)
                assert [each.prefix for each in cluster.store.lagging()] == ["configmaps/"]
                await cluster.client.create(DEPLOYMENTS, deployment("web"), namespace=NAMESPACE)
                await cluster.time.settle(timeout=5)
                (created,) = (await cluster.client.list(PODS)).items
                assert created["status"]["phase"] == "Running"

    asyncio.run(scenario())


async def _watch_and_settle(cluster: Cluster, http: httpx.AsyncClient) -> None:
    before = cluster.store.revision
    query = {"watch": "1", "resourceVersion": str(before)}
    async with http.stream("GET", "/api/v1/pods", params=query) as response:
        for number in range(3):
            answer = await http.post("/api/v1/namespaces/default/pods", json=pod(f"p{number}"))
            assert answer.status_code == 201
        await cluster.time.settle()
        assert cluster.store.lagging() == []
        changes = cluster.store.subscribe("pods/", after=before)
        expected = [(change.type.value, change.revision) for change in changes.drain()]
        changes.close()
        lines = response.aiter_lines()
        async with asyncio.timeout(5):
            told = [json.loads(await anext(lines)) for _ in expected]
        revisions = [(each["type"], int(each["object"]["metadata"]["resourceVersion"])) for each in told]
        assert revisions == expected
        assert told[-1]["object"]["status"]["phase"] == "Running"
