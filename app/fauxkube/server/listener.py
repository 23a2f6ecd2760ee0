"""A port to listen on: uvicorn, run inside the current event loop.

`serve` returns once connections are accepted; `stop` ends the open watches first, so that it is done within a second.
Signals are left alone: whoever runs the process handles them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fauxkube.server import connections
from fauxkube.server.asgi import ASGIApplication

#: Seconds that requests get to end by themselves at stop, before they are cancelled.
GRACE = 0.6

#: The headers that offer another protocol.
_OFFERS = frozenset({b"upgrade", b"http2-settings"})
#: The protocols that a request may go on in.
_PROTOCOLS = (b"websocket", b"spdy/3.1")
#: How many bytes are kept that follow a request whose offer is being thought about.
_KEPT = 65_536


class _Server(uvicorn.Server):
    """uvicorn's server, leaving signals alone and telling when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


T = TypeVar("T", bound=asyncio.Protocol)


class _Offer:
    """A request's offer of another protocol, and what has come after it meanwhile."""

    def __init__(self, connection: _Protocol, protocol: str) -> None:
        self.protocol = protocol
        self.rest = bytearray()
        self._connection = connection

    def take(self, make: Callable[[asyncio.Transport, bytes], T]) -> T:
        """Make the connection the protocol's own, which ends it for HTTP."""
        return self._connection.hand_over(make)


class _Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, whose requests can reach their connection: to break it, or to take it over.

    Of other protocols only WebSocket and SPDY are of interest. Java's clients offer HTTP/2 with every request, and a
    server that does not want it ignores that (RFC 9110, 7.8). The parser however takes what follows an offer for the
    other protocol: the request is read again without it.
    """

    _offer: _Offer | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._extensions: dict[str, dict[object, object]] = {connections.EXTENSION: {"transport": transport}}

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        if self._offer is not None:
            self.scope["extensions"] = {connections.EXTENSION: {"transport": self.transport, "upgrade": self._offer}}

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._offer is not None:
            self._keep(data)
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._consider(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        offer, self._offer = self._offer, None
        if offer is not None and offer.rest:
            self.data_received(bytes(offer.rest))

    def hand_over(self, make: Callable[[asyncio.Transport, bytes], T]) -> T:
        """Leave the connection to another protocol; nothing is answered over HTTP any more."""
        rest = bytes(self._offer.rest) if self._offer else b""
        self.connections.discard(self)
        self.cycle.disconnected = True
        protocol = make(self.transport, rest)
        self.transport.set_protocol(protocol)
        self.flow.resume_reading()
        return protocol

    def _should_upgrade(self) -> bool:
        """Whether nothing is to be made of a request that offers another protocol, which is all that is asked about."""
        return True

    def _consider(self, rest: bytes) -> None:
        """Read the request again as if it had offered nothing, and keep what it offered; `rest` follows its head."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.send_400_response("CONNECT is not supported.")
            return
        kept = [(name, value) for name, value in self.headers if name not in _OFFERS]
        version = self.parser.get_http_version().encode()
        lines = [method + b" " + self.url + b" HTTP/" + version, *(name + b": " + value for name, value in kept)]
        head = b"\r\n".join([*lines, b"", b""])
        upgrade = next((value for name, value in self.headers if name == b"upgrade"), b"")
        self.parser = httptools.HttpRequestParser(self)
        if upgrade.lower() in _PROTOCOLS and self._is_free(kept):
            self._offer = _Offer(self, upgrade.lower().decode())
            self.parser.feed_data(head)
            self.headers.append((b"upgrade", upgrade))
            self._keep(rest)
        else:
            self.data_received(head + rest)

    def _is_free(self, headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether the connection could be taken over: no body is to come, and no earlier request is being answered."""
        sent = dict(headers)
        bare = sent.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in sent
        return bare and (self.cycle is None or self.cycle.response_complete)

    def _keep(self, data: bytes) -> None:
        if self._offer is not None and data:
            self._offer.rest += data
            if len(self._offer.rest) > _KEPT:
                self.flow.pause_reading()


class Listener:
    """Serves an application on `host` and `port` (0: a free one, told by `port` once bound).

    `ssl_options` go to uvicorn as they are (`ssl_certfile`, `ssl_keyfile`, ...); none means plain HTTP.
    """

    def __init__(
        self, application: ASGIApplication, *, host: str = "127.0.0.1", port: int = 0, **ssl_options: Any
    ) -> None:
        self._application = application
        self._host = host
        self._asked_port = port
        self._server = _Server(_config(application, ssl_options))
        self._scheme = "https" if ssl_options else "http"
        self._socket: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._socket is None:
            raise RuntimeError("the listener has not been bound")
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """The server's base URL."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{self.port}"

    async def bind(self) -> None:
        """Take the port, so that `url` is known; OSError when it cannot be had. Nobody is answered yet."""
        self._socket = _bind(self._host, self._asked_port)

    async def serve(self) -> None:
        """Begin to accept connections (binding first, if that has not been done), and return."""
        if self._socket is None:
            await self.bind()
        self._serving = asyncio.create_task(self._server.serve(self._sockets()), name="listener")
        up = asyncio.create_task(self._server.up.wait())
        await asyncio.wait((self._serving, up), return_when=asyncio.FIRST_COMPLETED)
        if not up.done():
            up.cancel()
            await self._serving

    def _sockets(self) -> list[socket.socket]:
        return [] if self._socket is None else [self._socket]

    async def stop(self) -> None:
        """Stop accepting, end the watches, give what is under way a moment, then close; harmless when not running."""
        if self._serving is None:
            if self._socket is not None:
                self._socket.close()
            return
        self._server.should_exit = True
        self._application.close()
        _, late = await asyncio.wait((self._serving,), timeout=GRACE)
        if late:
            for task in self._server.server_state.tasks:
                task.cancel()
        await self._serving


def _config(application: ASGIApplication, ssl_options: dict[str, Any]) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        loop="none",
        http=_Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        log_level="error",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        backlog=2048,
        **ssl_options,
    )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it, answers take 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
