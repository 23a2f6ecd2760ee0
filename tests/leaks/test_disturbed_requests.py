"""Requests that go wrong, and clients that go away meanwhile, leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds import gvrs
from fauxkube.machinery.objects import Object
from fauxkube.server.listener import Listener
from fauxkube.store.subscription import Subscription
from support.api import CONFIG_MAPS, config_map


@asynccontextmanager
async def serving(*effects: Object, **match: Any) -> AsyncIterator[tuple[Cluster, str]]:
    """A cluster in this event loop whose requests are hit by these faults."""
    cluster = Cluster(Settings(nodes=0))
    listener = Listener(cluster.application, port=0)
    await cluster.start()
    await listener.serve()
    for effect in effects:
        cluster.faults.add({"kind": "request", "match": match, "effect": effect})
    try:
        yield cluster, listener.url
    finally:
        await listener.stop()
        await cluster.close()


async def ask(url: str, head: str, body: str = "") -> asyncio.StreamWriter:
    """A connection on which a request has been sent."""
    address = httpx.URL(url)
    _, writer = await asyncio.open_connection(address.host, address.port)
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    writer.write(f"{head} HTTP/1.1\r\nHost: x\r\n{length}\r\n{body}".encode())
    await writer.drain()
    return writer


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as `holds()`; fail when it does not within some seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what goes away tells nobody
            await asyncio.sleep(0.01)


def subscriptions() -> int:
    gc.collect()
    return sum(type(each) is Subscription for each in gc.get_objects())


async def go_away(writers: list[asyncio.StreamWriter]) -> None:
    """Let half of the clients reset their connections, and the others close them."""
    for number, writer in enumerate(writers):
        if number % 2:
            writer.transport.abort()
        else:
            writer.close()


def test_nothing_is_done_for_clients_that_go_away_while_they_are_kept_waiting() -> None:
    async def scenario() -> None:
        async with serving({"type": "latency", "delay": "1h"}) as (cluster, url):
            tasks = len(asyncio.all_tasks())
            body = '{"metadata": {"name": "never"}}'
            waiting = [await ask(url, f"POST {CONFIG_MAPS}", body) for _ in range(10)]
            waiting += [await ask(url, f"GET {CONFIG_MAPS}{query}") for query in ("", "?watch=1") for _ in range(10)]
            (fault,) = cluster.faults.list()
            await until(lambda: fault.hits == 30)
            await go_away(waiting)
            await until(lambda: len(asyncio.all_tasks()) <= tasks)
            assert cluster.store.get("configmaps/default/never") is None

    asyncio.run(scenario())


def test_watches_that_go_wrong_leave_nothing_when_their_clients_go_away() -> None:
    effects: list[Object] = [
        {"type": "watch-silence", "afterEvents": 1},
        {"type": "watch-delay", "delay": "1h"},
        {"type": "watch-duplicates"},
        {"type": "stale"},
    ]

    async def scenario() -> None:
        async with serving(*effects) as (cluster, url):
            before, tasks = subscriptions(), len(asyncio.all_tasks())
            watching = [await ask(url, f"GET {CONFIG_MAPS}?watch=1") for _ in range(20)]
            await until(lambda: all(fault.hits == 20 for fault in cluster.faults.list()))
            await until(lambda: subscriptions() == before + 20)
            await go_away(watching)
            await until(lambda: subscriptions() == before)
            await until(lambda: len(asyncio.all_tasks()) <= tasks)

    asyncio.run(scenario())


def test_broken_connections_leave_nothing() -> None:
    async def scenario() -> None:
        resets: list[Object] = [
            {"type": "reset", "when": when, "how": how}
            for when in ("request", "answer", "body")
            for how in ("reset", "close")
        ]
        drops: list[Object] = [{"type": "watch-drop", "how": how} for how in ("reset", "close", "end")]
        for effect in resets + drops:
            async with serving(effect) as (cluster, url), httpx.AsyncClient(base_url=url) as client:
                await cluster.client.create(gvrs.CONFIG_MAPS, config_map("first"), namespace="default")
                await cluster.time.settle()  # who listens to config maps does so from now on
                before, tasks = subscriptions(), len(asyncio.all_tasks())
                requests = [client.get(CONFIG_MAPS, params={"watch": "1", "timeoutSeconds": "5"}) for _ in range(5)]
                requests += [client.post(CONFIG_MAPS, json=config_map(f"c{n}")) for n in range(5)]
                await asyncio.gather(*requests, return_exceptions=True)
                await until(lambda: subscriptions() <= before)  # noqa: B023 - called at once
                await until(lambda: len(asyncio.all_tasks()) <= tasks)  # noqa: B023

    asyncio.run(scenario())


def test_a_cluster_that_closes_leaves_no_delayed_request() -> None:
    async def scenario() -> set[str]:
        async with serving({"type": "latency", "delay": "1h"}, verb=["get", "list"]) as (cluster, url):
            writers = [await ask(url, f"GET {CONFIG_MAPS}") for _ in range(10)]
            (fault,) = cluster.faults.list()
            await until(lambda: fault.hits == 10)
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    assert asyncio.run(scenario()) == set()
