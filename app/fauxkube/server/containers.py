"""What the server asks of the containers of pods: the streaming protocols are its own, the programs theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from fauxkube.kit.containers import LogOptions, Terminal
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex
from fauxkube.machinery.objects import Object


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
