"""Bytes that flow between two sides, whichever protocol carries them.

A `Reader` gives what has come, a `Writer` takes what is to go and makes its caller wait while the other side is slow.
A `Pipe` is both ends of a stream within the process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Protocol


class Reader(Protocol):
    """Where bytes come from."""

    async def read(self) -> bytes:
        """The next bytes, as many as there are; empty at the end, and ever after."""


class Writer(Protocol):
    """Where bytes go."""

    async def write(self, data: bytes) -> None:
        """Hand bytes on; BrokenPipeError once nobody takes them any more."""

    async def close(self) -> None:
        """Say that nothing follows; harmless when said again."""


class Nothing:
    """A `Reader` of nothing."""

    async def read(self) -> bytes:
        return b""


class Nowhere:
    """A `Writer` that throws away what it is given."""

    async def write(self, data: bytes) -> None:
        """Nobody reads it, and nobody minds."""

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True)
class Duplex:
    """A connection: what the other side sends, and what it is sent."""

    reader: Reader
    writer: Writer


#: How many bytes a pipe holds before who writes has to wait.
PIPE_LIMIT = 65_536


class Pipe:
    """What is written to it can be read from it, in order; one reads, any number may write."""

    def __init__(self, *, limit: int = PIPE_LIMIT) -> None:
        self._limit = limit
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._ended = False
        self._broken = False
        self._changed = asyncio.Event()

    async def read(self) -> bytes:
        while not self._chunks:
            if self._ended or self._broken:
                return b""
            await self._change()
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._held = 0
        self._tell()
        return data

    async def write(self, data: bytes) -> None:
        while self._held >= self._limit and not self._broken:
            await self._change()
        if self._broken or self._ended:
            raise BrokenPipeError
        if data:
            self._chunks.append(data)
            self._held += len(data)
            self._tell()

    async def close(self) -> None:
        self._ended = True
        self._tell()

    def break_off(self) -> None:
        """Nobody reads any more: who writes is told so."""
        self._broken = True
        self._chunks.clear()
        self._tell()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
