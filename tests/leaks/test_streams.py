"""What sessions leave behind when their clients vanish: no task, no program, no connection."""

from __future__ import annotations

import asyncio
from itertools import cycle, islice

import httpx

from fauxkube.kit.clock import ManualClock
from fauxkube.kit.containers import Terminal
from fauxkube.kit.streams import Duplex, Pipe
from fauxkube.server.streaming.connection import Connection
from fauxkube.server.streaming.options import RemoteOptions
from fauxkube.server.streaming.sessions import PING, Remote, over_spdy
from fauxkube.server.streaming.spdy_frames import Encoder, SynStream
from leaks.test_served_clusters import alive, serving, until
from support.containers import FakeContainers
from support.upgrades import PODS, spdy_offer, websocket_offer

EXEC = f"{PODS}/web/exec?command=sleep&stdin=true"
#: Requests that go on, and what their clients say once they are answered.
STREAMS = [
    (EXEC, websocket_offer("v5.channel.k8s.io"), b""),
    (EXEC, websocket_offer("v4.channel.k8s.io"), b"\x82\x83\0\0\0\0\0ab"),
    (EXEC, spdy_offer("v4.channel.k8s.io"), b"ES"),
    (f"{PODS}/web/portforward", spdy_offer("portforward.k8s.io"), b""),
    (f"{PODS}/web/portforward", websocket_offer("SPDY/3.1+portforward.k8s.io"), b""),
    (f"{PODS}/web/portforward?ports=80", websocket_offer(), b""),
    (f"{PODS}/web/log?follow=true", {}, b""),
]


def _opened() -> bytes:
    encoder = Encoder()
    streams = enumerate(("error", "stdin"))
    return b"".join([encoder.encode(SynStream(1 + 2 * number, {"streamType": type_})) for number, type_ in streams])


async def _begin(url: str, target: str, headers: dict[str, str], said: bytes) -> asyncio.StreamWriter:
    """Send a request whose answer goes on, and what follows it."""
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    lines = [f"GET {target} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.split()[1] in (b"101", b"200"), head
    writer.write(_opened() if said == b"ES" else said)
    await writer.drain()
    return writer


def test_clients_that_vanish_leave_nothing() -> None:
    async def scenario() -> None:
        containers = FakeContainers()
        async with serving() as (cluster, url), httpx.AsyncClient(base_url=url, timeout=20) as http:
            vars(cluster.workloads).update(containers=containers)
            pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
            assert (await http.post(PODS, json=pod)).status_code == 201
            while (await http.get(f"{PODS}/web")).json()["status"]["phase"] != "Running":
                pass
            tasks = len(asyncio.all_tasks())
            wanted = islice(cycle(STREAMS), 10 * len(STREAMS))
            writers = [await _begin(url, *each) for each in wanted]
            await until(lambda: containers.count("sleep") == 30)
            assert len(alive(Connection)) == 60
            for number, writer in enumerate(writers):
                if number % 2:
                    writer.transport.abort()
                else:
                    writer.close()
            await until(lambda: len(asyncio.all_tasks()) <= tasks)
            await until(lambda: not alive(Connection))
            assert containers.ended.qsize() == 40

    asyncio.run(scenario())


def test_a_client_that_vanishes_while_nobody_reads_what_it_sent_is_noticed() -> None:
    """Where nothing is read from the network, nothing tells that the client has gone, but a ping does."""

    async def scenario() -> None:
        ended = asyncio.Event()

        async def deaf(terminal: Terminal) -> int:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return 0

        clock, up, down = ManualClock(), Pipe(), Pipe()
        options = RemoteOptions(stdin=True, tty=False, opened=frozenset({"stdin"}))
        remote = Remote(deaf, options, clock)
        session = asyncio.create_task(over_spdy(Duplex(up, down), remote, "v4.channel.k8s.io"))
        await up.write(_opened())
        async with asyncio.timeout(10):
            await down.read()
            down.break_off()
            while not ended.is_set():
                await asyncio.sleep(0)
                clock.advance(PING)
            await session

    asyncio.run(scenario())
