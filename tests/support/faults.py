"""Faults of a cluster that runs in another thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fauxkube.cluster.settings import Settings
from fauxkube.machinery.objects import Object
from support.thread import Served, served


class FaultyServer:
    """A server whose requests go wrong as told."""

    def __init__(self, server: Served) -> None:
        self.url = server.url
        self.server = server

    def fault(self, effect: str | Object, *, count: int | None = None, probability: float = 1.0, **match: Any) -> str:
        """Add a fault of requests that matches so; its id."""
        spec: Object = {"kind": "request", "match": match, "effect": effect, "probability": probability}
        if count is not None:
            spec["count"] = count
        return self.server.call(lambda cluster: cluster.faults.add(spec)).id

    def hits(self, id: str) -> int:
        """How often a fault has hit."""
        fault = self.server.call(lambda cluster: cluster.faults.get(id))
        assert fault is not None
        return fault.hits

    def heal(self) -> None:
        """Remove every fault."""
        self.server.call(lambda cluster: cluster.faults.clear())


@contextmanager
def faulty_server(settings: Settings | None = None) -> Iterator[FaultyServer]:
    """Run a server of one cluster."""
    with served(settings or Settings(nodes=0)) as server:
        yield FaultyServer(server)
