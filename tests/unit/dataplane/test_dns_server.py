"""The DNS server's sockets: one port for both protocols, bounds, and a clean end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from fauxkube.dataplane.dns_server import DnsServer, Limits


async def _echo(query: bytes, is_datagram: bool) -> bytes | None:
    return (b"udp " if is_datagram else b"tcp ") + query if query else None


def _with_server(use: Callable[[DnsServer], Awaitable[None]], *, limits: Limits | None = None) -> None:
    async def run() -> None:
        server = DnsServer(_echo, limits=limits)
        await server.start()
        try:
            await use(server)
        finally:
            await server.close()
            await server.close()

    asyncio.run(run())


async def _by_udp(port: int, query: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, query)
        async with asyncio.timeout(10):
            return await loop.sock_recv(client, 100)


@asynccontextmanager
async def _connection(server: DnsServer) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


def test_both_protocols_are_answered_at_one_port() -> None:
    async def use(server: DnsServer) -> None:
        assert server.address == f"127.0.0.1:{server.port}"
        assert await _by_udp(server.port, b"a") == b"udp a"
        async with _connection(server) as (reader, writer):
            writer.write(b"\0\1b\0\1c")
            assert [await _read(reader), await _read(reader)] == [b"tcp b", b"tcp c"]

    _with_server(use)


def test_a_connection_that_idles_is_cut() -> None:
    async def use(server: DnsServer) -> None:
        async with _connection(server) as (reader, writer), asyncio.timeout(10):
            writer.write(b"\0\5hel")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)

    _with_server(use, limits=Limits(idle=0.01))


def test_no_more_connections_are_taken_than_allowed() -> None:
    async def use(server: DnsServer) -> None:
        async with _connection(server) as (reader, first):
            first.write(b"\0\1a")
            assert await _read(reader) == b"tcp a"
            async with _connection(server) as (refused, _), asyncio.timeout(10):
                assert await refused.read() == b""

    _with_server(use, limits=Limits(connections=1))


@pytest.mark.parametrize(
    ("sent", "answered"),
    [(b"\0\1a\0\1b\0\1c", b"\0\5tcp a\0\5tcp b"), (b"\0\0", b"")],
    ids=["enough", "garbage"],
)
def test_a_connection_ends_after_so_many_queries_and_after_garbage(sent: bytes, answered: bytes) -> None:
    async def use(server: DnsServer) -> None:
        async with _connection(server) as (reader, writer), asyncio.timeout(10):
            writer.write(sent)
            writer.write_eof()
            assert await reader.read() == answered

    _with_server(use, limits=Limits(queries=2))


def test_closing_hangs_up_and_frees_the_port() -> None:
    async def run() -> None:
        server = DnsServer(_echo)
        await server.start()
        async with _connection(server) as (reader, writer):
            writer.write(b"\0\1a")
            await _read(reader)
            await server.close()
            again = DnsServer(_echo, port=server.port)
            await again.start()
            await again.close()

    asyncio.run(run())


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_a_port_that_is_taken_for_either_protocol_is_refused(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        server = DnsServer(_echo, port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            asyncio.run(server.start())
