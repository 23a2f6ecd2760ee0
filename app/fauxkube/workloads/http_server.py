"""The server's side of one HTTP/1.x connection, without a socket: bytes come in by `feed`, and go out by a function.

Requests are answered in their order, one at a time. What offers another protocol is answered as if it had not
(RFC 9110, 7.8). Several megabytes of a body are taken, and no more than that.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias

import httptools

from fauxkube.kit.exchange import HttpRequest, HttpResponse

#: What answers at a port: at once, or when it has been waited for.
Answer: TypeAlias = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]

#: The largest body that is taken, in bytes.
BODY_LIMIT = 64 * 1024 * 1024
#: How many requests may wait on one connection for those before them.
_PIPELINED = 256
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REASONS = {code: f"HTTP/1.1 {code.value} {code.phrase}\r\n".encode() for code in HTTPStatus}
_BODILESS = frozenset({204, 304})

_log = logging.getLogger("fauxkube.workloads")


class HttpConnection:
    """Answers what `client` asks; `end` is called once nothing more will be written."""

    def __init__(
        self, answer: Answer, write: Callable[[bytes], object], end: Callable[[], object], *, client: str = ""
    ) -> None:
        self._answer = answer
        self._write = write
        self._end = end
        self._client = client
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[HttpRequest, bool]] = deque()
        self._task: asyncio.Future[None] | None = None
        self._ended = False
        self._ends_after = False
        self._begin()

    def feed(self, data: bytes) -> None:
        """Take what the client has sent."""
        if self._ended:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._parser = httptools.HttpRequestParser(self)
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)

    def finish(self) -> None:
        """The client sends nothing more: end once it has its answers."""
        if self._task is None and not self._waiting:
            self._close()
        self._ends_after = True

    def close(self) -> None:
        """The client is gone."""
        self._ended = True
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    # What the parser calls

    def _begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begin()

    def on_url(self, url: bytes) -> None:
        """A part of its target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self._write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        self._size += len(body)
        if self._size > BODY_LIMIT:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._ended:
            return
        parser = self._parser
        method, target = parser.get_method().decode("latin-1"), self._target.decode("latin-1")
        body = b"".join(self._body)
        request = HttpRequest(method, target, tuple(self._headers), body, self._client)
        keep_alive = parser.should_keep_alive() and not parser.should_upgrade()
        if self._task is not None or self._waiting:
            self._wait(request, keep_alive=keep_alive)
        else:
            self._take(request, keep_alive=keep_alive)

    # Answering

    def _wait(self, request: HttpRequest, *, keep_alive: bool) -> None:
        if len(self._waiting) == _PIPELINED:
            self._refuse(HTTPStatus.TOO_MANY_REQUESTS)
        else:
            self._waiting.append((request, keep_alive))

    def _take(self, request: HttpRequest, *, keep_alive: bool) -> None:
        try:
            answer = self._answer(request)
        except Exception:
            answer = _failure()
        if isinstance(answer, HttpResponse):
            self._send(request, answer, keep_alive=keep_alive)
        else:
            self._task = asyncio.ensure_future(self._later(answer, request, keep_alive=keep_alive))

    async def _later(self, answer: Awaitable[HttpResponse], request: HttpRequest, *, keep_alive: bool) -> None:
        try:
            response = await answer
        except Exception:
            response = _failure()
        self._task = None
        self._send(request, response, keep_alive=keep_alive)
        while self._waiting and self._task is None:
            following, kept = self._waiting.popleft()
            self._take(following, keep_alive=kept)
        if self._ends_after and self._task is None:
            self._close()

    def _send(self, request: HttpRequest, response: HttpResponse, *, keep_alive: bool) -> None:
        if self._ended:
            return
        self._write(encoded(response, head_only=request.method == "HEAD", keep_alive=keep_alive))
        if not keep_alive:
            self._close()

    def _refuse(self, code: HTTPStatus) -> None:
        if not self._ended:
            response = HttpResponse(code, f"{code.value} {code.phrase}\n".encode())
            self._write(encoded(response, keep_alive=False))
            self._close()

    def _close(self) -> None:
        if not self._ended:
            self._ended = True
            self._end()


def encoded(response: HttpResponse, *, head_only: bool = False, keep_alive: bool = True) -> bytes:
    """A response as HTTP/1.1 sends it."""
    code = response.status
    parts = [_REASONS.get(code) or f"HTTP/1.1 {code} \r\n".encode()]  # type: ignore[call-overload]
    parts.extend(f"{name}: {value}\r\n".encode("latin-1") for name, value in response.headers)
    if code not in _BODILESS and code >= 200:
        parts.append(b"Content-Length: %d\r\n" % len(response.body))
    if not keep_alive:
        parts.append(b"Connection: close\r\n")
    parts.append(b"\r\n")
    if not head_only and code not in _BODILESS:
        parts.append(response.body)
    return b"".join(parts)


def _failure() -> HttpResponse:
    """What a program that fails is answered for; why, is in the log."""
    _log.exception("what answers at a pod's port failed")
    return HttpResponse(500, b"500 Internal Server Error\n")
