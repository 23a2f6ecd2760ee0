"""An answer that makes the connection another protocol's, for as long as a session on it lasts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fauxkube.kit.streams import Duplex
from fauxkube.machinery import status
from fauxkube.server import errors, responses
from fauxkube.server.asgi import Request, Send
from fauxkube.server.connections import Upgrade
from fauxkube.server.streaming.connection import Connection
from fauxkube.server.streaming.handshake import Switch
from fauxkube.simulation.calls import Call

Session = Callable[[Duplex], Awaitable[None]]

_log = logging.getLogger("fauxkube.server")


class Takeover:
    """Switches protocols when it is run; `done` is told once it is over."""

    status = 101
    content_type = ""
    call: Call | None = None

    def __init__(self, upgrade: Upgrade, switch: Switch, session: Session, *, done: Callable[[Takeover], None]) -> None:
        self._upgrade = upgrade
        self._switch = switch
        self._session = session
        self._done = done
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def run(self, request: Request, send: Send, audit_id: bytes) -> None:
        """Switch, and return once the session has ended, whatever ended it."""
        if self._closed:
            refusal = errors.error_response(request, status.unavailable("the server is shutting down"))
            await responses.respond(send, request, refusal, audit_id)
            return
        self._task = asyncio.create_task(self._converse(), name=f"session {request.path}")
        try:
            await asyncio.wait((self._task,))
        finally:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._done(self)

    def close(self) -> None:
        """End the session; harmless when it has ended, or will not begin."""
        self._closed = True
        self._done(self)
        if self._task is not None:
            self._task.cancel()

    async def _converse(self) -> None:
        connection = self._upgrade.take(Connection)
        try:
            await connection.write(self._switch.head)
            await self._session(Duplex(connection, connection))
        except (BrokenPipeError, asyncio.CancelledError):
            pass
        except Exception:
            _log.exception("a session failed")
        finally:
            await connection.close()
