"""The way of a packet as it is told: hop after hop, to where it arrives or is lost. All of it is plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Lookup:
    """A query to the DNS; of the type `hosts`, a name that was found in the sender's own /etc/hosts."""

    where: str
    name: str
    type: str
    status: str
    records: tuple[str, ...]
    kind: str = field(default="lookup", init=False)


@dataclass(frozen=True, slots=True)
class Backend:
    """An endpoint that a rule could choose, and how likely it was to."""

    address: str
    pod: str
    node: str
    probability: float
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Excluded:
    """An endpoint that a rule does not use, and why."""

    address: str
    pod: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A node takes the packet for a service's. `notes` tell what narrowed the choice, or that it was no choice."""

    where: str
    entry: str
    service: str
    port: str
    policy: str
    backends: tuple[Backend, ...]
    excluded: tuple[Excluded, ...]
    notes: tuple[str, ...]
    kind: str = field(default="rule", init=False)


@dataclass(frozen=True, slots=True)
class Translation:
    """The packet's `destination` or `source` becomes another."""

    where: str
    changes: str
    before: str
    after: str
    reason: str
    kind: str = field(default="nat", init=False)


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """The network policies of the pod `where` let the packet out or in, or do not."""

    where: str
    direction: str
    allowed: bool
    policies: tuple[str, ...]
    decides: str
    kind: str = field(default="policy", init=False)


@dataclass(frozen=True, slots=True)
class Leg:
    """The packet goes from one place to another: `via` the node's bridge, a route between nodes, the outside."""

    where: str
    to: str
    via: str
    kind: str = field(default="route", init=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody takes the packet, who sees it come from `source`. `container` and `answer` are told where known."""

    where: str
    address: str
    source: str
    container: str = ""
    answer: str = ""
    kind: str = field(default="arrival", init=False)


@dataclass(frozen=True, slots=True)
class End:
    """The packet is lost: why (a word to test for, and a sentence), what the client sees, what may be the mistake."""

    where: str
    reason: str
    message: str
    symptom: str
    likely: tuple[str, ...] = ()
    kind: str = field(default="end", init=False)


Hop: TypeAlias = Lookup | RuleHit | Translation | PolicyCheck | Leg | Arrival | End


@dataclass(frozen=True, slots=True)
class Way:
    """One way that a packet may take, and how likely it is among all."""

    probability: float
    reached: bool
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """What becomes of a packet; `reached` says whether every way that was looked at arrives."""

    source: str
    target: str
    protocol: str
    port: int
    reached: bool
    ways: tuple[Way, ...]
