"""Which backend a client was sent to, where a service has `sessionAffinity: ClientIP`; a node knows its own only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fauxkube.network.endpoints import Endpoint
from fauxkube.network.proxy import ServicePort

#: More clients than this are not kept apart.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Seen:
    backend: str
    at: float


class Affinities:
    """The memory of all nodes; time is in seconds of the cluster's clock."""

    def __init__(self) -> None:
        #: The longest unseen first.
        self._seen: dict[tuple[str, str, str], _Seen] = {}

    def recall(
        self, node: str, port: ServicePort, client: str, usable: Sequence[Endpoint], *, now: float
    ) -> Endpoint | None:
        """The backend that the client stays with; None when it has none, its time is up or it may not be used."""
        seen = self._seen.get((node, str(port), client))
        if not port.affinity or seen is None or now - seen.at >= port.affinity:
            return None
        return next((each for each in usable if str(each) == seen.backend), None)

    def note(self, node: str, port: ServicePort, client: str, backend: Endpoint, *, now: float) -> None:
        """The client's time with this backend begins anew."""
        if not port.affinity:
            return
        key = (node, str(port), client)
        self._seen.pop(key, None)
        self._seen[key] = _Seen(str(backend), now)
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
