"""What simulated containers ask of their cluster; `cluster` answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex
from fauxkube.machinery.objects import GVR, Object
from fauxkube.network.topology import Topology
from fauxkube.network.walk import Choice


class Network(Protocol):
    """The cluster's network, and what answers in it."""

    async def topology(self) -> Topology:
        """The network at this moment."""

    def choice(self) -> Choice:
        """How backends are picked at this moment: by chance, with what is remembered of clients."""

    async def request(self, pod: Object, port: int, request: HttpRequest, *, scheme: str = "http") -> HttpResponse:
        """What a pod answers at a port; ConnectionRefusedError when nobody listens, another OSError without TLS."""

    async def connect(self, pod: Object, port: int, client: str) -> Duplex:
        """A connection to a pod's port by whoever has that address; ConnectionRefusedError."""

    async def api(self, request: HttpRequest) -> HttpResponse:
        """What the API server answers."""


class Objects(Protocol):
    """The cluster's objects as they are now; none is to be changed."""

    def find(self, gvr: GVR, namespace: str, name: str) -> Object | None:
        """The object, if there is one."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that containers see of the cluster around them."""

    network: Network
    objects: Objects
    clock: Clock
    chance: Chance
    #: A service account's token for a pod and an audience; empty where there is none.
    token: Callable[[Object, str], str] = lambda _pod, _audience: ""
