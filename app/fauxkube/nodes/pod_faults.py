"""What the cluster's faults do to containers: who asks is told whether one of them hits.

Of a cluster without faults on pods every question is answered by a look into an empty mapping.
"""

from __future__ import annotations

from typing import NamedTuple

from fauxkube.machinery.objects import Object, labels_of, name_of, namespace_of
from fauxkube.simulation.faults.engine import Fault, Faults
from fauxkube.simulation.faults.matching import Subject

#: The kind of the faults that are asked here.
KIND = "pod"
_CRASHES = frozenset({"crash", "oom-kill", "unhealthy"})
#: What containers end with that get a SIGKILL and a SIGTERM.
_KILLED, _TERMINATED = 137, 143


class Crash(NamedTuple):
    """An end that a fault brings about: after how many seconds of running, and what it looks like."""

    run_for: float
    exit_code: int
    reason: str
    #: What the liveness probe said that the container was killed for.
    probe: str | None = None


class PodFaults:
    """The faults of kind `pod`, asked container by container."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    @property
    def any(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self._faults.in_force(KIND))

    def crash(self, pod: Object, container: Object, run: str) -> Crash | None:
        """How the container's `run` (its ID) is to end before its time."""
        for fault in self._faults.in_force(KIND):
            if fault.effect.type in _CRASHES and _hits_run(fault, pod, container, run):
                return _crash(fault)
        return None

    def pull_failure(self, pod: Object, container: Object) -> str | None:
        """Why this pull of the container's image fails; an empty text says that the registry does not know it."""
        fault = self._strike(pod, container, "image-pull-error")
        return None if fault is None else str(fault.effect["message"])

    def start_delay(self, pod: Object, container: Object) -> float:
        """By how many seconds this start of the container is late."""
        fault = self._strike(pod, container, "slow-start")
        return 0.0 if fault is None else float(fault.effect["delay"])

    def unready(self, pod: Object, container: Object) -> str | None:
        """What the container's failing readiness probe says; None while it succeeds."""
        if not self.any:
            return None
        target = _target(pod, container)
        fault = self._faults.held(KIND, target, _subject(pod, container), ("unready",))
        return None if fault is None else str(fault.effect["message"])

    def _strike(self, pod: Object, container: Object, effect: str) -> Fault | None:
        if not self.any:
            return None
        return self._faults.strike(KIND, _subject(pod, container), (effect,))


def _crash(fault: Fault) -> Crash:
    effect = fault.effect
    run_for: float = effect["runFor"]
    if effect.type == "oom-kill":
        return Crash(run_for, _KILLED, "OOMKilled")
    if effect.type == "unhealthy":
        return Crash(run_for, _TERMINATED, "Error", effect["message"])
    return Crash(run_for, effect["exitCode"], "Error" if effect["exitCode"] else "Completed")


def _hits_run(fault: Fault, pod: Object, container: Object, run: str) -> bool:
    if not fault.match.accepts(_subject(pod, container)):
        return False
    return fault.holds(run) if fault.effect["repeat"] else fault.holds(_target(pod, container), run)


def _target(pod: Object, container: Object) -> str:
    return f"{pod['metadata']['uid']}/{container['name']}"


def _subject(pod: Object, container: Object) -> Subject:
    return {
        "namespace": namespace_of(pod),
        "name": name_of(pod),
        "labels": labels_of(pod),
        "node": pod["spec"].get("nodeName"),
        "container": container["name"],
        "image": container["image"],
    }
