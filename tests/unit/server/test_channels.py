"""Channels of a WebSocket, with real frames from the library's client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from fauxkube.kit.streams import Duplex, Pipe
from fauxkube.server.streaming.channels import Channels
from fauxkube.server.streaming.handshake import Switch
from fauxkube.server.streaming.websocket import WebSocket, accept_key


class Client:
    """The other end of a WebSocket."""

    def __init__(self) -> None:
        self.up, self.down = Pipe(), Pipe()
        self.protocol = Protocol(CLIENT)
        self._read: list[Frame] = []

    async def flush(self) -> None:
        await self.up.write(b"".join(self.protocol.data_to_send()))

    async def send(self, data: bytes) -> None:
        self.protocol.send_binary(data)
        await self.flush()

    async def next(self) -> tuple[Opcode, bytes]:
        while not self._read:
            self.protocol.receive_data(await self.down.read())
            self._read = [each for each in self.protocol.events_received() if isinstance(each, Frame)]
        frame = self._read.pop(0)
        return frame.opcode, bytes(frame.data)


@asynccontextmanager
async def connected(*, base64: bool = False, closes: bool = False) -> AsyncIterator[tuple[Client, Channels]]:
    client = Client()
    socket = WebSocket(Duplex(client.up, client.down))
    channels = Channels(socket, read=(0, 4), base64=base64, closes=closes)
    running = asyncio.create_task(channels.run())
    try:
        async with asyncio.timeout(10):
            yield client, channels
    finally:
        await client.up.close()
        await running


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


def test_the_handshake_s_key_is_answered_as_the_standard_has_it() -> None:
    """RFC 6455, 1.3."""
    assert accept_key(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_switch_is_told_in_an_answer_without_a_body() -> None:
    switch = Switch("", ((b"Upgrade", b"SPDY/3.1"), (b"Connection", b"Upgrade")))
    assert switch.head == b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n\r\n"


async def _exactly(pipe: Pipe, size: int) -> bytes:
    """So many bytes, or all until the end."""
    read = b""
    while len(read) < size and (data := await pipe.read()):
        read += data
    return read


@in_a_loop
async def test_messages_go_to_the_channel_that_they_begin_with() -> None:
    async with connected() as (client, channels):
        await client.send(b"\x00input")
        await client.send(b"\x04size")
        await client.send(b"\x09nobody's")
        await client.send(b"")
        assert await channels.reader(0).read() == b"input"
        assert await channels.reader(4).read() == b"size"
        await channels.writer(1).write(b"output")
        assert await client.next() == (Opcode.BINARY, b"\x01output")


@in_a_loop
async def test_a_message_in_fragments_is_one_message() -> None:
    async with connected() as (client, channels):
        client.protocol.send_binary(b"\x00one", fin=False)
        client.protocol.send_ping(b"in between")
        client.protocol.send_continuation(b"two", fin=True)
        await client.flush()
        assert await channels.reader(0).read() == b"onetwo"
        assert await client.next() == (Opcode.PONG, b"in between")


@in_a_loop
async def test_base64_channels_have_digits_and_text() -> None:
    async with connected(base64=True) as (client, channels):
        await client.send(b"0aW5wdXQ=")
        await client.send(b"0 not base64")
        await client.send(b"0IQ==")
        assert await _exactly(channels.reader(0), 6) == b"input!"
        await channels.writer(2).write(b"error")
        assert await client.next() == (Opcode.TEXT, b"2ZXJyb3I=")


@in_a_loop
async def test_a_channel_that_the_client_closes_has_ended() -> None:
    async with connected(closes=True) as (client, channels):
        await client.send(b"\x00last")
        await client.send(b"\xff\x00")
        assert await _exactly(channels.reader(0), 5) == b"last"
        await client.send(b"\x04still open")
        assert await channels.reader(4).read() == b"still open"


@in_a_loop
async def test_without_the_word_for_it_a_channel_is_not_closed() -> None:
    async with connected() as (client, channels):
        await client.send(b"\xff\x00")
        await client.send(b"\x00more")
        assert await channels.reader(0).read() == b"more"


@in_a_loop
async def test_the_end_is_told_and_answered() -> None:
    async with connected() as (client, channels):
        await channels.close()
        assert await client.next() == (Opcode.CLOSE, b"\x03\xe8")
        await client.flush()
        with pytest.raises(BrokenPipeError):
            await channels.writer(1).write(b"late")


@in_a_loop
async def test_a_client_that_breaks_the_rules_is_hung_up_on() -> None:
    async with connected() as (client, channels):
        await client.up.write(b"\x82\x01a")  # not masked, as a client's frames have to be
        assert await channels.reader(0).read() == b""
        assert (await client.next())[0] is Opcode.CLOSE
