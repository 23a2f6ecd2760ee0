"""What answers at the ports of a cluster's pods: a test's handler, a local process, or the built-in page.

In that order: what was served from Python, the latest first; the port that an annotation names
(`network.local_ports`); the page. Whether a pod listens there at all is for `network.listening` to say.

    serving = Serving()
    remove = serving.add(lambda pod: name_of(pod) == "web", handler)
    await serving.request(pod, 80, HttpRequest("GET", "/"))
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from fauxkube.kit.exchange import Handler, HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex, Pipe
from fauxkube.kit.tasks import Tasks
from fauxkube.machinery.objects import Object
from fauxkube.network.hops import End
from fauxkube.network.hosts import pod_of
from fauxkube.network.listening import at_pod
from fauxkube.network.local_ports import LocalPort, local_port_of
from fauxkube.workloads.http_server import Answer, HttpConnection
from fauxkube.workloads.page import page

#: Where a pod's own loopback's connections come from.
LOOPBACK = "127.0.0.1"

#: Whether a pod is one that something is served by.
Matches: TypeAlias = Callable[[Object], bool]


#: Told of a request to a pod's port, and what was answered.
Note: TypeAlias = Callable[[Object, int, HttpRequest, HttpResponse], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Served:
    """What answers for which pods, at one port, or with 0 at all."""

    matches: Matches
    port: int
    answer: Handler | LocalPort


class PlainHttpError(OSError):
    """TLS was spoken to what answers plain HTTP."""


class Serving:
    """What the pods of one cluster serve; `close` ends the connections that were made in process."""

    def __init__(self, note: Note | None = None) -> None:
        """`note` is told of every request that is answered in this process."""
        self._note = note
        #: The latest first.
        self._served: list[_Served] = []
        self._tasks = Tasks("workloads")

    def add(self, matches: Matches, answer: Handler | LocalPort, *, port: int = 0) -> Callable[[], None]:
        """Have `answer` answer for such pods, at every port if none is given; what is returned removes it again."""
        served = _Served(matches, port, answer)
        self._served.insert(0, served)
        return partial(self._remove, served)

    def at(self, pod: Object, port: int, *, protocol: str = "TCP") -> Answer | LocalPort:
        """What answers there; ConnectionRefusedError when nobody listens."""
        heard = at_pod(pod_of(pod), protocol, port)
        if isinstance(heard, End):
            raise ConnectionRefusedError(heard.message)
        for served in self._served:
            if protocol != "TCP" and not isinstance(served.answer, LocalPort):
                continue
            if served.port in {0, port} and served.matches(pod):
                return self._noted(pod, port, served.answer)
        return self._noted(pod, port, local_port_of(pod, port) or partial(page, pod, port))

    def _noted(self, pod: Object, port: int, answer: Answer | LocalPort) -> Answer | LocalPort:
        note = self._note
        return answer if isinstance(answer, LocalPort) or note is None else noting(answer, partial(note, pod, port))

    async def request(self, pod: Object, port: int, request: HttpRequest, *, scheme: str = "http") -> HttpResponse:
        """What the pod answers to a request; OSErrors when nobody does, or TLS is spoken to who does not."""
        found = self.at(pod, port)
        if isinstance(found, LocalPort):
            from fauxkube.workloads.handlers import ask

            return await ask(found, request, scheme=scheme)
        if scheme == "https":
            raise PlainHttpError("http: server gave HTTP response to HTTPS client")
        answered = found(request)
        return answered if isinstance(answered, HttpResponse) else await answered

    async def connect(self, pod: Object, port: int, *, client: str = LOOPBACK) -> Duplex:
        """A connection to the port, by whoever has that address; ConnectionRefusedError when nobody listens."""
        found = self.at(pod, port)
        if isinstance(found, LocalPort):
            return await _connected(found)
        incoming, outgoing = Pipe(), Pipe()
        self._tasks.spawn(_answering(found, incoming, outgoing, client), name="connection")
        return Duplex(outgoing, incoming)

    async def close(self) -> None:
        """End every connection and forget what is served; harmless when called again."""
        self._served.clear()
        await self._tasks.close()

    def _remove(self, served: _Served) -> None:
        if served in self._served:
            self._served.remove(served)


def noting(answer: Answer, note: Callable[[HttpRequest, HttpResponse], None]) -> Answer:
    """What answers the same, and tells of it."""

    def answered(request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        response = answer(request)
        if isinstance(response, HttpResponse):
            note(request, response)
            return response
        return later(request, response)

    async def later(request: HttpRequest, response: Awaitable[HttpResponse]) -> HttpResponse:
        found = await response
        note(request, found)
        return found

    return answered


async def _answering(answer: Answer, incoming: Pipe, outgoing: Pipe, client: str) -> None:
    """The server's side of a connection of two pipes."""
    written: asyncio.Queue[bytes | None] = asyncio.Queue()
    connection = HttpConnection(answer, written.put_nowait, partial(written.put_nowait, None), client=client)
    reading = asyncio.ensure_future(_fed(connection, incoming))
    try:
        while (data := await written.get()) is not None:
            await outgoing.write(data)
    except BrokenPipeError:
        pass
    finally:
        connection.close()
        reading.cancel()
        incoming.break_off()
        await outgoing.close()


async def _fed(connection: HttpConnection, incoming: Pipe) -> None:
    while data := await incoming.read():
        connection.feed(data)
    connection.finish()


class _Socket:
    """A TCP connection as a reader and a writer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            data = await self._reader.read(65_536)
        except ConnectionError:
            data = b""
        if not data:
            self._writer.close()
        return data

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError as error:
            raise BrokenPipeError from error

    async def close(self) -> None:
        if self._writer.can_write_eof() and not self._writer.is_closing():
            self._writer.write_eof()


async def _connected(local: LocalPort) -> Duplex:
    try:
        reader, writer = await asyncio.open_connection(local.host, local.port)
    except OSError as error:
        raise ConnectionRefusedError(f"nothing of this machine listens at {local.host}:{local.port}") from error
    connected = _Socket(reader, writer)
    return Duplex(connected, connected)
