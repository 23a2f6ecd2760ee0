"""TCP connections that were accepted on loopback: each goes where the model sends it, and stays there.

To what answers in this process HTTP is spoken without another socket. To a local process bytes are handed on as they
come, and neither side is read faster than the other takes them. What is lost is left unanswered until the client gives
up; what is refused is reset.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, cast

from fauxkube.dataplane.bindings import Binding
from fauxkube.dataplane.reached import Dial
from fauxkube.network.local_ports import LocalPort
from fauxkube.workloads.http_server import HttpConnection

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connections:
    """The connections of one cluster that are open."""

    def __init__(self) -> None:
        self._open: set[Accepted] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, connection: Accepted) -> None:
        """It has been accepted."""
        self._open.add(connection)
        self._empty.clear()

    def discard(self, connection: Accepted) -> None:
        """It is closed."""
        self._open.discard(connection)
        if not self._open:
            self._empty.set()

    async def closed(self) -> None:
        """Return once none is open."""
        await self._empty.wait()

    def reset(self, pod: str = "") -> None:
        """Break those to a pod, as when it is gone; all without one."""
        for each in [each for each in self._open if not pod or each.pod == pod]:
            each.reset()


class Accepted(asyncio.Protocol):
    """A client's side of a connection."""

    def __init__(self, binding: Binding, dial: Dial, connections: Connections) -> None:
        self._binding = binding
        self._dial = dial
        self._connections = connections
        self._http: HttpConnection | None = None
        self._onward: Onward | None = None
        self._connecting: asyncio.Task[None] | None = None
        #: What came before the local process was there to take it.
        self._early: list[bytes] = []
        self._ended = False
        self.pod = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        peer = transport.get_extra_info("peername")
        reached = self._dial(self._binding, peer[0] if peer else "127.0.0.1")
        self.pod = reached.pod
        if isinstance(reached.taker, LocalPort):
            self._connecting = asyncio.get_running_loop().create_task(self._connect(reached.taker))
        elif reached.taker is not None:
            write = cast("Callable[[bytes], object]", self.transport.write)
            self._http = HttpConnection(reached.taker, write, self.transport.close, client=reached.source)
        elif reached.refused:
            self.reset()

    def data_received(self, data: bytes) -> None:
        if self._onward is not None:
            self._onward.transport.write(data)
        elif self._http is not None:
            self._http.feed(data)
        elif self._connecting is not None:
            self._early.append(data)
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        if self._http is not None:
            self._http.finish()
            # With TLS nothing can be sent after the other side's end.
            return self.transport.get_extra_info("sslcontext") is None and not self.transport.is_closing()
        if self._onward is not None:
            return self._onward.end()
        self._ended = True
        return self._connecting is not None

    def pause_writing(self) -> None:
        """The client reads slowly: so is what is to be written to it."""
        if self._http is not None:
            self.transport.pause_reading()
        elif self._onward is not None:
            self._onward.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._http is not None:
            self.transport.resume_reading()
        elif self._onward is not None:
            self._onward.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        if self._connecting is not None:
            self._connecting.cancel()
        if self._http is not None:
            self._http.close()
        if self._onward is not None:
            self._onward.leave(broken=error is not None)

    def end(self) -> bool:
        """The other side sends nothing more; whether it may still be sent something."""
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        return True

    def reset(self) -> None:
        """Break the connection off, so that the client is told."""
        _reset(self.transport)

    async def _connect(self, local: LocalPort) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, self._onward = await loop.create_connection(lambda: Onward(self), local.host, local.port)
        except OSError:
            self.reset()
            return
        finally:
            self._connecting = None
        if self.transport.is_closing():
            self._onward.leave(broken=True)
            return
        for data in self._early:
            self._onward.transport.write(data)
        self._early.clear()
        if self._ended:
            self._onward.end()
        else:
            self.transport.resume_reading()


class Onward(asyncio.Protocol):
    """The local process's side of a connection."""

    def __init__(self, client: Accepted) -> None:
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._client.transport.write(data)

    def eof_received(self) -> bool:
        return self._client.end()

    def pause_writing(self) -> None:
        self._client.transport.pause_reading()

    def resume_writing(self) -> None:
        self._client.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._client.reset()
        elif not self._client.transport.is_closing():
            self._client.transport.close()

    def end(self) -> bool:
        """The client sends nothing more."""
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        return True

    def leave(self, *, broken: bool) -> None:
        """The client is gone."""
        if broken:
            _reset(self.transport)
        elif not self.transport.is_closing():
            self.transport.close()


def _reset(transport: asyncio.Transport) -> None:
    connection: Any = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
