"""A container to run programs in, without a cluster: a pod in a small network, and the objects that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fauxkube.kinds.core.pod_status import pod_ip_of
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import VirtualClock
from fauxkube.kit.containers import Terminal
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex, Pipe
from fauxkube.machinery.objects import GVR, Object
from fauxkube.network.choice import ByChance
from fauxkube.network.topology import Topology
from fauxkube.network.walk import Choice
from fauxkube.workloads.execution import Programs
from fauxkube.workloads.runs import Runs
from fauxkube.workloads.surroundings import Surroundings
from support.networks import network, node, pod


@dataclass
class Kept:
    """A writer that keeps what it takes."""

    data: bytearray = field(default_factory=bytearray)

    async def write(self, data: bytes) -> None:
        self.data += data

    async def close(self) -> None:
        """Nothing follows."""

    def __str__(self) -> str:
        return self.data.decode()


@dataclass
class Given:
    """A reader of what is there."""

    data: bytes = b""

    async def read(self) -> bytes:
        data, self.data = self.data, b""
        return data


@dataclass(frozen=True)
class Ran:
    """What a program printed, and how it ended."""

    code: int
    out: str
    err: str


class FixedNetwork:
    """A network that stays as it is; `answers` are what pods answer, by address and port."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._chance = Chance(1)
        self.answers: dict[tuple[str, int], HttpResponse] = {}
        self.asked: list[HttpRequest] = []

    async def topology(self) -> Topology:
        return self._topology

    def choice(self) -> Choice:
        return ByChance(self._chance)

    async def request(self, pod: Object, port: int, request: HttpRequest, *, scheme: str = "http") -> HttpResponse:
        self.asked.append(request)
        if scheme == "https":
            raise OSError("no TLS")
        found = self.answers.get((pod_ip_of(pod), port))
        return found or HttpResponse(200, f"Hello from {pod['metadata']['name']}\n".encode())

    async def connect(self, pod: Object, port: int, client: str) -> Duplex:
        pipe = Pipe()
        return Duplex(pipe, pipe)

    async def api(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        return HttpResponse(200, b'{"kind": "APIVersions"}\n', (("Content-Type", "application/json"),))


class Found(dict[tuple[str, str, str], Object]):
    """Objects by resource, namespace and name."""

    def find(self, gvr: GVR, namespace: str, name: str) -> Object | None:
        return self.get((gvr.resource, namespace, name))


class Box:
    """Runs programs in the container `main` of a pod: `client` on node-1, unless another is given."""

    def __init__(self, given: Object | None = None, topology: Topology | None = None, **objects: Any) -> None:
        self.pod = given or pod("client", "10.244.1.9", labels={"app": "client"})
        self.topology = topology or network(nodes=[node(1), node(2)], pods=[self.pod])
        self.network = FixedNetwork(self.topology)
        self.objects = Found(objects.get("objects") or {})
        self.clock = VirtualClock(rate=objects.get("rate", 1.0))
        surroundings = Surroundings(self.network, self.objects, self.clock, Chance(1))
        self.runs = Runs(surroundings)
        self.programs = Programs(surroundings, self.runs)

    async def run(self, *command: str, stdin: bytes = b"", tty: bool = False) -> Ran:
        """Run a command line; a single text is a script."""
        words: Sequence[str] = command if len(command) > 1 else ("sh", "-c", command[0])
        out, err = Kept(), Kept()
        code = await self.programs.run(self.pod, "main", words, Terminal(Given(stdin), out, err, tty))
        return Ran(code, str(out), str(err))
