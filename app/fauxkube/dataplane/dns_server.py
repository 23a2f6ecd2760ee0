"""A DNS server on loopback: the same port over UDP and TCP (RFC 7766), until it is closed.

It reads and writes; what is answered is for whoever is handed in. It is bounded everywhere: queries that wait, open
connections, how long one may be idle (by real time, as the peers' clocks go), and queries a connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from fauxkube.kit.tasks import Tasks

#: The answer to a query's bytes that came in a datagram or not; None for no answer.
Answering = Callable[[bytes, bool], Awaitable[bytes | None]]

#: How many ports are tried where any will do, but it must be free for both protocols.
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Limits:
    """Datagrams that wait for their answer, connections, queries over one of them, seconds it may be idle."""

    datagrams: int = 1000
    connections: int = 200
    queries: int = 128
    idle: float = 10.0


class DnsServer:
    """Listens at `host` from `start` to `close`; port 0 is a free one."""

    def __init__(
        self, answering: Answering, *, host: str = "127.0.0.1", port: int = 0, limits: Limits | None = None
    ) -> None:
        self._answering = answering
        self._host = host
        self._port = port
        self._limits = limits or Limits()
        self._tasks = Tasks("dns")
        self._udp: asyncio.DatagramTransport | None = None
        self._udp_ended = asyncio.Event()
        self._tcp: asyncio.Server | None = None
        self._is_open = False
        self._waiting = self._connections = 0

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        return self._port

    @property
    def address(self) -> str:
        """`127.0.0.1:5353`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    async def start(self) -> None:
        """Listen; OSError when the port is taken."""
        tcp, udp = _bound(self._host, self._port)
        loop = asyncio.get_running_loop()
        self._is_open = True
        try:
            self._udp, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self._received, self._udp_ended), sock=udp
            )
            self._tcp = await asyncio.start_server(self._connected, sock=tcp)
        except BaseException:
            tcp.close()
            udp.close()
            raise
        self._port = tcp.getsockname()[1]

    async def close(self) -> None:
        """Stop listening and hang up; harmless when called again."""
        self._is_open = False
        if self._tcp is not None:
            self._tcp.close()
        await self._tasks.close()
        if self._tcp is not None:
            await self._tcp.wait_closed()
            self._tcp = None
        if self._udp is not None:
            self._udp.close()
            await self._udp_ended.wait()
            self._udp = None

    # UDP

    def _received(self, query: bytes, peer: tuple[str, int]) -> None:
        """Answer in the background; more than can wait are dropped, as a network may do."""
        if self._is_open and self._waiting < self._limits.datagrams:
            self._waiting += 1
            self._tasks.spawn(self._answer_datagram(query, peer), name="datagram")

    async def _answer_datagram(self, query: bytes, peer: tuple[str, int]) -> None:
        try:
            answer = await self._answering(query, True)
            if answer is not None and self._udp is not None:
                self._udp.sendto(answer, peer)
        finally:
            self._waiting -= 1

    # TCP

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_open or self._connections >= self._limits.connections:
            writer.close()
            return
        self._connections += 1
        self._tasks.spawn(self._converse(reader, writer), name="connection")

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the peer hangs up, has asked enough or takes too long, also to read its last answer."""
        try:
            with suppress(asyncio.IncompleteReadError):
                await self._exchange(reader, writer)
            writer.close()
            async with asyncio.timeout(self._limits.idle):
                await writer.wait_closed()
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.transport.abort()
            self._connections -= 1

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(self._limits.queries):
            async with asyncio.timeout(self._limits.idle):
                length = int.from_bytes(await reader.readexactly(2), "big")
                query = await reader.readexactly(length)
                answer = await self._answering(query, False)
                if answer is None:
                    return
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    """Hands on what comes in. What the kernel reports of a peer that is gone matters to nobody."""

    def __init__(self, received: Callable[[bytes, tuple[str, int]], None], ended: asyncio.Event) -> None:
        self._received = received
        self._ended = ended

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, addr)

    def error_received(self, exc: Exception) -> None:
        pass

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()


def _bound(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Sockets for TCP and UDP at the same port; OSError where it, or each that was tried, is taken."""
    for remaining in reversed(range(1 if port else _TRIES)):
        try:
            return _pair(host, port)
        except OSError:
            if not remaining:
                raise
    raise AssertionError("unreachable")


def _pair(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tcp, udp = socket.socket(family, socket.SOCK_STREAM), socket.socket(family, socket.SOCK_DGRAM)
    try:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((host, port))
        udp.bind((host, tcp.getsockname()[1]))
    except OSError:
        tcp.close()
        udp.close()
        raise
    return tcp, udp
