"""What the server's own endpoints and its health checks ask of the cluster around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fauxkube.server.health import Checks


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """What the cluster is: versions, ranges, the number of its nodes, and for how many seconds it has been up."""

    fauxkube_version: str
    kubernetes_version: str
    cluster_cidr: str
    service_cidr: str
    nodes: int
    uptime_seconds: float


@dataclass(frozen=True, slots=True)
class Allocated:
    """A value out of a pool, and the key of the object that holds it, since a moment of the cluster's time.

    `since` is None where that was before what the history holds.
    """

    value: str
    owner: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PoolUse:
    """A pool of addresses, blocks or ports: its range, how many are held and free, and by whom.

    Of the free ones `cooling` have been held before, and are handed out after all others.
    """

    name: str
    range: str
    used: int
    free: int
    allocations: list[Allocated] = field(default_factory=list)
    cooling: int = 0


@dataclass(frozen=True, slots=True)
class AddressUse:
    """Whose an address is. `state` is one of held, cooling, free, reserved (nobody's to have) and outside.

    `owner` is the key of an object, or empty; `ranges` are those that it lies in, the widest first; `note` says in
    words what it is.
    """

    address: str
    state: str
    owner: str = ""
    since: datetime | None = None
    ranges: list[str] = field(default_factory=list)
    note: str = ""


class Inspection(Protocol):
    """The cluster, seen from the server."""

    def info(self) -> ClusterInfo:
        """What the cluster is."""

    def pools(self) -> list[PoolUse]:
        """Every pool and what is held out of it."""

    def checks(self) -> Checks:
        """The health checks beside those that always pass, by name (`etcd`, `poststarthook/...`)."""
