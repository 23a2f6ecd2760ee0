"""The server's side of a SPDY/3.1 connection, as moby/spdystream has it: clients open streams, either side ends them.

There is no flow control by windows: a stream whose bytes nobody takes holds up the connection, as upstream's does.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from fauxkube.kit.streams import Duplex, Pipe
from fauxkube.server.streaming.spdy_frames import (
    INVALID_STREAM,
    PROTOCOL_ERROR,
    Data,
    Decoder,
    Encoder,
    Frame,
    FrameError,
    GoAway,
    Ping,
    Reset,
    SynReply,
    SynStream,
)
from fauxkube.server.streaming.spdy_headers import Headers

#: The most bytes that go into one data frame.
FRAME = 128 * 1024
#: How many bytes a stream holds before the connection waits for whoever reads it.
HELD = 1024 * 1024


class Stream:
    """A stream that the client has opened: a `Reader` and a `Writer`."""

    def __init__(self, connection: SpdyConnection, opened: SynStream) -> None:
        self.id = opened.id
        self.headers: Headers = opened.headers
        self._connection = connection
        self.received = Pipe(limit=HELD)
        self._closed = False

    async def read(self) -> bytes:
        return await self.received.read()

    async def write(self, data: bytes) -> None:
        for at in range(0, len(data), FRAME):
            if self._closed:
                raise BrokenPipeError
            await self._connection.send(Data(self.id, data[at : at + FRAME]))

    async def close(self) -> None:
        """Say that nothing follows; harmless when said again."""
        if not self._closed:
            self._closed = True
            with suppress(BrokenPipeError):
                await self._connection.send(Data(self.id, b"", fin=True))

    async def reset(self, status: int) -> None:
        """End the stream in both directions."""
        self.cut()
        with suppress(BrokenPipeError):
            await self._connection.send(Reset(self.id, status))

    def cut(self) -> None:
        """Nothing more comes, and nothing is sent any more."""
        self._closed = True
        self.received.break_off()


#: Looks at a stream that is being opened: a reason to refuse it, or nothing.
Accept = Callable[[Stream], str]


class SpdyConnection:
    """Serves the streams of one client; `accept` is handed each as it comes."""

    def __init__(self, duplex: Duplex, accept: Accept) -> None:
        self._duplex = duplex
        self._accept = accept
        self._decoder, self._encoder = Decoder(), Encoder()
        self._streams: dict[int, Stream] = {}
        self._last = 0
        self._pings = 0

    async def run(self) -> None:
        """Read until the client goes away, or sends what cannot be read."""
        try:
            while data := await self._duplex.reader.read():
                for frame in self._decoder.feed(data):
                    await self._handle(frame)
        except FrameError:
            with suppress(BrokenPipeError):
                await self.send(GoAway(self._last, PROTOCOL_ERROR))
        finally:
            for stream in self._streams.values():
                await stream.received.close()

    async def send(self, frame: Frame) -> None:
        """Send a frame. Encoded and handed on without a wait, so that all go out in the order of their headers."""
        await self._duplex.writer.write(self._encoder.encode(frame))

    async def ping(self) -> None:
        """Ask whether the client is still there; an even number is the server's."""
        self._pings += 2
        await self.send(Ping(self._pings))

    async def close(self) -> None:
        """End all streams, throwing away what still comes on them, and say that there will be no more."""
        for stream in self._streams.values():
            await stream.close()
            stream.received.break_off()
        with suppress(BrokenPipeError):
            await self.send(GoAway(self._last))

    def forget(self, *streams: Stream) -> None:
        """Streams that have ended."""
        for stream in streams:
            self._streams.pop(stream.id, None)

    async def _handle(self, frame: Frame) -> None:
        match frame:
            case Data():
                await self._take(frame)
            case SynStream():
                await self._open(frame)
            case Reset(id):
                if stream := self._streams.pop(id, None):
                    stream.cut()
            case Ping(id) if id % 2:
                await self.send(frame)
            case _:
                pass

    async def _open(self, frame: SynStream) -> None:
        if frame.id <= self._last or not frame.id % 2:
            await self.send(Reset(frame.id, PROTOCOL_ERROR))
            return
        self._last = frame.id
        stream = Stream(self, frame)
        if self._accept(stream):
            await stream.reset(INVALID_STREAM)
            return
        self._streams[frame.id] = stream
        if frame.fin:
            await stream.received.close()
        await self.send(SynReply(frame.id, {}))

    async def _take(self, frame: Data) -> None:
        stream = self._streams.get(frame.id)
        if stream is None:
            return
        with suppress(BrokenPipeError):
            await stream.received.write(frame.data)
        if frame.fin:
            await stream.received.close()
