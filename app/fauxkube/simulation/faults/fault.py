"""One fault: a rule that was read from its spec, the hits it has had, and the state it is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object
from fauxkube.simulation.faults.family import Effect, Family
from fauxkube.simulation.faults.fields import FaultError, Field, duration, listed, read_fields, share, whole
from fauxkube.simulation.faults.matching import Match

WAITING, ACTIVE, EXHAUSTED, EXPIRED, REMOVED = "waiting", "active", "exhausted", "expired", "removed"


def _as_it_is(value: Any) -> Any:
    return value


_FIELDS = {
    "kind": Field(_as_it_is, required=True),
    "match": Field(_as_it_is),
    "effect": Field(_as_it_is, required=True),
    "count": Field(whole(1)),
    "probability": Field(share, 1.0),
    "after": Field(duration, 0.0),
    "for": Field(duration),
}


class Fault:
    """What it hits (`match`), what happens then (`effect`), how often it has hit (`hits`), and its `state`.

    `strike` and `holds` decide on hits; `changed` is called whenever the state becomes another.
    """

    def __init__(
        self, id: str, spec: Object, families: Mapping[str, Family], chance: Chance, changed: Callable[[Fault], None]
    ) -> None:
        given = read_fields(spec, _FIELDS)
        family = _family(given["kind"], families)
        self.id = id
        self.kind = family.kind
        self.match = Match(given["match"], family.match)
        self.effect: Effect = family.effect(given["effect"])
        self.after: float = given["after"]
        self.lasts: float | None = given["for"]
        self.hits = 0
        self.state = WAITING if self.after else ACTIVE
        self._count: int | None = given["count"]
        self._probability: float = given["probability"]
        self._chance = chance
        self._changed = changed
        #: What was decided for a target, and on which occasion.
        self._decided: dict[str, tuple[str, bool]] = {}
        #: The spec as it was given, written out in full.
        self.spec = _whole(spec)

    @property
    def in_force(self) -> bool:
        """Whether it may hit, or holds what it has hit."""
        return self.state == ACTIVE or (self.state == EXHAUSTED and any(hit for _, hit in self._decided.values()))

    def move(self, state: str) -> None:
        """Bring it into another state, and say so."""
        self.state = state
        self._changed(self)

    def strike(self) -> bool:
        """Whether it hits this time; a hit is counted."""
        if self.state != ACTIVE or (self._probability < 1 and self._chance.random() >= self._probability):
            return False
        self.hits += 1
        if self._count is not None and self.hits >= self._count:
            self.move(EXHAUSTED)
        return True

    def holds(self, target: str, occasion: str = "") -> bool:
        """Whether it has hit `target` on this `occasion`: decided at the first asking, and no more on other occasions.

        A fault that lasts knows no occasions: what it holds it holds until it ends.
        """
        decided = self._decided.get(target)
        if decided is None:
            if self.state != ACTIVE:
                return False
            # Known before the strike, which may end in the last of its hits and be told to others at once.
            self._decided[target] = (occasion, True)
            decided = self._decided[target] = (occasion, self.strike())
        when, hit = decided
        return hit and when == occasion

    def memory(self) -> Object:
        """What it has done so far, as JSON: for one like it to go on from there (`recall`)."""
        decided = {target: list(decision) for target, decision in self._decided.items()}
        return {"state": self.state, "hits": self.hits, "decided": decided}

    def recall(self, memory: Object) -> None:
        """Go on from what one like it has done."""
        self.state, self.hits = memory["state"], memory["hits"]
        self._decided = {target: (occasion, hit) for target, (occasion, hit) in memory["decided"].items()}

    def described(self) -> Object:
        """The spec, with `id`, `state` and `hits`."""
        return {"id": self.id, "state": self.state, "hits": self.hits, **self.spec}


def _family(kind: Any, families: Mapping[str, Family]) -> Family:
    if not isinstance(kind, str) or kind not in families:
        raise FaultError("kind", f"there is no kind {kind!r}, but there are {listed(families)}")
    return families[kind]


def _whole(spec: Object) -> Object:
    effect = spec["effect"]
    written_out = {"type": effect} if isinstance(effect, str) else dict(effect)
    return {**spec, "match": dict(spec.get("match") or {}), "effect": written_out}
