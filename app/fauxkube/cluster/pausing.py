"""Control loops by the names that upstream gives them (`kube-controller-manager --controllers`), paused by faults.

Kubelets are paused node by node, which is their own matter (`nodes.node_faults`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from fauxkube.controllers import Controller
from fauxkube.simulation.faults.controllers import KIND
from fauxkube.simulation.faults.engine import Fault, Faults

SCHEDULER = "kube-scheduler"
#: The names of the controllers that call themselves otherwise in their events and user agents.
_NAMES = {
    "endpoint-controller": "endpoints-controller",
    "generic-garbage-collector": "garbage-collector-controller",
    "node-controller": "node-lifecycle-controller",
    "pod-garbage-collector": "pod-garbage-collector-controller",
    "service-account-controller": "serviceaccount-controller",
    "service-controller": "service-lb-controller",
}


class Pausable(Protocol):
    """A loop, or the scheduler."""

    def pause(self) -> None:
        """Let work gather from now on."""

    def resume(self) -> None:
        """Do what has gathered, and go on."""


def pausable(controllers: Iterable[Controller], scheduler: Pausable) -> dict[str, Pausable]:
    """What can be paused, by name."""
    loops: dict[str, Pausable] = {_NAMES.get(each.name, each.name): each.loop for each in controllers}
    return loops | {SCHEDULER: scheduler}


class Pauses:
    """Holds the control loops of one cluster still while a fault says so."""

    def __init__(self, faults: Faults, pausable: Mapping[str, Pausable]) -> None:
        self._faults = faults
        self._pausable = pausable
        self._paused: set[str] = set()
        faults.components.update(pausable)
        faults.on_change(self._changed)

    def _changed(self, fault: Fault) -> None:
        if fault.kind != KIND:
            return
        for name, loop in self._pausable.items():
            held = self._faults.held(KIND, name, {"name": name}, ("pause",)) is not None
            if held and name not in self._paused:
                self._paused.add(name)
                loop.pause()
            elif not held and name in self._paused:
                self._paused.discard(name)
                loop.resume()
