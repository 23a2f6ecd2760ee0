"""Which container of a pod is meant, and whether the kubelet would let anybody at it, from the pod alone.

Worded as upstream's pod registry (`streamLocation`, `LogLocation`) and kubelet word it.
"""

from __future__ import annotations

from collections.abc import Iterable

from fauxkube.machinery import status
from fauxkube.machinery.objects import Object, name_of, namespace_of

_LISTS = ("containers", "initContainers", "ephemeralContainers")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")

#: How the kubelet words why a container waits, where it does not just name the reason.
_WAITING = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


def container_of(pod: Object, asked: str) -> str:
    """The container that is asked for, or the only one; 400 when there is none of that name, or several."""
    spec, name = pod["spec"], name_of(pod)
    if asked:
        if asked not in (each["name"] for key in _LISTS for each in spec.get(key) or ()):
            raise status.bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    containers = [each["name"] for each in spec["containers"]]
    if len(containers) == 1:
        return str(containers[0])
    message = f"a container name must be specified for pod {name}, choose one of: {_listed(containers)}"
    if init := [each["name"] for each in spec.get("initContainers") or ()]:
        message += f" or one of the init containers: {_listed(init)}"
    raise status.bad_request(message)


def _listed(names: Iterable[str]) -> str:
    return f"[{' '.join(names)}]"


def check_assigned(pod: Object) -> None:
    """400 for a pod that is on no node."""
    if not pod["spec"].get("nodeName"):
        raise status.bad_request(f"pod {name_of(pod)} does not have a host assigned")


def not_running(pod: Object, container: str) -> str:
    """What the kubelet says of a container that does not run; empty when it does."""
    return "" if "running" in _state(pod, container) else f'container not found ("{container}")'


def not_there(pod: Object) -> str:
    """What the kubelet says of a pod that has no containers running; empty when it has."""
    if any("running" in (each.get("state") or {}) for each in _statuses(pod)):
        return ""
    return f'pod not found ("{name_of(pod)}_{namespace_of(pod)}")'


def check_logged(pod: Object, container: str, *, previous: bool) -> None:
    """400 for a container that has no log, as it has not started yet or has not ended before."""
    if refusal := _unlogged(pod, container, previous=previous):
        raise status.bad_request(refusal)


def _unlogged(pod: Object, container: str, *, previous: bool) -> str:
    name = name_of(pod)
    found = next((each for each in _statuses(pod) if each["name"] == container), None)
    if found is None:
        return f'container "{container}" in pod "{name}" is not available'
    state, last = found.get("state") or {}, found.get("lastState") or {}
    ended = last.get("terminated") or {}
    if previous:
        if not ended.get("containerID"):
            return f'previous terminated container "{container}" in pod "{name}" not found'
        return ""
    if "running" in state or ended.get("containerID") or (state.get("terminated") or {}).get("containerID"):
        return ""
    if "terminated" in state or "terminated" in last:
        return f'container "{container}" in pod "{name}" is terminated'
    if "waiting" in state:
        reason = state["waiting"].get("reason") or ""
        return f'container "{container}" in pod "{name}" is waiting to start: {_WAITING.get(reason, reason)}'
    return f'container "{container}" in pod "{name}" is waiting to start - no logs yet'


def _state(pod: Object, container: str) -> Object:
    return next((each.get("state") or {} for each in _statuses(pod) if each["name"] == container), {})


def _statuses(pod: Object) -> Iterable[Object]:
    for key in _STATUSES:
        yield from (pod.get("status") or {}).get(key) or ()
