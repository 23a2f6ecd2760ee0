"""Connections that break: reset by the server, or closed without the rest of an answer; and those that are taken over.

The listener hands a connection's transport on in the scope, as an ASGI extension. Where it is missing (another ASGI
server, a transport in process) the request ends with a `ConnectionResetError`, which such a server takes for a failure.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from fauxkube.server import responses
from fauxkube.server.asgi import Message, Request, Response, Scope, Send

#: The scope's extension that holds the connection's `transport`, and the `upgrade` that the request offers, if any.
EXTENSION = "fauxkube.connection"

T = TypeVar("T", bound=asyncio.Protocol)


class Upgrade(Protocol):
    """A request's offer to go on in another protocol, in lower case: `websocket` or `spdy/3.1`."""

    protocol: str

    def take(self, make: Callable[[asyncio.Transport, bytes], T]) -> T:
        """Make the connection the protocol's own: of its transport, and of what has come after the request."""


def offered(scope: Scope) -> Upgrade | None:
    """What the request offers, if its connection can be taken over."""
    upgrade: Upgrade | None = scope.get("extensions", {}).get(EXTENSION, {}).get("upgrade")
    return upgrade


_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def break_off(scope: Scope, how: str) -> None:
    """Break the request's connection: `reset` it, or `close` it once what was sent is on its way."""
    transport = scope.get("extensions", {}).get(EXTENSION, {}).get("transport")
    if transport is None:
        raise ConnectionResetError("the connection was broken by a fault")
    if how == "reset":
        _reset_on_close(transport.get_extra_info("socket"))
        transport.abort()
    else:
        transport.close()


def _reset_on_close(connection: Any) -> None:
    """Have TCP send a reset, and throw away what the client has not got yet."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


class Broken:
    """An answer that the client never gets, or gets half of when there is a `response`."""

    def __init__(self, how: str, response: Response | None = None) -> None:
        self._how = how
        self._response = response

    async def run(self, request: Request, send: Send, audit_id: bytes) -> None:
        """Send what is to be sent, and break the connection."""

        async def send_half(message: Message) -> None:
            if message["type"] == "http.response.body":
                body = message["body"]
                message = {**message, "body": body[: len(body) // 2], "more_body": True}
            await send(message)

        if self._response is not None:
            await responses.respond(send_half, request, self._response, audit_id)
        break_off(request.scope, self._how)
        await request.gone()
