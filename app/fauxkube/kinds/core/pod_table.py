"""The pods' printed table, column by column as a real cluster's `kubectl get pods` shows it.

The status is worked out as upstream's printer does: an init container that has not ended wins (`Init:1/2`), then the
state of the containers (`CrashLoopBackOff`, `Completed`), and a pod asked to go is `Terminating`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fauxkube.kinds.core.pod_status import condition, condition_is_true, is_sidecar, is_terminal, pod_ip_of
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column
from fauxkube.machinery.objects import Object, is_terminating
from fauxkube.machinery.table import age, human_duration
from fauxkube.machinery.times import from_time

COLUMNS = (
    NAME_COLUMN,
    Column("Ready", "The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", "The aggregate status of the containers in this pod."),
    Column("Restarts", "How many times the containers have been restarted, and when the last of them was."),
    AGE_COLUMN,
    Column("IP", "The pod's address.", priority=1),
    Column("Node", "The node that the pod is bound to.", priority=1),
    Column("Nominated Node", "The node that is being cleared for the pod.", priority=1),
    Column("Readiness Gates", "How many of the pod's readiness gates are open.", priority=1),
)

NONE = "<none>"


def row(pod: Object, now: datetime) -> list[Any]:
    """The cells of `COLUMNS` for one pod."""
    spec, status = pod["spec"], pod.get("status", {})
    summary = _summarise(pod)
    return [
        pod["metadata"]["name"],
        f"{summary.ready}/{summary.total}",
        summary.reason,
        summary.restarts.text(now),
        age(pod, now),
        pod_ip_of(pod) or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(pod),
    ]


@dataclass(slots=True)
class _Restarts:
    """Restarts counted, with the end of the latest run that was cut short (RFC 3339 text orders as time does)."""

    count: int = 0
    last: str = ""

    def add(self, container: Object) -> None:
        self.count += container.get("restartCount") or 0
        ended = (container.get("lastState") or {}).get("terminated")
        if ended:
            self.last = max(self.last, ended.get("finishedAt") or "")

    def text(self, now: datetime) -> str:
        if not self.count or not self.last:
            return str(self.count)
        return f"{self.count} ({human_duration(now - from_time(self.last))} ago)"


@dataclass(slots=True)
class _Summary:
    reason: str
    total: int
    ready: int
    restarts: _Restarts


def _summarise(pod: Object) -> _Summary:
    spec, status = pod["spec"], pod.get("status", {})
    sidecars = {each.get("name") for each in spec.get("initContainers") or () if is_sidecar(each)}
    summary = _Summary(_reason(pod), len(spec.get("containers") or ()) + len(sidecars), 0, _Restarts())
    of_sidecars = _Restarts()
    initialising = _look_at_init_containers(pod, sidecars, summary, of_sidecars)
    if not initialising or condition_is_true(pod, "Initialized"):
        summary.restarts = of_sidecars
        _look_at_containers(pod, summary)
    if is_terminating(pod):
        if status.get("reason") == "NodeLost":
            summary.reason = "Unknown"
        elif not is_terminal(pod):
            summary.reason = "Terminating"
    return summary


def _reason(pod: Object) -> str:
    status = pod.get("status", {})
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled.get("reason") == "SchedulingGated":
        return "SchedulingGated"
    return status.get("reason") or status.get("phase") or "Unknown"


def _look_at_init_containers(pod: Object, sidecars: set[str | None], summary: _Summary, of_sidecars: _Restarts) -> bool:
    """Go through the init containers up to the first that has not ended; tells whether there is one."""
    containers = pod.get("status", {}).get("initContainerStatuses") or ()
    for index, container in enumerate(containers):
        summary.restarts.add(container)
        sidecar = container.get("name") in sidecars
        if sidecar:
            of_sidecars.add(container)
        state = container.get("state") or {}
        ended = state.get("terminated")
        if ended is not None and not ended.get("exitCode"):
            continue
        if sidecar and container.get("started"):
            summary.ready += bool(container.get("ready"))
            continue
        waiting = (state.get("waiting") or {}).get("reason")
        if ended is not None:
            summary.reason = f"Init:{_ended_reason(ended)}"
        elif waiting and waiting != "PodInitializing":
            summary.reason = f"Init:{waiting}"
        else:
            summary.reason = f"Init:{index}/{len(pod['spec'].get('initContainers') or ())}"
        return True
    return False


def _look_at_containers(pod: Object, summary: _Summary) -> None:
    """Count the ready ones; of those that do not run, the first in the list names the pod's status."""
    running = False
    for container in reversed(pod.get("status", {}).get("containerStatuses") or ()):
        summary.restarts.add(container)
        state = container.get("state") or {}
        waiting = (state.get("waiting") or {}).get("reason")
        if waiting:
            summary.reason = waiting
        elif state.get("terminated") is not None:
            summary.reason = _ended_reason(state["terminated"])
        elif container.get("ready") and state.get("running") is not None:
            running = True
            summary.ready += 1
    if summary.reason == "Completed" and running:
        summary.reason = "Running" if condition_is_true(pod, "Ready") else "NotReady"


def _ended_reason(ended: Object) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _readiness_gates(pod: Object) -> str:
    gates = pod["spec"].get("readinessGates")
    if not gates:
        return NONE
    return f"{sum(condition_is_true(pod, gate.get('conditionType') or '') for gate in gates)}/{len(gates)}"
