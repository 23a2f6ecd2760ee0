"""Python's ways to answer HTTP, made into handlers: plain functions, and ASGI and WSGI applications."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from inspect import isawaitable, iscoroutinefunction
from typing import Any, TypeAlias

from fauxkube.kit.exchange import Handler, HttpRequest, HttpResponse
from fauxkube.network.local_ports import LocalPort

#: What a function may answer: a whole response, text, bytes, or something to be sent as JSON.
Answered: TypeAlias = HttpResponse | str | bytes | dict[str, Any] | list[Any] | None
#: A function of a test's, awaited if it is asynchronous, else called in a thread.
Function: TypeAlias = Callable[[HttpRequest], Answered | Awaitable[Answered]]

#: What concerns a connection, not the message (RFC 9110, 7.6.1), and what is told anew.
_OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"})
_SECONDS = 60.0


def handler_of(function: Function) -> Handler:
    """A handler that calls the function."""

    async def handle(request: HttpRequest) -> HttpResponse:
        if iscoroutinefunction(function):
            return as_response(await function(request))
        answered = await asyncio.to_thread(function, request)
        return as_response(await answered if isawaitable(answered) else answered)

    return handle


def as_response(answered: Answered) -> HttpResponse:
    """What was answered, as a response: 200 for anything but a whole one, 204 for nothing."""
    if isinstance(answered, HttpResponse):
        return answered
    if answered is None:
        return HttpResponse(204, headers=())
    if isinstance(answered, str):
        return HttpResponse(200, answered.encode())
    if isinstance(answered, bytes):
        return HttpResponse(200, answered, (("Content-Type", "application/octet-stream"),))
    return HttpResponse(200, json.dumps(answered).encode(), (("Content-Type", "application/json"),))


def asgi_handler(application: Any) -> Handler:
    """A handler that hands requests to an ASGI application (FastAPI, Starlette, ...)."""
    import httpx

    async def handle(request: HttpRequest) -> HttpResponse:
        client = (request.client or "127.0.0.1", 0)
        return await _sent(httpx.ASGITransport(application, client=client), request, "http://pod")

    return handle


def wsgi_handler(application: Any) -> Handler:
    """A handler that hands requests to a WSGI application (Flask, Django, ...), in a thread."""
    import httpx

    def answer(request: HttpRequest) -> HttpResponse:
        transport = httpx.WSGITransport(application, remote_addr=request.client or "127.0.0.1")
        response = transport.handle_request(_outgoing(request, "http://pod"))
        response.read()
        return _as_exchanged(response, response.content)

    async def handle(request: HttpRequest) -> HttpResponse:
        return await asyncio.to_thread(answer, request)

    return handle


async def ask(local: LocalPort, request: HttpRequest, *, scheme: str = "http") -> HttpResponse:
    """What a process of this machine answers; ConnectionRefusedError when none does, other OSErrors when it breaks."""
    import httpx

    host = f"[{local.host}]" if ":" in local.host else local.host
    async with httpx.AsyncHTTPTransport(verify=False) as transport:
        try:
            return await _sent(transport, request, f"{scheme}://{host}:{local.port}")
        except httpx.ConnectError as error:
            raise ConnectionRefusedError(str(error)) from error
        except httpx.TimeoutException as error:
            raise TimeoutError(str(error)) from error
        except httpx.TransportError as error:
            raise ConnectionResetError(str(error)) from error


async def _sent(transport: Any, request: HttpRequest, base: str) -> HttpResponse:
    response = await transport.handle_async_request(_outgoing(request, base))
    try:
        body = b"".join([part async for part in response.aiter_raw()])
    finally:
        await response.aclose()
    return _as_exchanged(response, body)


def _outgoing(request: HttpRequest, base: str) -> Any:
    import httpx

    headers = [(name, value) for name, value in request.headers if name.lower() not in _OF_THE_CONNECTION]
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _SECONDS)
    url = httpx.URL(base).copy_with(raw_path=request.target.encode("latin-1"))
    content = request.body if request.body or request.method in {"POST", "PUT", "PATCH"} else None
    return httpx.Request(request.method, url, headers=headers, content=content, extensions={"timeout": timeouts})


def _as_exchanged(response: Any, body: bytes) -> HttpResponse:
    kept = tuple((name, value) for name, value in _raw(response) if name.lower() not in _OF_THE_CONNECTION)
    return HttpResponse(response.status_code, body, kept)


def _raw(response: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
