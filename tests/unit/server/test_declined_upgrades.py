"""Requests that offer HTTP/2, as Java's clients do with each: answered over HTTP/1.1, with their bodies."""

from __future__ import annotations

import asyncio

import pytest

from fauxkube.server.asgi import Receive, Scope, Send
from fauxkube.server.listener import Listener

OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"


class Echo:
    """Answers what it was asked."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        text = f"{scope['method']} {scope['path']} {(body + message['body']).decode()};".encode()
        headers = [(b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    def close(self) -> None:
        """Nothing is open."""


async def _answers(*parts: bytes, count: int = 1) -> bytes:
    """What is answered to what is sent part by part, as far as the end of so many answers' bodies."""
    listener = Listener(Echo())
    await listener.serve()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    told = b""
    try:
        async with asyncio.timeout(5):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            while told.count(b";") < count and not reader.at_eof():
                told += await reader.read(4096)
    finally:
        writer.close()
        await listener.stop()
    return told


def _request(method: str, path: str, framing: str, body: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{OFFER}{framing}\r\n{body}".encode()


@pytest.mark.parametrize(
    ("framing", "sent", "body"),
    [
        ("Content-Length: 3\r\n", "abc", "abc"),
        ("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", "abcd"),
        ("Content-Length: 0\r\n", "", ""),
        ("", "", ""),
    ],
)
def test_the_body_is_the_requests(framing: str, sent: str, body: str) -> None:
    told = asyncio.run(_answers(_request("POST", "/a", framing, sent)))
    assert told.startswith(b"HTTP/1.1 200")
    assert told.endswith(f"POST /a {body};".encode())


def test_a_request_may_come_in_parts() -> None:
    whole = _request("PUT", "/a?b=c", "Content-Length: 3\r\n", "abc")
    told = asyncio.run(_answers(*(whole[at : at + 7] for at in range(0, len(whole), 7))))
    assert told.endswith(b"PUT /a abc;")


def test_the_next_request_on_the_connection_is_read_too() -> None:
    first = _request("POST", "/a", "Content-Length: 3\r\n", "abc")
    told = asyncio.run(_answers(first + _request("POST", "/b", "Content-Length: 2\r\n", "de"), first, count=3))
    assert [part for part in (b"POST /a abc;", b"POST /b de;") if part not in told] == []
    assert told.endswith(b"POST /a abc;")


def test_a_tunnel_is_refused() -> None:
    told = asyncio.run(_answers(b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert told.startswith(b"HTTP/1.1 400")
    assert told.endswith(b"CONNECT is not supported.")
