"""The numbered channels that Kubernetes puts into one WebSocket: each message begins with its channel's number.

In the binary subprotocols it is a byte, in the base64 ones a digit, and the rest of the message is base64. With
version 5 the byte 255 and a channel's number say that nothing more comes on it (KEP-4006).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from contextlib import suppress

from fauxkube.kit.streams import Pipe
from fauxkube.server.streaming.websocket import MESSAGE, WebSocket

CLOSE = 255
#: How many bytes a channel holds before the connection waits for whoever reads it.
HELD = 256 * 1024


class Channel:
    """A `Writer` to one channel."""

    def __init__(self, channels: Channels, number: int) -> None:
        self._channels = channels
        self._number = number
        self._closed = False

    async def write(self, data: bytes) -> None:
        if self._closed:
            raise BrokenPipeError
        for at in range(0, len(data), MESSAGE):
            await self._channels.send(self._number, data[at : at + MESSAGE])

    async def close(self) -> None:
        """Nothing follows, which the protocol has no word for in this direction."""
        self._closed = True


class Channels:
    """The channels of one WebSocket; `read` are the numbers of those that are read; others are ignored."""

    def __init__(self, socket: WebSocket, *, read: Iterable[int], base64: bool, closes: bool) -> None:
        self._socket = socket
        self._base64 = base64
        self._closes = closes
        self._read = {number: Pipe(limit=HELD) for number in read}

    def reader(self, number: int) -> Pipe:
        """What comes on a channel."""
        return self._read[number]

    def writer(self, number: int) -> Channel:
        """What goes out on a channel."""
        return Channel(self, number)

    async def send(self, number: int, data: bytes) -> None:
        """Send a message on a channel."""
        if self._base64:
            await self._socket.send(b"%d" % number + base64.b64encode(data), text=True)
        else:
            await self._socket.send(bytes((number,)) + data)

    async def run(self) -> None:
        """Hand on what comes until the client goes away."""
        try:
            while (message := await self._socket.receive()) is not None:
                if message.data and not await self._take(message.data):
                    return
        finally:
            for pipe in self._read.values():
                await pipe.close()

    async def close(self) -> None:
        """End the WebSocket, throwing away what still comes."""
        for pipe in self._read.values():
            pipe.break_off()
        await self._socket.close()

    async def _take(self, data: bytes) -> bool:
        """Hand on a message; False after one that makes no sense."""
        number = data[0]
        if self._closes and number == CLOSE:
            if len(data) != 2:
                return False
            if pipe := self._read.get(data[1]):
                await pipe.close()
            return True
        content = data[1:]
        if self._base64:
            number -= ord("0")
            try:
                content = base64.b64decode(content, validate=True)
            except binascii.Error:
                return True
        if pipe := self._read.get(number):
            with suppress(BrokenPipeError):
                await pipe.write(content)
        return True
