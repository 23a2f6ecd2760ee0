"""What clients leave behind when they go, and clusters when they close: nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CONFIG_MAPS as CONFIG_MAP_RESOURCE
from fauxkube.machinery.objects import Object
from fauxkube.server.listener import Listener
from fauxkube.store.model import Change
from fauxkube.store.subscription import Subscription
from support.api import CONFIG_MAPS, NODES, PODS, config_map, pod

T = TypeVar("T")


@asynccontextmanager
async def serving(settings: Settings | None = None) -> AsyncIterator[tuple[Cluster, str]]:
    """A cluster and its URL, in this event loop."""
    cluster = Cluster(settings or Settings())
    listener = Listener(cluster.application, port=0)
    await cluster.start()
    await listener.serve()
    try:
        yield cluster, listener.url
    finally:
        await listener.stop()
        await cluster.close()


def alive(kind: type[T]) -> list[T]:
    gc.collect()
    return [each for each in gc.get_objects() if type(each) is kind]


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as `holds()`; fail when it does not within some seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what goes away tells nobody
            await asyncio.sleep(0.01)


async def watch(url: str, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An open watch whose first bytes have arrived."""
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(f"GET {path}{'&' if '?' in path else '?'}watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def test_watchers_that_go_away_leave_nothing() -> None:
    async def scenario() -> None:
        async with serving() as (_, url):
            before = len(alive(Subscription))
            tasks = len(asyncio.all_tasks())
            watches = [await watch(url, path) for path in (CONFIG_MAPS, PODS, NODES) for _ in range(40)]
            assert len(alive(Subscription)) == before + 120
            for number, (_, writer) in enumerate(watches):
                if number % 2:
                    writer.transport.abort()
                else:
                    writer.close()
            await until(lambda: len(alive(Subscription)) == before)
            await until(lambda: len(asyncio.all_tasks()) <= tasks)

    asyncio.run(scenario())


def test_watches_that_end_by_themselves_leave_nothing() -> None:
    async def scenario() -> None:
        async with serving() as (_, url), httpx.AsyncClient(base_url=url) as client:
            before = len(alive(Subscription))
            await asyncio.gather(
                *(client.get(CONFIG_MAPS, params={"watch": "1", "timeoutSeconds": "1"}) for _ in range(20)),
                *(client.get(CONFIG_MAPS, params={"watch": "1", "resourceVersion": "999999"}) for _ in range(20)),
                *(client.get(CONFIG_MAPS, params={"watch": "1", "labelSelector": "=="}) for _ in range(20)),
            )
            assert len(alive(Subscription)) == before

    asyncio.run(scenario())


def test_a_closed_cluster_leaves_no_task() -> None:
    async def scenario() -> set[str]:
        async with serving() as (_, url):
            watches = [await watch(url, PODS) for _ in range(10)]
            async with httpx.AsyncClient(base_url=url) as client:
                await asyncio.gather(*(client.post(PODS, json=pod(f"p{n}")) for n in range(20)))
        for reader, writer in watches:
            await reader.read()
            writer.close()
            await writer.wait_closed()
        return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    assert asyncio.run(scenario()) == set()


def test_a_cluster_that_could_not_start_leaves_nothing() -> None:
    async def scenario() -> set[str]:
        cluster = Cluster(Settings())
        await cluster.close()
        await cluster.close()
        return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    assert asyncio.run(scenario()) == set()


def test_what_has_come_and_gone_is_forgotten_but_for_the_history() -> None:
    async def churn(cluster: Cluster, count: int) -> None:
        for n in range(count):
            await cluster.client.create(CONFIG_MAP_RESOURCE, config_map(f"c{n}", namespace="default"))
            await cluster.client.delete(CONFIG_MAP_RESOURCE, f"c{n}", namespace="default")
            # Whoever watches keeps its last batch: a pause makes small ones.
            await asyncio.sleep(0)

    async def scenario() -> None:
        async with serving(Settings(nodes=0, history=64)) as (cluster, _):
            await churn(cluster, 200)
            before = len(alive(Change))
            await churn(cluster, 1_000)
            assert len(alive(Change)) < before + 500

    asyncio.run(scenario())


def test_a_watcher_that_does_not_read_is_cut_off_and_holds_nobody_up() -> None:
    count = 9_000

    async def read(reader: asyncio.StreamReader) -> list[Object]:
        """The events of a chunked response until its end."""
        events, rest = [], b""
        while size := int(await reader.readline(), 16):
            rest += await reader.readexactly(size)
            await reader.readline()
            *lines, rest = rest.split(b"\n")
            events += [json.loads(line) for line in lines]
        return events

    async def scenario() -> None:
        async with serving(Settings(nodes=0)) as (cluster, url):
            slow = socket.socket()
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            address = httpx.URL(url)
            slow.connect((address.host, address.port))
            slow.sendall(f"GET {CONFIG_MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            fast, writer = await watch(url, f"{CONFIG_MAPS}?timeoutSeconds=6")
            reading = asyncio.create_task(read(fast))
            obj = config_map("c", {"k": "x" * 2_000}, namespace="default")
            await cluster.client.create(CONFIG_MAP_RESOURCE, obj)
            for n in range(count):
                patch = {"data": {"n": str(n)}}
                await cluster.client.patch(CONFIG_MAP_RESOURCE, "c", patch, namespace="default")
                if n % 50 == 0:
                    await asyncio.sleep(0)
            events = await reading
            assert [event["type"] for event in events] == ["ADDED"] + ["MODIFIED"] * count
            slow.setblocking(False)
            reader, slow_writer = await asyncio.open_connection(sock=slow)
            await reader.readuntil(b"\r\n\r\n")
            told = await read(reader)
            assert 0 < len(told) < count
            assert (told[-1]["type"], told[-1]["object"]["code"]) == ("ERROR", 410)
            versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in told[:-1]]
            assert versions == list(range(versions[0], versions[0] + len(versions)))
            for each in (writer, slow_writer):
                each.close()
                await each.wait_closed()

    asyncio.run(scenario())
