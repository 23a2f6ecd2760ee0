"""A deployment's status: counts, availability, and whether its rollout gets on.

Mirrors `calculateStatus` and `progress.go` of upstream's deployment controller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from fauxkube.controllers.deployment_rollout import available_of, total_size
from fauxkube.controllers.deployment_strategy import max_unavailable, replicas_of
from fauxkube.kinds.core.pod_status import condition
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.times import from_time, to_time

#: The value of `progressDeadlineSeconds` that stands for no deadline.
_NO_DEADLINE = 2**31 - 1
NEW_REPLICA_SET_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"


def deadline_of(deployment: Object) -> int | None:
    """The seconds in which a rollout must make progress; None when there is no limit."""
    seconds = int(deployment["spec"].get("progressDeadlineSeconds", _NO_DEADLINE))
    return None if seconds == _NO_DEADLINE else seconds


def counted_status(deployment: Object, new: Object | None, replica_sets: Sequence[Object], now: datetime) -> Object:
    """The status by its replica sets' statuses, with the condition `Available`, the others as they were."""
    present = deployment.get("status", {})
    available = sum(available_of(each) for each in replica_sets)
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": _sum("replicas", replica_sets),
        "updatedReplicas": _sum("replicas", [new] if new else []),
        "readyReplicas": _sum("readyReplicas", replica_sets),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total_size(replica_sets) - available),
        "collisionCount": present.get("collisionCount", 0),
    }
    status: Object = {name: count for name, count in counts.items() if count}
    if all("terminatingReplicas" in each.get("status", {}) for each in replica_sets):
        status["terminatingReplicas"] = _sum("terminatingReplicas", replica_sets)
    status["conditions"] = list(present.get("conditions") or ())
    if available >= replicas_of(deployment) - max_unavailable(deployment):
        enough = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        enough = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    put_condition(status, "Available", *enough, now=now)
    return status


def _sum(field: str, replica_sets: Iterable[Object]) -> int:
    return sum(each.get("status", {}).get(field, 0) for each in replica_sets)


def put_condition(status: Object, type: str, state: str, reason: str, message: str, *, now: datetime) -> None:
    """Set a condition unless it stands already with that state and reason; `lastTransitionTime` tells the state's."""
    conditions: list[Object] = status.setdefault("conditions", [])
    old = next((each for each in conditions if each["type"] == type), None)
    if old and old["status"] == state and old.get("reason") == reason:
        return
    moved = old["lastTransitionTime"] if old and old["status"] == state else to_time(now)
    fresh = {
        "type": type,
        "status": state,
        "lastUpdateTime": to_time(now),
        "lastTransitionTime": moved,
        "reason": reason,
        "message": message,
    }
    status["conditions"] = [*(each for each in conditions if each["type"] != type), fresh]


def drop_condition(status: Object, type: str) -> None:
    """Take a condition away, if it is there."""
    status["conditions"] = [each for each in status.get("conditions") or () if each["type"] != type]


def is_complete(deployment: Object, status: Object) -> bool:
    """Whether every pod is of the new replica set and available, and none is left of the old ones."""
    desired = replicas_of(deployment)
    counts = (status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas"))
    observed = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return observed and all(count == desired for count in counts)


def tell_progress(deployment: Object, status: Object, new: Object | None, now: datetime) -> None:
    """Bring the condition `Progressing` of `status` up to date; the deployment holds the status before it."""
    if deadline_of(deployment) is None:
        drop_condition(status, "Progressing")
        return
    present = condition(deployment, "Progressing")
    settled = present is not None and present.get("reason") == NEW_REPLICA_SET_AVAILABLE
    if settled and status.get("replicas", 0) == status.get("updatedReplicas", 0):
        return
    subject = f'ReplicaSet "{name_of(new)}"' if new else f'Deployment "{name_of(deployment)}"'
    if is_complete(deployment, status):
        message = f"{subject} has successfully progressed."
        put_condition(status, "Progressing", "True", NEW_REPLICA_SET_AVAILABLE, message, now=now)
    elif _has_progressed(deployment.get("status", {}), status):
        _restart_deadline(status, f"{subject} is progressing.", now)
    elif has_timed_out(deployment, status, now):
        message = f"{subject} has timed out progressing."
        put_condition(status, "Progressing", "False", TIMED_OUT, message, now=now)


def _restart_deadline(status: Object, message: str, now: datetime) -> None:
    """Note progress: the condition is written anew, so that its `lastUpdateTime` moves, its state's time does not."""
    old = condition({"status": status}, "Progressing")
    drop_condition(status, "Progressing")
    put_condition(status, "Progressing", "True", "ReplicaSetUpdated", message, now=now)
    if old and old["status"] == "True":
        status["conditions"][-1]["lastTransitionTime"] = old["lastTransitionTime"]


def _has_progressed(before: Object, after: Object) -> bool:
    def grew(name: str) -> bool:
        return bool(after.get(name, 0) > before.get(name, 0))

    def old_pods(status: Object) -> int:
        return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))

    fewer_old = old_pods(after) < old_pods(before)
    return fewer_old or grew("updatedReplicas") or grew("readyReplicas") or grew("availableReplicas")


def has_timed_out(deployment: Object, status: Object, now: datetime) -> bool:
    """Whether the rollout has made no progress for longer than its deadline."""
    progressing = condition({"status": status}, "Progressing")
    deadline = deadline_of(deployment)
    if progressing is None or deadline is None or progressing.get("reason") == NEW_REPLICA_SET_AVAILABLE:
        return False
    if progressing.get("reason") == TIMED_OUT:
        return True
    return from_time(progressing["lastUpdateTime"]) + timedelta(seconds=deadline) < now


def seconds_until_deadline(deployment: Object, status: Object, now: datetime) -> float | None:
    """How long to wait before asking again whether the rollout is stuck; None when there is nothing to wait for."""
    progressing = condition({"status": status}, "Progressing")
    deadline = deadline_of(deployment)
    if progressing is None or deadline is None or is_complete(deployment, status):
        return None
    if progressing.get("reason") == TIMED_OUT:
        return None
    due = from_time(progressing["lastUpdateTime"]) + timedelta(seconds=deadline)
    return max(0.0, (due - now).total_seconds()) + 1


def tell_replica_failure(status: Object, new: Object | None, replica_sets: Iterable[Object]) -> None:
    """Pass on the `ReplicaFailure` of the new replica set, or else of any, or take it away."""
    failures = (condition(each, "ReplicaFailure") for each in ([new] if new else []) + list(replica_sets))
    failure = next((each for each in failures if each), None)
    drop_condition(status, "ReplicaFailure")
    if failure is not None:
        status["conditions"].append({**failure, "lastUpdateTime": failure["lastTransitionTime"]})


def tell_pause(deployment: Object, status: Object, now: datetime) -> None:
    """Note in `Progressing` that the deployment was paused or resumed: a pause must not run into the deadline."""
    present = condition(deployment, "Progressing")
    if deadline_of(deployment) is None or (present and present.get("reason") == TIMED_OUT):
        return
    noted = present is not None and present.get("reason") == "DeploymentPaused"
    paused = bool(deployment["spec"].get("paused"))
    if paused and not noted:
        put_condition(status, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now=now)
    elif noted and not paused:
        put_condition(status, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now=now)
