"""The listener: the port it takes, and stopping in time whatever its clients do."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from fauxkube.server.listener import Listener
from unit.server.fake_cluster import FakeCluster


def test_a_free_port_is_taken_and_told() -> None:
    async def run() -> None:
        listener = Listener(FakeCluster().application)
        await listener.bind()
        url = listener.url
        await listener.serve()
        async with httpx.AsyncClient() as http:
            response = await http.get(f"{url}/healthz")
        assert (response.text, url) == ("ok", f"http://127.0.0.1:{listener.port}")
        assert "server" not in response.headers
        await listener.stop()
        await listener.stop()

    asyncio.run(run())


def test_a_port_that_is_taken_cannot_be_bound() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listener = Listener(FakeCluster().application, port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            asyncio.run(listener.bind())


def test_a_listener_that_was_only_bound_gives_its_port_back() -> None:
    async def run() -> None:
        listener = Listener(FakeCluster().application)
        with pytest.raises(RuntimeError, match="not been bound"):
            _ = listener.port
        await listener.bind()
        port = listener.port
        await listener.stop()
        again = Listener(FakeCluster().application, port=port)
        await again.bind()
        await again.stop()

    asyncio.run(run())


def test_stopping_does_not_wait_for_idle_or_stalled_connections() -> None:
    async def run() -> None:
        listener = Listener(FakeCluster().application)
        await listener.serve()
        idle_reader, idle = await asyncio.open_connection("127.0.0.1", listener.port)
        idle.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await idle_reader.readline()).startswith(b"HTTP/1.1 200")
        _, stalled = await asyncio.open_connection("127.0.0.1", listener.port)
        stalled.write(b"POST /api/v1/nodes HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        await stalled.drain()
        async with asyncio.timeout(2):
            await listener.stop()
        for writer in (idle, stalled):
            writer.close()

    asyncio.run(run())
