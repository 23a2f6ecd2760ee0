"""The server's side of a SPDY connection, with a client that is a pair of pipes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fauxkube.kit.streams import Duplex, Pipe
from fauxkube.server.streaming.spdy import SpdyConnection, Stream
from fauxkube.server.streaming.spdy_frames import (
    CANCEL,
    INVALID_STREAM,
    PROTOCOL_ERROR,
    Data,
    Decoder,
    Encoder,
    Frame,
    GoAway,
    Ping,
    Reset,
    SynReply,
    SynStream,
)


class Client:
    """Sends frames, and reads what comes back; `streams` are those that the server took."""

    def __init__(self) -> None:
        self.up, self.down = Pipe(), Pipe()
        self.streams: asyncio.Queue[Stream] = asyncio.Queue()
        self.connection = SpdyConnection(Duplex(self.up, self.down), self._accept)
        self._encoder, self._decoder = Encoder(), Decoder()
        self._read: list[Frame] = []

    def _accept(self, stream: Stream) -> str:
        if "refuse" in stream.headers:
            return "not wanted"
        self.streams.put_nowait(stream)
        return ""

    async def send(self, *frames: Frame) -> None:
        for frame in frames:
            await self.up.write(self._encoder.encode(frame))

    async def next(self) -> Frame:
        while not self._read:
            self._read = self._decoder.feed(await self.down.read())
        return self._read.pop(0)

    async def opened(self, id: int) -> Stream:
        await self.send(SynStream(id, {"n": str(id)}))
        assert await self.next() == SynReply(id, {})
        return await self.streams.get()


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    made = Client()
    running = asyncio.create_task(made.connection.run())
    try:
        async with asyncio.timeout(10):
            yield made
    finally:
        await made.up.close()
        await running


async def _streams() -> None:
    async with client() as one:
        first, second = await one.opened(1), await one.opened(3)
        assert (first.headers, second.headers) == ({"n": "1"}, {"n": "3"})
        await one.send(Data(3, b"to the second"), Data(1, b"to the first"), Data(1, b"", fin=True))
        assert await first.read() == b"to the first"
        assert await first.read() == b""
        assert await second.read() == b"to the second"
        await first.write(b"back")
        await first.close()
        await first.close()
        assert [await one.next(), await one.next()] == [Data(1, b"back"), Data(1, b"", fin=True)]


def test_streams_are_kept_apart_and_each_direction_ends_by_itself() -> None:
    asyncio.run(_streams())


async def _pings() -> None:
    async with client() as one:
        await one.send(Ping(1), Ping(2))
        assert await one.next() == Ping(1)
        await one.connection.ping()
        assert await one.next() == Ping(2)


def test_a_client_s_ping_is_answered_and_the_answer_to_ours_is_not() -> None:
    asyncio.run(_pings())


async def _refusals() -> None:
    async with client() as one:
        await one.send(SynStream(1, {"refuse": "yes"}))
        assert await one.next() == Reset(1, INVALID_STREAM)
        await one.send(SynStream(1, {}), SynStream(4, {}))
        assert [await one.next(), await one.next()] == [Reset(1, PROTOCOL_ERROR), Reset(4, PROTOCOL_ERROR)]
        await one.opened(5)
        assert one.streams.empty()


def test_streams_that_are_not_wanted_or_have_used_numbers_are_reset() -> None:
    asyncio.run(_refusals())


async def _resets() -> None:
    async with client() as one:
        stream = await one.opened(1)
        reading = asyncio.create_task(stream.read())
        await one.send(Reset(1, CANCEL), Data(1, b"late"), Data(77, b"nobody's"), Ping(1))
        assert await reading == b""
        assert await one.next() == Ping(1)
        try:
            await stream.write(b"more")
        except BrokenPipeError:
            return
        raise AssertionError("a reset stream took bytes")


def test_a_reset_ends_a_stream_and_late_bytes_are_passed_over() -> None:
    asyncio.run(_resets())


async def _end() -> None:
    async with client() as one:
        stream = await one.opened(1)
        await one.connection.close()
        assert [await one.next(), await one.next()] == [Data(1, b"", fin=True), GoAway(1)]
        await one.send(*(Data(1, b"x" * 300_000) for _ in range(10)), Ping(1))
        assert await one.next() == Ping(1)
        assert await stream.read() == b""


def test_a_connection_that_has_ended_throws_away_what_still_comes() -> None:
    asyncio.run(_end())


async def _nonsense() -> None:
    one = Client()
    running = asyncio.create_task(one.connection.run())
    stream = await one.opened(1)
    await one.up.write(b"\x80\x09nonsense")
    assert await one.next() == GoAway(1, PROTOCOL_ERROR)
    await running
    assert await stream.read() == b""


def test_nonsense_ends_the_connection_and_its_streams() -> None:
    asyncio.run(_nonsense())
