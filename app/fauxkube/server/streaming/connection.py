"""A connection that was taken over from HTTP: bytes in and out, each with a wait where the other side is slow."""

from __future__ import annotations

import asyncio
from collections import deque

#: How many bytes are held before no more are read from the network.
READ_LIMIT = 262_144


class Connection(asyncio.Protocol):
    """A `Reader` and `Writer` on a transport; `received` is what had come before.

    `write` hands its bytes to the transport before it waits, so that what is written in one go stays together.
    """

    def __init__(self, transport: asyncio.Transport, received: bytes = b"") -> None:
        self._transport = transport
        self._chunks: deque[bytes] = deque([received] if received else ())
        self._held = len(received)
        self._paused = False
        self._ended = False
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._held += len(data)
        self._arrived.set()
        if self._held > READ_LIMIT and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _end(self) -> None:
        self._ended = True
        self._arrived.set()
        self._writable.set()

    async def read(self) -> bytes:
        while not self._chunks:
            if self._ended:
                return b""
            self._arrived.clear()
            await self._arrived.wait()
        data = self._chunks.popleft() if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._held = 0
        if self._paused and not self._ended:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        if self._ended or self._transport.is_closing():
            raise BrokenPipeError
        self._transport.write(data)
        if not self._writable.is_set():
            await self._writable.wait()

    async def close(self) -> None:
        """Close once what was written is on its way."""
        self._transport.close()
