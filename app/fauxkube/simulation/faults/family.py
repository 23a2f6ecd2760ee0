"""A family of faults: the kind that its specs name, what they can match, and what they can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fauxkube.simulation.faults.fields import FaultError, Fields, listed, read_fields


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fault does: one of its family's types, with the options of that type."""

    type: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """An option; what its field says when the spec left it out."""
        return self.options[name]


@dataclass(frozen=True, slots=True)
class Family:
    """The vocabulary of one kind of faults; `effects` gives the options of each type."""

    kind: str
    match: Fields
    effects: Mapping[str, Fields]

    def effect(self, given: Any) -> Effect:
        """An effect as a spec writes it: `"down"` or `{"type": "crash", "exitCode": 1}`."""
        spec = {"type": given} if isinstance(given, str) else given
        if not isinstance(spec, Mapping):
            raise FaultError("effect", f"must be an object or a text, not {given!r}")
        wanted = spec.get("type")
        if not isinstance(wanted, str) or wanted not in self.effects:
            there_are = f"but there are {listed(self.effects)}"
            raise FaultError("effect.type", f"there is no effect {wanted!r} of kind {self.kind}, {there_are}")
        options = {name: value for name, value in spec.items() if name != "type"}
        return Effect(wanted, read_fields(options, self.effects[wanted], "effect"))
