"""What status a pod should have next: created, given its addresses, its containers moved on, stopped.

Pure functions from a pod to its next status, which `reported` makes whole, as the kubelet's `generateAPIPodStatus` has
it in 1.36; `now` is a `metav1.Time`. Init containers run one after the other; sidecars among them keep running; the
others start together. What has ended runs again as its restart policy says. When a container ends, others tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fauxkube.kinds.core.pod_status import TERMINAL_PHASES, condition, is_sidecar
from fauxkube.machinery.objects import Object
from fauxkube.nodes import containers
from fauxkube.nodes.containers import last_end
from fauxkube.nodes.images import image_of
from fauxkube.nodes.pod_conditions import is_done, pod_conditions
from fauxkube.nodes.pod_phase import phase_of_containers, statuses_by_container
from fauxkube.nodes.restarts import runs_again

_STATUS_LISTS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def is_created(pod: Object) -> bool:
    """Whether the kubelet has taken note of the pod."""
    return bool(pod.get("status", {}).get("startTime"))


def is_at_rest(pod: Object) -> bool:
    """Whether all of the pod's containers run as they are defined and nothing is asked of it; a cheap first look."""
    spec, status, metadata = pod["spec"], pod.get("status") or {}, pod["metadata"]
    if status.get("phase") != "Running" or spec.get("initContainers") or spec.get("readinessGates"):
        return False
    if "deletionTimestamp" in metadata or status.get("observedGeneration") != metadata.get("generation"):
        return False
    return all("running" in (each.get("state") or {}) for each in status.get("containerStatuses") or ())


def created(pod: Object, host_ips: Sequence[str], now: str) -> Object:
    """The first status, on a node of these addresses: nothing runs, everything is being made ready."""
    spec = pod["spec"]
    init = spec.get("initContainers") or ()
    reason = "PodInitializing" if init else "ContainerCreating"
    status = _kept(pod) | {"phase": "Pending", "startTime": now}
    status["containerStatuses"] = [containers.waiting(each, reason) for each in spec["containers"]]
    if init:
        status["initContainerStatuses"] = [containers.waiting(each, reason) for each in init]
    status |= {"hostIP": host_ips[0], "hostIPs": [{"ip": each} for each in host_ips]}
    return status


def networked(pod: Object, addresses: Sequence[str]) -> Object:
    """The pod's sandbox is there, with those addresses."""
    given = {"podIP": addresses[0], "podIPs": [{"ip": each} for each in addresses]}
    return dict(pod["status"] | given)


def next_containers(pod: Object) -> list[Object]:
    """The containers that should run and do not, save those whose turn has not come.

    One init container (and the sidecars before it that have ended), or, once those are done, all others.
    """
    spec, status = pod["spec"], pod["status"]
    wanted: list[Object] = []
    for container, own in statuses_by_container(spec, status, "initContainers"):
        if is_done(container, own):
            continue
        if _is_due(pod, container, own, is_init=True):
            wanted.append(container)
        if not (is_sidecar(container) and last_end(own)):
            return wanted
    main = statuses_by_container(spec, status, "containers")
    return wanted + [container for container, own in main if _is_due(pod, container, own, is_init=False)]


def _is_due(pod: Object, container: Object, status: Object, *, is_init: bool) -> bool:
    """Whether a container is to be started, for the first time or again; not if nothing is known of it."""
    state = status.get("state")
    if not state or "running" in state:
        return False
    end = last_end(status)
    return end is None or runs_again(pod, container, int(end.get("exitCode") or 0), is_init=is_init)


def running_containers(pod: Object) -> Iterator[tuple[Object, Object]]:
    """The containers that run, each with its status, those of init first."""
    for kind in ("initContainers", "containers"):
        for container, own in statuses_by_container(pod["spec"], pod["status"], kind):
            if "running" in (own.get("state") or {}):
                yield container, own


def is_init(pod: Object, container: Object) -> bool:
    """Whether the container runs before the others, to its end."""
    listed = pod["spec"].get("initContainers")
    return bool(listed) and not is_sidecar(container) and any(each["name"] == container["name"] for each in listed)


def status_of(pod: Object, container: Object) -> Object:
    """The status of one container of the pod."""
    for field in ("containerStatuses", "initContainerStatuses"):
        for each in pod["status"].get(field) or ():
            if each["name"] == container["name"]:
                return each  # type: ignore[no-any-return]
    raise KeyError(container["name"])


def with_containers(pod: Object, changed: Mapping[str, Object], now: str) -> Object:
    """The status with those containers' statuses, by name, and the phase that follows; when it ends, sidecars stop."""
    status = dict(pod["status"])
    for field in ("initContainerStatuses", "containerStatuses"):
        if status.get(field):
            status[field] = [changed.get(each["name"], each) for each in status[field]]
    status["phase"] = phase_of_containers(pod, status)
    if status["phase"] in TERMINAL_PHASES and status.get("initContainerStatuses"):
        status["initContainerStatuses"] = [
            containers.stopped(each, now) if "running" in each["state"] else each
            for each in status["initContainerStatuses"]
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


def refused(pod: Object, reason: str, message: str, now: str) -> Object:
    """The only status of a pod that its kubelet does not let in, whole."""
    status = pod.get("status") or {}
    said = {"phase": "Failed", "reason": reason, "message": message, "startTime": now}
    conditions = {"conditions": status["conditions"]} if status.get("conditions") else {}
    return _kept(pod) | said | conditions


def evicted(pod: Object, reason: str, message: str, now: str) -> Object:
    """The last status of a pod that its kubelet ends: what ran of it was killed."""
    status = dict(pod.get("status") or {})
    for name in _STATUS_LISTS:
        if status.get(name):
            status[name] = [containers.killed(each, now) for each in status[name]]
    return status | {"phase": "Failed", "reason": reason, "message": message}


def reported(pod: Object, status: Object, now: str) -> Object:
    """`status`, the pod's next, with what follows from the rest of it: what is written."""
    whole = status | {"conditions": pod_conditions(pod, status, now), "resources": pod["spec"].get("resources") or {}}
    generation = pod["metadata"].get("generation")
    return whole | {"observedGeneration": generation} if generation else whole


def redefined(pod: Object) -> list[Object]:
    """The containers that run an image which is not the one of their definition any more."""
    if pod["status"].get("observedGeneration") == pod["metadata"].get("generation"):
        return []
    main = statuses_by_container(pod["spec"], pod["status"], "containers")
    running = [(container, own) for container, own in main if "running" in (own.get("state") or {})]
    return [container for container, own in running if own["image"] != image_of(container["image"]).name]


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
    changed = {each["name"]: containers.restarted(pod, each, status_of(pod, each), now) for each in redefined(pod)}
    return with_containers(pod, changed, now) if changed else dict(pod["status"])


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
