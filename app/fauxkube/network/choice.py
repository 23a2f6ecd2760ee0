"""Which of several backends a packet goes to: one by chance, as kube-proxy picks, or each of them to look at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from fauxkube.kit.chance import Chance
from fauxkube.network.affinity import Affinities
from fauxkube.network.endpoints import Endpoint
from fauxkube.network.proxy import ServicePort

T = TypeVar("T")


class ByChance:
    """Each is as likely as the others; a client stays with its backend where the service says so (`now`: seconds)."""

    def __init__(self, chance: Chance, affinities: Affinities | None = None, *, now: float = 0.0) -> None:
        self._chance = chance
        self._affinities = affinities or Affinities()
        self._now = now

    def of(self, options: Sequence[T]) -> Sequence[T]:
        return (self._chance.choice(options),) if options else ()

    def kept(self, node: str, port: ServicePort, client: str, usable: Sequence[Endpoint]) -> Endpoint | None:
        return self._affinities.recall(node, port, client, usable, now=self._now)

    def note(self, node: str, port: ServicePort, client: str, backend: Endpoint) -> None:
        self._affinities.note(node, port, client, backend, now=self._now)


class Every:
    """All of them, whoever was sent where before."""

    def of(self, options: Sequence[T]) -> Sequence[T]:
        return options

    def kept(self, node: str, port: ServicePort, client: str, usable: Sequence[Endpoint]) -> Endpoint | None:
        return None

    def note(self, node: str, port: ServicePort, client: str, backend: Endpoint) -> None:
        """Nobody is sent anywhere."""
