"""What the kernel does between a terminal and programs (line discipline): echo, editing, Ctrl-C and Ctrl-D."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fauxkube.kit.streams import Reader, Writer

_CTRL_C, _CTRL_D, _CTRL_L, _CTRL_U, _CTRL_W, _ESCAPE = 3, 4, 12, 21, 23, 27
_ERASE = frozenset({8, 127})
#: As the kernel has it (`MAX_CANON`): what is typed beyond that on one line is dropped.
_LONGEST_LINE = 4095


class Interrupted(Exception):
    """Somebody pressed Ctrl-C while nothing but reading went on."""


class TerminalWriter:
    """Writes to a terminal: each line's end returns to its beginning."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def write(self, data: bytes) -> None:
        await self._writer.write(data.replace(b"\n", b"\r\n"))

    async def close(self) -> None:
        await self._writer.close()


class LineDiscipline:
    """A reader of whole lines out of what is typed; `run` has to run meanwhile."""

    def __init__(self, keys: Reader, screen: Writer) -> None:
        self._keys = keys
        self._screen = screen
        self._line = bytearray()
        #: Lines; empty bytes for an end of input, None for an interrupt.
        self._ready: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._is_over = False
        self._targets: list[asyncio.Future[Any]] = []
        #: What is left of an escape sequence.
        self._escape = b""

    async def read(self) -> bytes:
        if self._is_over and self._ready.empty():
            return b""
        line = await self._ready.get()
        if line is None:
            raise Interrupted
        return line

    @contextmanager
    def interrupting(self, target: asyncio.Future[Any]) -> Iterator[None]:
        """Have Ctrl-C cancel this, instead of ending a read."""
        self._targets.append(target)
        try:
            yield
        finally:
            self._targets.remove(target)

    async def run(self) -> None:
        """Take what is typed until the terminal is gone."""
        try:
            while data := await self._keys.read():
                for key in data:
                    await self._key(key)
            if self._line:
                self._ready.put_nowait(bytes(self._line))
        finally:
            self._is_over = True
            self._ready.put_nowait(b"")

    async def _key(self, key: int) -> None:
        if self._escape or key == _ESCAPE:
            self._in_escape(key)
        elif key == _CTRL_C:
            await self._interrupt()
        elif key == _CTRL_D:
            self._ready.put_nowait(bytes(self._line))
            self._line.clear()
        elif key in {10, 13}:
            await self._echo(b"\r\n")
            self._ready.put_nowait(bytes(self._line) + b"\n")
            self._line.clear()
        elif key in _ERASE:
            await self._erase(1)
        elif key == _CTRL_U:
            await self._erase(len(self._line))
        elif key == _CTRL_W:
            await self._erase(len(self._line) - len(self._line.rstrip().rpartition(b" ")[0]))
        elif (key >= 32 or key == 9) and len(self._line) < _LONGEST_LINE:
            self._line.append(key)
            await self._echo(bytes([key]))

    def _in_escape(self, key: int) -> None:
        """Arrows and the like do nothing."""
        self._escape += bytes([key])
        begins_sequence = self._escape in {b"\x1b", b"\x1b[", b"\x1bO"}
        if not begins_sequence and (64 <= key < 127 or len(self._escape) > 8):
            self._escape = b""

    async def _interrupt(self) -> None:
        await self._echo(b"^C\r\n")
        self._line.clear()
        if self._targets:
            self._targets[-1].cancel()
        else:
            self._ready.put_nowait(None)

    async def _erase(self, count: int) -> None:
        for _ in range(min(count, len(self._line))):
            removed = self._line.pop()
            # What is left of a character of several bytes has no place of its own.
            if removed & 0xC0 == 0x80:
                while self._line and self._line[-1] & 0xC0 == 0x80:
                    self._line.pop()
                if self._line:
                    self._line.pop()
            await self._echo(b"\b \b")

    async def _echo(self, data: bytes) -> None:
        await self._screen.write(data)
