"""The containers of one cluster as its API server sees them: programs in them, their logs, and what answers at ports.

It is what `server.containers.Containers` asks for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.workloads.serving import Serving


class SimulatedContainers:
    """The containers of a cluster's pods; `serving` is what answers at their ports."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def run(self, pod: Object, container: str, command: Sequence[str], terminal: object) -> int:
        """Run a program in a running container."""
        raise StatusError(501, "NotImplemented", "fauxkube does not run programs in containers")

    async def attach(self, pod: Object, container: str, terminal: object) -> int:
        """Watch the container's own program."""
        raise StatusError(501, "NotImplemented", "fauxkube does not run programs in containers")

    async def log(self, pod: Object, container: str, options: object) -> AsyncIterator[bytes]:
        """What the container's own program has written: nothing."""
        nothing: tuple[bytes, ...] = ()
        for line in nothing:
            yield line

    async def connect(self, pod: Object, port: int) -> Duplex:
        """A connection from the pod's own loopback to a port; ConnectionRefusedError."""
        return await self._serving.connect(pod, port)

    async def request(self, pod: Object, port: int, request: HttpRequest) -> HttpResponse:
        """What the pod answers to an HTTP request at a port; ConnectionRefusedError when nobody listens there."""
        return await self._serving.request(pod, port, request)
