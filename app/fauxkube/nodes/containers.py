"""The statuses of a pod's containers, as the kubelet's `convertToAPIContainerStatuses` reports them in 1.36.

`now` is a `metav1.Time` here. A container's ID is made from the pod's UID, so that the same pod reports the same after
a restart of the process.
"""

from __future__ import annotations

import hashlib

from fauxkube.machinery.objects import Object
from fauxkube.nodes.images import image_of

#: What a container ends with that was killed (SIGKILL), or was never seen to run.
_KILLED_CODE = 137


def container_id(pod_uid: str, container: str, restarts: int = 0) -> str:
    """As containerd's IDs look: `containerd://` and 64 hexadecimal digits."""
    return f"containerd://{hashlib.sha256(f'{pod_uid}/{container}/{restarts}'.encode()).hexdigest()}"


def waiting(container: Object, reason: str) -> Object:
    """A container that has not run yet; `reason` is ContainerCreating or PodInitializing."""
    return _with_mounts(
        container,
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "started": False,
            "state": {"waiting": {"reason": reason}},
        },
    )


def running(pod: Object, container: Object, now: str, before: Object | None = None) -> Object:
    """A container that was started, and, as every probe succeeds at once, is ready.

    `before` is its status until now: a container that has run before is restarted.
    """
    status = _started(pod, container, {"running": {"startedAt": now}})
    ended = last_end(before) if before else None
    if before is None or ended is None:
        return status
    restarts = before.get("restartCount", 0) + 1
    return status | {
        "containerID": container_id(pod["metadata"]["uid"], container["name"], restarts),
        "restartCount": restarts,
        "lastState": {"terminated": ended},
    }


def ended(status: Object, exit_code: int, reason: str, now: str, *, ready: bool = False) -> Object:
    """The running container with that status once it has ended; only an init container is `ready` when it has."""
    started_at = status["state"]["running"].get("startedAt") or now
    state = _terminated(status.get("containerID") or "", exit_code, reason, started_at, now)
    return status | {"ready": ready, "started": False, "state": state}


def held_back(status: Object, reason: str, message: str) -> Object:
    """The container with that status, which does not run and must wait until it may be started."""
    state = {"waiting": {"reason": reason, "message": message}}
    held = status | {"ready": False, "started": False, "state": state}
    end = last_end(status)
    return held | {"lastState": {"terminated": end}} if end else held


def last_end(status: Object) -> Object | None:
    """How a container that does not run ended last; None when it runs or has never run."""
    state = status.get("state") or {}
    if "terminated" in state:
        return state["terminated"]  # type: ignore[no-any-return]
    if "running" in state:
        return None
    return (status.get("lastState") or {}).get("terminated")


def restarted(pod: Object, container: Object, status: Object, now: str) -> Object:
    """The container with that status, stopped and started again as its definition has it now."""
    return running(pod, container, now, stopped(status, now))


def stopped(status: Object, now: str) -> Object:
    """The container with that status after it was told to stop: it ends well, if it ran at all."""
    if "running" in (status.get("state") or {}):
        return ended(status, 0, "Completed", now)
    return _at_end(status)


def killed(status: Object, now: str) -> Object:
    """The container with that status after it was killed, if it ran at all."""
    if "running" in (status.get("state") or {}):
        return ended(status, _KILLED_CODE, "Error", now)
    return _at_end(status)


def _at_end(status: Object) -> Object:
    """A container that did not run when its pod ended: it has ended before, or was never seen."""
    state = status.get("state") or {}
    if "terminated" in state:
        return status
    end = last_end(status)
    if end is None:
        message = "The container could not be located when the pod was terminated"
        end = {"exitCode": _KILLED_CODE, "reason": "ContainerStatusUnknown", "message": message}
    return status | {"ready": False, "started": False, "lastState": {}, "state": {"terminated": end}}


def _terminated(id: str, exit_code: int, reason: str, started_at: str, finished_at: str) -> Object:
    times = {"startedAt": started_at, "finishedAt": finished_at}
    return {"terminated": {"containerID": id, "exitCode": exit_code, "reason": reason} | times}


def _started(pod: Object, container: Object, state: Object) -> Object:
    resources = container.get("resources") or {}
    image = image_of(container["image"])
    status: Object = {
        "name": container["name"],
        "containerID": container_id(pod["metadata"]["uid"], container["name"]),
        "image": image.name,
        "imageID": image.id,
        "lastState": {},
        "ready": True,
        "resources": resources,
        "restartCount": 0,
        "started": True,
        "state": state,
        "user": _user(pod["spec"], container),
    }
    if resources.get("requests"):
        status["allocatedResources"] = resources["requests"]
    return _with_mounts(container, status)


def _with_mounts(container: Object, status: Object) -> Object:
    mounts = [_mount(each) for each in container.get("volumeMounts") or ()]
    return status | {"volumeMounts": mounts} if mounts else status


def _mount(mount: Object) -> Object:
    reported = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        recursive = mount.get("recursiveReadOnly") in {"Enabled", "IfPossible"}
        reported |= {"readOnly": True, "recursiveReadOnly": "Enabled" if recursive else "Disabled"}
    return reported


def _user(spec: Object, container: Object) -> Object:
    """The user that the container runs as, root unless a security context says otherwise (KEP-3619)."""
    of_pod = spec.get("securityContext") or {}
    merged = of_pod | (container.get("securityContext") or {})
    gid = merged.get("runAsGroup") or 0
    groups = {gid, *(of_pod.get("supplementalGroups") or ())}
    if of_pod.get("fsGroup") is not None:
        groups.add(of_pod["fsGroup"])
    return {"linux": {"uid": merged.get("runAsUser") or 0, "gid": gid, "supplementalGroups": sorted(groups)}}
