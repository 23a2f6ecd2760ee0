"""What the server asks of the containers of pods: the streaming protocols are its own, the programs theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex, Reader, Writer
from fauxkube.machinery.objects import Object


class Resizes(Protocol):
    """The sizes that a terminal takes, one after the other."""

    async def next(self) -> tuple[int, int] | None:
        """The next width and height in characters; None when there will be no more."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a program reads and writes; with `tty` its errors go to `stdout`, which is a terminal's."""

    stdin: Reader
    stdout: Writer
    stderr: Writer
    tty: bool = False
    resizes: Resizes | None = None


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which part of a log is wanted, as in `PodLogOptions`: `since` in seconds, `since_time` as in RFC 3339."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: int | None = None
    since_time: str = ""


class Containers(Protocol):
    """The programs of one cluster's containers; what cannot be done is a `StatusError`, before anything flows."""

    async def run(self, pod: Object, container: str, command: Sequence[str], terminal: Terminal) -> int:
        """Run a program in a running container until it ends; its exit code. Cancelled, it is killed.

        A command that is not there is a `StatusError` in the words of the container runtime.
        """

    async def attach(self, pod: Object, container: str, terminal: Terminal) -> int:
        """Watch the container's own program until it ends, and write to it if it reads; its exit code."""

    def log(self, pod: Object, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """What the container's own program has written, line by line."""

    async def connect(self, pod: Object, port: int) -> Duplex:
        """A connection from the pod's own loopback (as `port-forward` makes) to a port; ConnectionRefusedError."""

    async def request(self, pod: Object, port: int, request: HttpRequest) -> HttpResponse:
        """What the pod answers to an HTTP request at a port; ConnectionRefusedError when nobody listens there."""
