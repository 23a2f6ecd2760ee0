"""A program that runs in a simulated container: what it is given, reads and writes.

Programs are coroutines from a `Process` to an exit code. They end when they are cancelled, and when nobody reads what
they write (`BrokenPipeError`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from fauxkube.kit.clock import Clock
from fauxkube.kit.streams import Reader, Writer
from fauxkube.workloads.container import Container
from fauxkube.workloads.files.errors import words_of
from fauxkube.workloads.files.filesystem import FileSystem, joined
from fauxkube.workloads.terminal import LineDiscipline

#: A program reads no more than this of its input at once (bytes).
READ_LIMIT = 8 * 1024 * 1024


class UsageError(Exception):
    """The program was not called as it has to be; its message is printed after the program's name, and it exits."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Input:
    """A reader that can also be read line by line; what was read too much is kept for the next who reads."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._held = b""

    async def read(self) -> bytes:
        """The next bytes, as many as there are; empty at the end."""
        if self._held:
            held, self._held = self._held, b""
            return held
        return await self._reader.read()

    async def line(self) -> bytes:
        """The next line with its end; without one if the input ends before; empty at the end."""
        while b"\n" not in self._held:
            more = await self._reader.read()
            if not more:
                held, self._held = self._held, b""
                return held
            self._held += more
            if len(self._held) > READ_LIMIT:
                raise UsageError("the line is too long")
        end = self._held.index(b"\n") + 1
        line, self._held = self._held[:end], self._held[end:]
        return line

    async def all(self) -> bytes:
        """Everything up to the end; UsageError when it is too much."""
        chunks: list[bytes] = []
        size = 0
        while chunk := await self.read():
            chunks.append(chunk)
            size += len(chunk)
            if size > READ_LIMIT:
                raise UsageError(f"more than {READ_LIMIT // 1024 // 1024} MiB of input")
        return b"".join(chunks)


class Bytes:
    """A reader of bytes that are there."""

    def __init__(self, data: bytes = b"") -> None:
        self._data = data

    async def read(self) -> bytes:
        data, self._data = self._data, b""
        return data


class Nowhere:
    """A writer that takes everything and keeps nothing."""

    async def write(self, data: bytes) -> None:
        """Take it."""

    async def close(self) -> None:
        """Nothing to end."""


@dataclass(slots=True)
class Process:
    """A program's arguments (its name first), environment, place and streams."""

    container: Container
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    stdin: Input
    stdout: Writer
    stderr: Writer
    tty: bool = False
    #: How many programs started each other to get here.
    depth: int = 0
    #: The terminal that it reads from, if it does.
    terminal: LineDiscipline | None = None

    @property
    def name(self) -> str:
        """What the program is called: its path's last part."""
        return self.arguments[0].rpartition("/")[2]

    @property
    def files(self) -> FileSystem:
        """What it sees of files."""
        return self.container.files

    @property
    def clock(self) -> Clock:
        """The cluster's."""
        return self.container.surroundings.clock

    def path(self, text: str) -> str:
        """The absolute path that a text means."""
        return joined(self.folder, text) if text else ""

    def with_arguments(self, *arguments: str) -> Process:
        """The same process about to run something else."""
        return replace(self, arguments=list(arguments), depth=self.depth + 1)

    async def write(self, text: str) -> None:
        """Print to the standard output."""
        await self.stdout.write(encoded(text))

    async def complain(self, text: str) -> None:
        """Print a line to the standard error, after the program's name."""
        await self.stderr.write(encoded(f"{self.name}: {text}\n"))

    async def fail(self, text: str, code: int = 1) -> int:
        """Complain, and give the exit code to end with."""
        await self.complain(text)
        return code

    async def content(self, path: str) -> bytes:
        """What the file holds; `-` and /dev/stdin are the standard input. OSError when there is no such file."""
        if path == "-" or self.path(path) == "/dev/stdin":
            return await self.stdin.all()
        return self.files.read(self.path(path), self.container.user.owner)

    async def contents(self, paths: list[str], words: str) -> tuple[list[tuple[str, bytes]], int]:
        """What the files hold by name, the standard input's without any; those that cannot be read are told of.

        `words` is what is said of one, `{path}` and `{error}` in it; the second result is the exit code then.
        """
        found, code = [], 0
        for path in paths or ["-"]:
            try:
                found.append((path, await self.content(path)))
            except OSError as error:
                code = await self.fail(words.format(path=path, error=words_of(error)))
        return found, code


#: Runs a program to its end.
Program: TypeAlias = Callable[[Process], Awaitable[int]]


def encoded(text: str) -> bytes:
    """Text as programs write it: what was no text when it was read comes out as it was."""
    return text.encode(errors="surrogateescape")


def decoded(data: bytes) -> str:
    """Bytes as programs work with them, whatever they are."""
    return data.decode(errors="surrogateescape")
