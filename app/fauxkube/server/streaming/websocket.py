"""WebSocket messages (RFC 6455) on a connection that was taken over; framing and closing are the library's.

Pings are answered by themselves. Imported when the first WebSocket is asked for.
"""

from __future__ import annotations

import base64
import hashlib
from collections import deque
from contextlib import suppress
from typing import NamedTuple

from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from fauxkube.kit.streams import Duplex

#: The largest message that is read.
LIMIT = 32 * 1024 * 1024
#: The most bytes that go into one message.
MESSAGE = 128 * 1024

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Message(NamedTuple):
    """A message, put together again."""

    data: bytes
    text: bool


def accept_key(key: bytes) -> bytes:
    """The answer to `Sec-WebSocket-Key` (RFC 6455, 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 (the protocol's own)


class WebSocket:
    """The server's end, open."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex
        self._protocol = Protocol(SERVER, state=OPEN, max_size=LIMIT)
        self._frames: deque[Frame] = deque()

    async def receive(self) -> Message | None:
        """The next message; None once the client has closed, gone away or broken the rules."""
        parts: list[bytes] = []
        text = False
        while (frame := await self._frame()) is not None:
            if frame.opcode is not Opcode.CONT:
                text = frame.opcode is Opcode.TEXT
            parts.append(bytes(frame.data))
            if frame.fin:
                return Message(parts[0] if len(parts) == 1 else b"".join(parts), text)
        return None

    async def _frame(self) -> Frame | None:
        """The next frame of a message."""
        while not self._frames:
            data = await self._duplex.reader.read()
            if not data or self._protocol.close_expected():
                return None
            self._protocol.receive_data(data)
            self._frames.extend(
                event
                for event in self._protocol.events_received()
                if isinstance(event, Frame) and event.opcode in DATA_OPCODES
            )
            with suppress(BrokenPipeError):
                await self._flush()
            if not self._frames and self._protocol.state is not OPEN:
                return None
        return self._frames.popleft()

    async def send(self, data: bytes, *, text: bool = False) -> None:
        """Send a message; BrokenPipeError once the connection is closing."""
        if self._protocol.state is not OPEN:
            raise BrokenPipeError
        if text:
            self._protocol.send_text(data)
        else:
            self._protocol.send_binary(data)
        await self._flush()

    async def ping(self) -> None:
        """Ask whether the client is still there."""
        if self._protocol.state is not OPEN:
            raise BrokenPipeError
        self._protocol.send_ping(b"")
        await self._flush()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say that nothing follows; harmless when either side has."""
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)
            with suppress(BrokenPipeError):
                await self._flush()

    async def _flush(self) -> None:
        if data := b"".join(self._protocol.data_to_send()):
            await self._duplex.writer.write(data)
