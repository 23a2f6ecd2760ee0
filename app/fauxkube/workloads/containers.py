"""The containers of one cluster as its API server sees them: programs in them, their logs, and what answers at ports.

It is what `server.containers.Containers` asks for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from fauxkube.kit.containers import LogOptions, Terminal
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex
from fauxkube.machinery.objects import Object
from fauxkube.workloads.execution import Programs
from fauxkube.workloads.serving import Serving


class SimulatedContainers:
    """The containers of a cluster's pods: `programs` runs in them, `serving` is what answers at their ports."""

    def __init__(self, serving: Serving, programs: Programs) -> None:
        self._serving = serving
        self._programs = programs

    async def run(self, pod: Object, container: str, command: Sequence[str], terminal: Terminal) -> int:
        """Run a program in a running container."""
        return await self._programs.run(pod, container, command, terminal)

    async def attach(self, pod: Object, container: str, terminal: Terminal) -> int:
        """Watch the container's own program."""
        return await self._programs.attach(pod, container, terminal)

    def log(self, pod: Object, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """What the container's own program has written."""
        return self._programs.log(pod, container, options)

    async def connect(self, pod: Object, port: int) -> Duplex:
        """A connection from the pod's own loopback to a port; ConnectionRefusedError."""
        return await self._serving.connect(pod, port)

    async def request(self, pod: Object, port: int, request: HttpRequest) -> HttpResponse:
        """What the pod answers to an HTTP request at a port; ConnectionRefusedError when nobody listens there."""
        return await self._serving.request(pod, port, request)
