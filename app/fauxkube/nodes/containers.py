"""The statuses of a pod's containers, as the kubelet's `convertToAPIContainerStatuses` reports them in 1.36.

`now` is a `metav1.Time` here. A container's ID is made from the pod's UID, so that the same pod reports the same after
a restart of the process.
"""

from __future__ import annotations

import hashlib

from fauxkube.machinery.objects import Object
from fauxkube.nodes.images import image_of

#: What a container is said to have ended with that was never seen to run.
_LOST_CODE = 137


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


def running(pod: Object, container: Object, now: str) -> Object:
    """A container that runs, and, as every probe succeeds at once, is ready."""
    return _started(pod, container, {"running": {"startedAt": now}}, started=True)


def restarted(pod: Object, container: Object, status: Object, now: str) -> Object:
    """The container with that status, stopped and started again as its definition has it now."""
    restarts = status.get("restartCount", 0) + 1
    return running(pod, container, now) | {
        "containerID": container_id(pod["metadata"]["uid"], container["name"], restarts),
        "restartCount": restarts,
        "lastState": stopped(status, now)["state"],
    }


def completed(pod: Object, container: Object, now: str) -> Object:
    """An init container that has done its work."""
    state = _terminated(container_id(pod["metadata"]["uid"], container["name"]), 0, "Completed", now, now)
    return _started(pod, container, state, started=False)


def stopped(status: Object, now: str) -> Object:
    """The container with that status after it was told to stop: it ends well, if it ran at all."""
    state = status.get("state") or {}
    if "terminated" in state:
        return status
    if "running" in state:
        started_at = state["running"].get("startedAt") or now
        ended = _terminated(status.get("containerID") or "", 0, "Completed", started_at, now)
    else:
        message = "The container could not be located when the pod was terminated"
        ended = {"terminated": {"exitCode": _LOST_CODE, "reason": "ContainerStatusUnknown", "message": message}}
    return status | {"ready": False, "started": False, "state": ended}


def _terminated(id: str, exit_code: int, reason: str, started_at: str, finished_at: str) -> Object:
    times = {"startedAt": started_at, "finishedAt": finished_at}
    return {"terminated": {"containerID": id, "exitCode": exit_code, "reason": reason} | times}


def _started(pod: Object, container: Object, state: Object, *, started: bool) -> Object:
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
        "started": started,
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
