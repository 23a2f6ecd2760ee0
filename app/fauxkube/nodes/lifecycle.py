"""What status a pod should have next: created, given its addresses, started step by step, stopped.

Pure functions from a pod to its next status, which `reported` makes whole, as the kubelet's `generateAPIPodStatus` has
it in 1.36; `now` is a `metav1.Time`. Init containers are a step each, in order, and end at once; sidecars among them
keep running; the others start together. Containers run until they are stopped, whatever their command says.
"""

from __future__ import annotations

from collections.abc import Sequence

from fauxkube.kinds.core.pod_status import condition, is_sidecar
from fauxkube.machinery.objects import Object
from fauxkube.nodes import containers
from fauxkube.nodes.images import image_of
from fauxkube.nodes.pod_conditions import is_done, pod_conditions

_STATUS_LISTS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def is_created(pod: Object) -> bool:
    """Whether the kubelet has taken note of the pod."""
    return bool(pod.get("status", {}).get("startTime"))


def created(pod: Object, host_ip: str, now: str) -> Object:
    """The first status: nothing runs, everything is being made ready."""
    spec = pod["spec"]
    init = spec.get("initContainers") or ()
    reason = "PodInitializing" if init else "ContainerCreating"
    status = _kept(pod) | {"phase": "Pending", "startTime": now}
    status["containerStatuses"] = [containers.waiting(each, reason) for each in spec["containers"]]
    if init:
        status["initContainerStatuses"] = [containers.waiting(each, reason) for each in init]
    status |= {"hostIP": host_ip, "hostIPs": [{"ip": host_ip}]}
    return status


def networked(pod: Object, addresses: Sequence[str]) -> Object:
    """The pod's sandbox is there, with those addresses."""
    given = {"podIP": addresses[0], "podIPs": [{"ip": each} for each in addresses]}
    return dict(pod["status"] | given)


def next_containers(pod: Object) -> list[Object]:
    """The containers to start next: one init container, or all the others; empty when all have been started."""
    spec, status = pod["spec"], pod["status"]
    by_name = {each["name"]: each for each in status.get("initContainerStatuses") or ()}
    for container in spec.get("initContainers") or ():
        if not is_done(container, by_name.get(container["name"]) or {}):
            return [container]
    waiting: list[Object] = spec["containers"] if status["phase"] == "Pending" else []
    return waiting


def advanced(pod: Object, now: str) -> Object:
    """The status once `next_containers` have been started and, where they are to end, have ended."""
    spec, status = pod["spec"], dict(pod["status"])
    step = next_containers(pod)
    if step is spec["containers"]:
        status["containerStatuses"] = [containers.running(pod, each, now) for each in step]
        return status | {"phase": "Running"}
    (container,) = step
    start = containers.running if is_sidecar(container) else containers.completed
    done = start(pod, container, now)
    status["initContainerStatuses"] = [
        done if each["name"] == container["name"] else each for each in status["initContainerStatuses"]
    ]
    return status


def stopped(pod: Object, now: str) -> Object:
    """The last status of a pod that was deleted: all its containers have ended."""
    status = dict(pod.get("status") or {})
    if not status.get("containerStatuses"):
        status["containerStatuses"] = [
            containers.waiting(each, "ContainerCreating") for each in pod["spec"]["containers"]
        ]
    for name in _STATUS_LISTS:
        if status.get(name):
            status[name] = [containers.stopped(each, now) for each in status[name]]
    failed = any(_exit_code(each) for each in status["containerStatuses"])
    return status | {"phase": "Failed" if failed else "Succeeded"}


def reported(pod: Object, status: Object, now: str) -> Object:
    """`status`, the pod's next, with what follows from the rest of it: what is written."""
    whole = status | {"conditions": pod_conditions(pod, status, now), "resources": pod["spec"].get("resources") or {}}
    generation = pod["metadata"].get("generation")
    return whole | {"observedGeneration": generation} if generation else whole


def redefined(pod: Object) -> list[Object]:
    """The containers of a running pod whose image is not the one that they run any more."""
    if pod["status"].get("observedGeneration") == pod["metadata"].get("generation"):
        return []
    ran = {each["name"]: each["image"] for each in pod["status"].get("containerStatuses") or ()}
    listed: list[Object] = pod["spec"]["containers"]
    return [each for each in listed if each["name"] in ran and ran[each["name"]] != image_of(each["image"]).name]


def refreshed(pod: Object, now: str, *, recheck: bool = False) -> Object | None:
    """The status of a running pod whose spec or readiness gates have moved; None while it says that already.

    `recheck` puts `Ready` right in any case, after the node lifecycle controller took it from the pods of a lost node.
    Nothing else of a running pod's status is put right: what a user writes into it stays.
    """
    old, generation = pod["status"], pod["metadata"].get("generation")
    if not recheck and not pod["spec"].get("readinessGates") and old.get("observedGeneration") == generation:
        return None
    status = _with_restarts(pod, now)
    if old.get("observedGeneration") != generation:
        return reported(pod, status, now)
    return status if _set_ready(pod, status, now) else None


def _with_restarts(pod: Object, now: str) -> Object:
    changed = {each["name"]: each for each in redefined(pod)}
    status = dict(pod["status"])
    status["containerStatuses"] = [
        containers.restarted(pod, changed[each["name"]], each, now) if each["name"] in changed else each
        for each in status.get("containerStatuses") or ()
    ]
    return status


def _set_ready(pod: Object, status: Object, now: str) -> bool:
    """Put the `Ready` condition right in place; false when it was."""
    ready = next(each for each in pod_conditions(pod, status, now) if each["type"] == "Ready")
    old = condition(pod, "Ready") or {}
    if all(old.get(name) == ready.get(name) for name in ("status", "reason", "message")):
        return False
    others = [each for each in status.get("conditions") or () if each["type"] != "Ready"]
    status["conditions"] = [*others, ready]
    return True


def _kept(pod: Object) -> Object:
    """What the API server has put into the status before the kubelet sees it."""
    status = pod.get("status") or {}
    return {name: status[name] for name in ("qosClass", "nominatedNodeName") if status.get(name)}


def _exit_code(status: Object) -> int:
    return int(((status.get("state") or {}).get("terminated") or {}).get("exitCode") or 0)
