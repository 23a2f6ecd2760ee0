"""`pods/log`: what a container has written, as plain text that goes on for as long as the client follows it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from fauxkube.server import responses
from fauxkube.server.asgi import Request, Send
from fauxkube.server.streaming.racing import until_one_ends
from fauxkube.simulation.calls import Call


class LogAnswer:
    """A log, ready to be sent; `done` is told once it is over."""

    status = 200
    content_type = "text/plain"
    call: Call | None = None

    def __init__(self, lines: AsyncIterator[bytes], *, done: Callable[[LogAnswer], None]) -> None:
        self._lines = lines
        self._done = done
        self._first = asyncio.ensure_future(_next(lines))
        self._ended = asyncio.Event()

    async def settle(self) -> None:
        """Raise what the log is refused with, which is known before anybody waits for a line."""
        await asyncio.sleep(0)
        if self._first.done() and not self._first.cancelled() and self._first.exception() is not None:
            self._done(self)
            self._first.result()

    async def run(self, request: Request, send: Send, audit_id: bytes) -> None:
        """Send lines until there are no more, the client goes away or the server closes."""
        headers = responses.start_headers(request, audit_id, b"text/plain")
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await until_one_ends(self._send(send), request.gone(), self._until_closed())
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._first.cancel()
            await asyncio.gather(self._first, return_exceptions=True)
            await _close(self._lines)
            self._done(self)

    def close(self) -> None:
        """End the log; harmless when it has ended, or will not begin."""
        self._ended.set()
        self._first.cancel()
        self._done(self)

    async def _send(self, send: Send) -> None:
        line = await self._first
        while line is not None:
            await send({"type": "http.response.body", "body": line, "more_body": True})
            line = await _next(self._lines)

    async def _until_closed(self) -> None:
        await self._ended.wait()


async def _next(lines: AsyncIterator[bytes]) -> bytes | None:
    return await anext(lines, None)


async def _close(lines: AsyncIterator[bytes]) -> None:
    """End a generator now, not when the garbage collector finds it."""
    close = getattr(lines, "aclose", None)
    if close is not None:
        with contextlib.suppress(RuntimeError):
            await close()
