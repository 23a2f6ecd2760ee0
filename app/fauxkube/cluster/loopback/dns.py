"""The cluster's names on loopback: its DNS server, and what that answers.

The server is a cluster's of a server, from when somebody first asks for it to the cluster's end; a reset of the cluster
leaves it where it is. A query is answered out of the network as it is then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from fauxkube.cluster.time import NotRunningError
from fauxkube.machinery import status
from fauxkube.server.control import NameServer

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster
    from fauxkube.dataplane.dns_cache import AnswerCache
    from fauxkube.dataplane.dns_server import DnsServer
    from fauxkube.kit.chance import Chance
    from fauxkube.network.names import Record

    Answer = Callable[..., bytes | None]

_HOST = "127.0.0.1"


class Dns:
    """The DNS server of what `cluster` is at the moment."""

    def __init__(self, cluster: Callable[[], Cluster]) -> None:
        self._cluster = cluster
        self._server: DnsServer | None = None
        self._starting = asyncio.Lock()

    async def listening(self, port: int = 0) -> NameServer:
        """Where it listens, from now on if it did not; 0 is a free port. 409 when that port cannot be had."""
        from fauxkube.network import cluster_dns

        async with self._starting:
            if self._server is None:
                self._server = await self._started(port)
        server, topology = self._server, await self._cluster().network.topology()
        if port not in {0, server.port}:
            raise status.conflict("dns", str(port), f"the cluster's DNS server listens on port {server.port} already")
        return NameServer(_HOST, server.port, topology.domain, cluster_dns.address_of(topology))

    async def close(self) -> None:
        """Stop listening; harmless when called again."""
        async with self._starting:
            if self._server is not None:
                await self._server.close()
                self._server = None

    async def _started(self, port: int) -> DnsServer:
        from fauxkube.dataplane import dns_messages
        from fauxkube.dataplane.dns_cache import AnswerCache
        from fauxkube.dataplane.dns_server import DnsServer

        server = DnsServer(partial(self._answer, AnswerCache(), dns_messages.answer), host=_HOST, port=port)
        try:
            await server.start()
        except OSError as error:
            problem = f"cannot listen on {_HOST}:{port}: {error.strerror or error}"
            raise status.conflict("dns", str(port), problem) from None
        return server

    async def _answer(self, cache: AnswerCache, answer: Answer, query: bytes, is_datagram: bool) -> bytes | None:
        """Answers that chance has a part in, the order of addresses, are made anew each time."""
        from fauxkube.network.dns_answers import Response, respond

        network = self._cluster().network
        try:
            topology = await network.topology()
        except NotRunningError:
            return None
        order = _Order(network.dns_chance)

        def answered(name: str, kind: str) -> Response:
            return respond(topology, name, kind, serial=network.changed_at & 0xFFFF_FFFF)

        def made() -> tuple[bytes | None, bool]:
            return answer(query, answered, order, datagram=is_datagram), not order.was_used

        return cache.answer(query, is_datagram, (network, network.changed_at), made)


class _Order:
    """Puts addresses into any order, as CoreDNS' `loadbalance` does."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.was_used = False

    def __call__(self, records: Sequence[Record]) -> Sequence[Record]:
        self.was_used = True
        return sorted(records, key=lambda _: self._chance.random())
