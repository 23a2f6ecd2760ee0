"""A pod's conditions as the kubelet derives them from its containers (`pkg/kubelet/status/generate.go`, 1.36).

PodReadyToStartContainers, Initialized, Ready, ContainersReady and PodScheduled, in this order; conditions that others
set follow, and those named by readiness gates count for Ready.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fauxkube.kinds.core.pod_status import condition, is_sidecar, serving_containers
from fauxkube.machinery.objects import Object


class _Verdict(NamedTuple):
    status: str
    reason: str = ""
    message: str = ""


_TRUE = _Verdict("True")
_FALSE = _Verdict("False")


def pod_conditions(pod: Object, status: Object, now: str) -> list[Object]:
    """The conditions of `pod`, whose new `status` has its phase, containers and addresses already.

    The conditions that the pod had count for the moments of change and for readiness gates. `now` is a `metav1.Time`.
    """
    containers_ready = _containers_ready(pod["spec"], status)
    verdicts = {
        "PodReadyToStartContainers": _has_sandbox(status),
        "Initialized": _initialized(pod["spec"], status),
        "Ready": _ready(pod, containers_ready),
        "ContainersReady": containers_ready,
        "PodScheduled": _TRUE,
    }
    before = {each["type"]: each for each in pod.get("status", {}).get("conditions") or ()}
    generation = pod["metadata"].get("generation")
    own = [_rendered(name, verdict, before.get(name), generation, now) for name, verdict in verdicts.items()]
    return own + [each for name, each in before.items() if name not in verdicts]


def _rendered(type: str, verdict: _Verdict, old: Object | None, generation: int | None, now: str) -> Object:
    since = old.get("lastTransitionTime", now) if old and old.get("status") == verdict.status else now
    rendered: Object = {"type": type, "status": verdict.status, "lastProbeTime": None, "lastTransitionTime": since}
    if verdict.reason:
        rendered["reason"] = verdict.reason
    if verdict.message:
        rendered["message"] = verdict.message
    if generation:
        rendered["observedGeneration"] = generation
    return rendered


def _has_sandbox(status: Object) -> _Verdict:
    return _TRUE if status.get("podIP") and status["phase"] in {"Pending", "Running"} else _FALSE


def _initialized(spec: Object, status: Object) -> _Verdict:
    if status["phase"] == "Succeeded":
        return _Verdict("True", "PodCompleted")
    by_name = {each["name"]: each for each in status.get("initContainerStatuses") or ()}
    missing = [
        each["name"] for each in spec.get("initContainers") or () if not is_done(each, by_name.get(each["name"]) or {})
    ]
    if not missing:
        return _TRUE
    return _Verdict("False", "ContainersNotInitialized", f"containers with incomplete status: {_listed(missing)}")


def is_done(container: Object, status: Object) -> bool:
    """Whether an init container lets the next one start: it has ended well, or is a sidecar and has started."""
    if is_sidecar(container):
        return bool(status.get("started"))
    ended = (status.get("state") or {}).get("terminated")
    return ended is not None and not ended.get("exitCode")


def _containers_ready(spec: Object, status: Object) -> _Verdict:
    if status["phase"] == "Succeeded":
        return _Verdict("False", "PodCompleted")
    if status["phase"] == "Failed":
        return _Verdict("False", "PodFailed")
    ready = {
        each["name"]
        for each in (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ()))
        if each.get("ready")
    }
    unready = [each["name"] for each in serving_containers(spec) if each["name"] not in ready]
    if not unready:
        return _TRUE
    return _Verdict("False", "ContainersNotReady", f"containers with unready status: {_listed(unready)}")


def _ready(pod: Object, containers_ready: _Verdict) -> _Verdict:
    if containers_ready.status != "True":
        return containers_ready
    closed = [problem for gate in pod["spec"].get("readinessGates") or () if (problem := _gate_problem(pod, gate))]
    return _Verdict("False", "ReadinessGatesNotReady", ", ".join(closed)) if closed else _TRUE


def _gate_problem(pod: Object, gate: Object) -> str:
    wanted = gate["conditionType"]
    found = condition(pod, wanted)
    if found is None:
        return f'corresponding condition of pod readiness gate "{wanted}" does not exist.'
    if found.get("status") != "True":
        return f'the status of pod readiness gate "{wanted}" is not "True", but {found.get("status")}'
    return ""


def _listed(names: Iterable[str]) -> str:
    return f"[{' '.join(names)}]"
