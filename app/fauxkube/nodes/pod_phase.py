"""A pod's phase, as the kubelet's `getPhase` derives it from the containers' statuses in 1.36."""

from __future__ import annotations

from collections.abc import Iterator

from fauxkube.kinds.core.pod_status import is_sidecar
from fauxkube.machinery.objects import Object
from fauxkube.nodes.containers import last_end
from fauxkube.nodes.restarts import runs_again


def phase_of_containers(pod: Object, status: Object) -> str:
    """The phase of `pod` once it has that status; the pod is not being deleted."""
    if pod["spec"].get("initContainers"):
        pending, failed = _initialization(pod, status)
        if failed and pod["spec"].get("restartPolicy") == "Never":
            return "Failed"
        if pending:
            return "Pending"
    return _phase_of_main(pod, status)


def _initialization(pod: Object, status: Object) -> tuple[bool, bool]:
    """Whether an init container has still to run to its end (a sidecar: to start), and whether one has failed."""
    pending = failed = False
    for container, own in statuses_by_container(pod["spec"], status, "initContainers"):
        if is_sidecar(container):
            pending = pending or not (own.get("started") or last_end(own))
            continue
        end = last_end(own)
        pending = pending or end is None
        failed = failed or bool(end and end.get("exitCode"))
    return pending, failed


def _phase_of_main(pod: Object, status: Object) -> str:
    running = ended = again = failed = False
    for container, own in statuses_by_container(pod["spec"], status, "containers"):
        end = last_end(own)
        if "running" in (own.get("state") or {}):
            running = True
        elif end is None:
            return "Pending"
        else:
            code = int(end.get("exitCode") or 0)
            ended, failed = True, failed or code != 0
            again = again or runs_again(pod, container, code, is_init=False)
    if running or again:
        return "Running"
    if not ended:
        return "Pending"
    return "Failed" if failed else "Succeeded"


def statuses_by_container(spec: Object, status: Object, kind: str) -> Iterator[tuple[Object, Object]]:
    """The containers of a list of the spec's, each with its status; an empty one when it has none."""
    field = "initContainerStatuses" if kind == "initContainers" else "containerStatuses"
    by_name = {each["name"]: each for each in status.get(field) or ()}
    for container in spec.get(kind) or ():
        yield container, by_name.get(container["name"]) or {}
