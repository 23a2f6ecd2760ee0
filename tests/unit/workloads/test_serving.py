"""What answers at a pod's port: handlers, local processes and the page, by request and over a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex
from fauxkube.machinery.objects import Object, name_of
from fauxkube.network.local_ports import LocalPort
from fauxkube.workloads.handlers import Answered, asgi_handler, handler_of, wsgi_handler
from fauxkube.workloads.serving import PlainHttpError, Serving
from support.networks import pod

WEB = pod("web", "10.244.1.2", ports=[{"containerPort": 80}])
GET = HttpRequest("GET", "/cart", (("Host", "web"),), client="10.244.2.2")


def run(test: Callable[[Serving], Awaitable[None]]) -> None:
    async def body() -> None:
        serving = Serving()
        try:
            await test(serving)
        finally:
            await serving.close()

    asyncio.run(body())


async def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, request.method.encode() + b" " + request.target.encode() + b" " + request.body)


def is_web(obj: Object) -> bool:
    return name_of(obj) == "web"


async def read_all(connection: Duplex) -> bytes:
    parts = []
    while part := await connection.reader.read():
        parts.append(part)
    return b"".join(parts)


def test_without_anything_else_the_page_answers() -> None:
    async def test(serving: Serving) -> None:
        told = (await serving.request(WEB, 80, GET)).body.decode()
        assert "Hello from web" in told
        assert "client: 10.244.2.2" in told

    run(test)


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param((WEB, 81), id="undeclared port"),
        pytest.param((pod("new"), 80), id="not started"),
    ],
)
def test_nobody_answers_where_the_pod_does_not_listen(refused: tuple[Object, int]) -> None:
    async def test(serving: Serving) -> None:
        serving.add(lambda _: True, echo)
        with pytest.raises(ConnectionRefusedError):
            await serving.request(*refused, GET)
        with pytest.raises(ConnectionRefusedError):
            await serving.connect(*refused)

    run(test)


def test_what_was_served_last_answers_first_and_what_is_removed_no_more() -> None:
    async def test(serving: Serving) -> None:
        serving.add(is_web, handler_of(lambda _: "first"))
        remove = serving.add(is_web, handler_of(lambda _: "second"), port=80)
        serving.add(is_web, handler_of(lambda _: "elsewhere"), port=8080)
        serving.add(lambda _: False, handler_of(lambda _: "another pod"))
        assert (await serving.request(WEB, 80, GET)).body == b"second"
        remove()
        remove()
        assert (await serving.request(WEB, 80, GET)).body == b"first"

    run(test)


@pytest.mark.parametrize(
    ("answered", "status", "content_type", "body"),
    [
        ("text", 200, "text/plain; charset=utf-8", b"text"),
        (b"bytes", 200, "application/octet-stream", b"bytes"),
        ({"a": 1}, 200, "application/json", b'{"a": 1}'),
        (None, 204, "", b""),
        (HttpResponse(418, b"short", (("X-Pot", "tea"),)), 418, "", b"short"),
    ],
)
def test_a_function_may_answer_simply(answered: Answered, status: int, content_type: str, body: bytes) -> None:
    async def later(request: HttpRequest) -> Answered:
        return answered

    async def test(serving: Serving) -> None:
        for function in (lambda _: answered, later):
            serving.add(is_web, handler_of(function))
            response = await serving.request(WEB, 80, GET)
            assert (response.status, response.header("Content-Type"), response.body) == (status, content_type, body)

    run(test)


def test_tls_to_plain_http_is_refused_in_gos_words() -> None:
    async def test(serving: Serving) -> None:
        with pytest.raises(PlainHttpError, match="server gave HTTP response to HTTPS client"):
            await serving.request(WEB, 80, GET, scheme="https")

    run(test)


def test_a_connection_answers_requests_in_order_and_keeps_open() -> None:
    started, release = asyncio.Event(), asyncio.Event()

    async def slow_first(request: HttpRequest) -> HttpResponse:
        if request.target == "/slow":
            started.set()
            await release.wait()
        return HttpResponse(200, request.target.encode())

    async def test(serving: Serving) -> None:
        serving.add(is_web, slow_first)
        connection = await serving.connect(WEB, 80)
        await connection.writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
        await started.wait()
        release.set()
        await connection.writer.close()
        answers = await read_all(connection)
        assert answers.index(b"/slow") < answers.index(b"/quick")
        assert answers.count(b"HTTP/1.1 200 OK") == 2

    run(test)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(b"HEAD / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK", id="head"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", b"Connection: close", id="http/1.0"),
        pytest.param(b"nonsense\r\n\r\n", b"HTTP/1.1 400 Bad Request", id="no http"),
        pytest.param(
            b"POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
            b"HTTP/1.1 100 Continue",
            id="100-continue",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
            b"POST / hi!",
            id="chunks",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", b"HTTP/1.1 200 OK", id="upgrade"
        ),
    ],
)
def test_http_is_spoken_as_it_should_be(sent: bytes, expected: bytes) -> None:
    async def test(serving: Serving) -> None:
        serving.add(is_web, echo)
        connection = await serving.connect(WEB, 80)
        await connection.writer.write(sent)
        await connection.writer.close()
        assert expected in await read_all(connection)

    run(test)


def test_a_handler_that_fails_is_answered_500_and_the_connection_lives(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(request: HttpRequest) -> HttpResponse:
        raise LookupError("no such cart")

    async def test(serving: Serving) -> None:
        serving.add(is_web, fail)
        connection = await serving.connect(WEB, 80)
        await connection.writer.write(b"GET / HTTP/1.1\r\n\r\n" * 2)
        await connection.writer.close()
        assert (await read_all(connection)).count(b"HTTP/1.1 500") == 2

    run(test)
    assert "no such cart" in caplog.text


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    body = (await receive())["body"]
    told = f"{scope['method']} {scope['path']} {scope['query_string'].decode()} {scope['client'][0]} {body.decode()}"
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-made-by", b"asgi")]})
    await send({"type": "http.response.body", "body": told.encode()})


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("201 Created", [("X-Made-By", "wsgi")])
    names = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR")
    return [" ".join([*(environ[name] for name in names), environ["wsgi.input"].read().decode()]).encode()]


@pytest.mark.parametrize(("handler", "by"), [(asgi_handler(asgi), "asgi"), (wsgi_handler(wsgi), "wsgi")])
def test_whole_applications_answer(handler: Any, by: str) -> None:
    async def test(serving: Serving) -> None:
        serving.add(is_web, handler)
        request = HttpRequest("POST", "/cart?a=1", (("Host", "web"), ("X-Own", "1")), b"body", "10.244.2.2")
        answer = await serving.request(WEB, 80, request)
        assert (answer.status, answer.header("x-made-by")) == (201, by)
        assert answer.body == b"POST /cart a=1 10.244.2.2 body"

    run(test)


async def with_process(serve: Any, test: Callable[[int], Awaitable[None]]) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        await test(server.sockets[0].getsockname()[1])


async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.readline()).upper())
    writer.close()


async def fixed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 201 Created\r\nX-From: process\r\nContent-Length: 2\r\n\r\nok")
    await writer.drain()
    writer.close()


def test_a_connection_to_a_local_process_is_its_bytes() -> None:
    async def test(serving: Serving) -> None:
        async def body(port: int) -> None:
            web = WEB | {"metadata": {**WEB["metadata"], "annotations": {"fauxkube.io/local-port.80": str(port)}}}
            connection = await serving.connect(web, 80)
            await connection.writer.write(b"hello\n")
            assert await read_all(connection) == b"HELLO\n"

        await with_process(shout, body)

    run(test)


def test_a_request_to_a_local_process_is_answered_by_it() -> None:
    async def test(serving: Serving) -> None:
        async def body(port: int) -> None:
            serving.add(is_web, LocalPort("127.0.0.1", port))
            answer = await serving.request(WEB, 80, GET)
            assert (answer.status, answer.header("x-from"), answer.body) == (201, "process", b"ok")

        await with_process(fixed, body)

    run(test)


def test_a_local_process_that_is_not_there_refuses() -> None:
    async def test(serving: Serving) -> None:
        serving.add(is_web, LocalPort("127.0.0.1", 1))
        with pytest.raises(ConnectionRefusedError):
            await serving.request(WEB, 80, GET)
        with pytest.raises(ConnectionRefusedError):
            await serving.connect(WEB, 80)

    run(test)
