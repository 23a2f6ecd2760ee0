"""The faults of one cluster: added and removed while it runs, counted, and over when their time is.

    faults = Faults(clock, chance)
    faults.add({"kind": "node", "match": {"name": "node-1"}, "effect": "down", "for": "5m"})

Whoever acts faults out asks `strike` (or `held`) of the kind it knows; with no fault of that kind in force the answer
costs a dictionary's look-up. `on_change` tells when the answer may have become another.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import TypeAlias

from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock, Timer
from fauxkube.machinery.objects import Object
from fauxkube.simulation.faults.controllers import KUBELET
from fauxkube.simulation.faults.families import families
from fauxkube.simulation.faults.fault import ACTIVE, EXPIRED, REMOVED, WAITING, Fault
from fauxkube.simulation.faults.fields import FaultError
from fauxkube.simulation.faults.matching import Subject

__all__ = ["Fault", "FaultError", "Faults"]

#: Told of a fault that was added, removed, or whose state changed.
Handler: TypeAlias = Callable[[Fault], None]


class Faults:
    """Every fault of a cluster, in the order in which they were added; the first that hits counts."""

    def __init__(self, clock: Clock, chance: Chance) -> None:
        self._clock = clock
        self._chance = chance
        #: The names of the control loops that can be paused.
        self.components = {KUBELET}
        self._families = families(self.components)
        self._added = 0
        self._faults: dict[str, Fault] = {}
        #: When each was added, on the monotonic clock, and what begins and ends it.
        self._since: dict[str, float] = {}
        self._timers: dict[str, list[Timer]] = {}
        self._in_force: Mapping[str, tuple[Fault, ...]] = {}
        self._handlers: list[Handler] = []

    def add(self, spec: Object) -> Fault:
        """A new fault as its spec says, in force at once unless it waits; `FaultError` when the spec is no fault.

        A fault with `after` or `for` must be added within the cluster's event loop.
        """
        fault = self._new(f"fault-{self._added + 1}", spec)
        self._added += 1
        self._keep(fault, self._clock.monotonic())
        return fault

    def memory(self) -> Object:
        """Every fault and what it has done, as JSON that is not changed any more: for another cluster to go on from."""
        now = self._clock.monotonic()
        kept = [
            {"id": fault.id, "spec": fault.spec, "age": now - self._since[fault.id], "done": fault.memory()}
            for fault in self._faults.values()
        ]
        return {"added": self._added, "faults": kept}

    def recall(self, memory: Object) -> None:
        """Take over the faults of another cluster, as they were when it was asked for its memory."""
        self._added = memory["added"]
        for each in memory["faults"]:
            fault = self._new(each["id"], each["spec"])
            fault.recall(each["done"])
            self._keep(fault, self._clock.monotonic() - each["age"])

    def get(self, id: str) -> Fault | None:
        """The fault of that id."""
        return self._faults.get(id)

    def list(self) -> list[Fault]:
        """All faults, those that are over too, until they are removed."""
        return [*self._faults.values()]

    def remove(self, id: str) -> bool:
        """End a fault and forget it; False when there is none of that id."""
        fault = self._faults.pop(id, None)
        if fault is None:
            return False
        for timer in self._timers.pop(id):
            timer.cancel()
        del self._since[id]
        fault.move(REMOVED)
        return True

    def clear(self) -> None:
        """Remove every fault."""
        for each in [*self._faults]:
            self.remove(each)

    def on_change(self, handler: Handler) -> None:
        """Call `handler` whenever a fault was added or removed or changed its state."""
        self._handlers.append(handler)

    def in_force(self, kind: str) -> tuple[Fault, ...]:
        """The faults of that kind that may hit or hold something, in their order."""
        return self._in_force.get(kind, ())

    def strike(self, kind: str, subject: Subject, types: Container[str]) -> Fault | None:
        """Let the faults of these effect types strike at `subject`: the first that hits, which counts it."""
        for fault in self._in_force.get(kind, ()):
            if fault.effect.type in types and fault.match.accepts(subject) and fault.strike():
                return fault
        return None

    def held(self, kind: str, target: str, subject: Subject, types: Container[str]) -> Fault | None:
        """The first fault of these effect types that has a hold on `target`, of which `subject` tells."""
        for fault in self._in_force.get(kind, ()):
            if fault.effect.type in types and fault.match.accepts(subject) and fault.holds(target):
                return fault
        return None

    def _new(self, id: str, spec: Object) -> Fault:
        return Fault(id, spec, self._families, self._chance.of(id), self._changed)

    def _keep(self, fault: Fault, since: float) -> None:
        """Count a fault in that was added at that monotonic time."""
        self._faults[fault.id] = fault
        self._since[fault.id] = since
        self._timers[fault.id] = list(self._window(fault, since - self._clock.monotonic()))
        self._changed(fault)

    def _window(self, fault: Fault, offset: float) -> Iterator[Timer]:
        """What begins and ends the fault on the cluster's clock, `offset` seconds from when that was due."""
        if fault.state == WAITING:
            yield self._clock.call_later(fault.after + offset, lambda: fault.move(ACTIVE))
        if fault.lasts is not None and fault.state != EXPIRED:
            yield self._clock.call_later(fault.after + fault.lasts + offset, lambda: fault.move(EXPIRED))

    def _changed(self, fault: Fault) -> None:
        in_force: dict[str, tuple[Fault, ...]] = {}
        for each in self._faults.values():
            if each.in_force:
                in_force[each.kind] = (*in_force.get(each.kind, ()), each)
        self._in_force = in_force
        for handler in self._handlers:
            handler(fault)
