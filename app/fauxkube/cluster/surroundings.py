"""What simulated containers reach of their cluster: its network, what its pods serve, its API server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex
from fauxkube.machinery.objects import Object

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster
    from fauxkube.network.topology import Topology
    from fauxkube.network.walk import Choice

#: How long the API server may take (real seconds): a watch would go on for ever, and its answer comes as a whole.
_PATIENCE = 10.0


class PodsNetwork:
    """A `workloads.surroundings.Network` of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def topology(self) -> Topology:
        return await self._cluster.network.topology()

    def choice(self) -> Choice:
        return self._cluster.network.choice()

    async def request(self, pod: Object, port: int, request: HttpRequest, *, scheme: str = "http") -> HttpResponse:
        return await self._cluster.workloads.serving.request(pod, port, request, scheme=scheme)

    async def connect(self, pod: Object, port: int, client: str) -> Duplex:
        return await self._cluster.workloads.serving.connect(pod, port, client=client)

    async def api(self, request: HttpRequest) -> HttpResponse:
        transport = httpx.ASGITransport(app=self._cluster.application)
        async with asyncio.timeout(_PATIENCE), httpx.AsyncClient(transport=transport) as client:
            answer = await client.request(
                request.method,
                f"http://kubernetes.default.svc:443{request.target}",
                headers=list(request.headers),
                content=request.body,
            )
        return HttpResponse(answer.status_code, answer.content, tuple(answer.headers.multi_items()))
