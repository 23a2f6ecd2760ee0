"""Containers for tests: a few programs by their names, and at every port but one what sends back what it is sent.

`started` and `ended` tell what has been run, and what of it has ended, however it did.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from fauxkube.kit.containers import LogOptions, Terminal
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex, Pipe
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.status import StatusError

REFUSING_PORT = 9

Program = Callable[["FakeContainers", Sequence[str], Terminal], Awaitable[int]]


class FakeContainers:
    """What the server asks of containers, in memory."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, tuple[str, ...]]] = []
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        #: What logs consist of, and whether there is more to come, which `more` brings.
        self.lines = [b"one\n", b"two\n", b"three\n"]
        self.more: asyncio.Queue[bytes] = asyncio.Queue()
        self.log_options: list[LogOptions] = []

    async def run(self, pod: Object, container: str, command: Sequence[str], terminal: Terminal) -> int:
        name = command[0] if command else ""
        program = _PROGRAMS.get(name)
        if program is None:
            problem = f'exec: "{name}": executable file not found in $PATH: unknown'
            raise StatusError(500, "InternalError", f"Internal error occurred: {problem}")
        self.started.append((name_of(pod), container, tuple(command)))
        try:
            return await program(self, command, terminal)
        finally:
            self.ended.put_nowait(name)

    def count(self, name: str) -> int:
        """How many programs of that name have been started."""
        return sum(command[0] == name for _, _, command in self.started)

    async def attach(self, pod: Object, container: str, terminal: Terminal) -> int:
        await terminal.stdout.write(b"attached\n")
        return await _cat(self, (), terminal)

    async def log(self, pod: Object, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        self.log_options.append(options)
        try:
            for line in self.lines:
                yield line
            while options.follow:
                yield await self.more.get()
        finally:
            self.ended.put_nowait("log")

    async def connect(self, pod: Object, port: int) -> Duplex:
        if port == REFUSING_PORT:
            raise ConnectionRefusedError
        pipe = Pipe()
        return Duplex(pipe, pipe)

    async def request(self, pod: Object, port: int, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, b"hello\n")


async def _cat(containers: FakeContainers, command: Sequence[str], terminal: Terminal) -> int:
    while data := await terminal.stdin.read():
        await terminal.stdout.write(data)
    return 0


async def _echo(containers: FakeContainers, command: Sequence[str], terminal: Terminal) -> int:
    await terminal.stdout.write(" ".join(command[1:]).encode() + b"\n")
    return 0


async def _exit(containers: FakeContainers, command: Sequence[str], terminal: Terminal) -> int:
    await terminal.stderr.write(b"going\n")
    return int(command[1])


async def _sum(containers: FakeContainers, command: Sequence[str], terminal: Terminal) -> int:
    digest = hashlib.sha256()
    while data := await terminal.stdin.read():
        digest.update(data)
    await terminal.stdout.write(digest.hexdigest().encode() + b"\n")
    return 0


async def _much(containers: FakeContainers, command: Sequence[str], terminal: Terminal) -> int:
    for _ in range(int(command[1])):
        await terminal.stdout.write(b"x" * 1_000_000)
    return 0


async def _sleep(containers: FakeContainers, command: Sequence[str], terminal: Terminal) -> int:
    await asyncio.Event().wait()
    return 0


async def _sizes(containers: FakeContainers, command: Sequence[str], terminal: Terminal) -> int:
    size = await terminal.resizes.next() if terminal.resizes else None
    await terminal.stdout.write(f"{terminal.tty} {size}\n".encode())
    return 0


async def _fail(containers: FakeContainers, command: Sequence[str], terminal: Terminal) -> int:
    raise RuntimeError("a program of the simulation's own failed")


_PROGRAMS: dict[str, Program] = {
    "cat": _cat,
    "echo": _echo,
    "exit": _exit,
    "fail": _fail,
    "much": _much,
    "sizes": _sizes,
    "sleep": _sleep,
    "sum": _sum,
}


async def forgotten(containers: FakeContainers, name: str) -> None:
    """Return once a program of that name has ended that nobody has asked about; TimeoutError when none does."""
    async with asyncio.timeout(20):
        while await containers.ended.get() != name:
            pass
