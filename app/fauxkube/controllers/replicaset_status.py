"""A replica set's status, counted from its pods (`calculateStatus` of upstream's replicaset controller)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from fauxkube.controllers.availability import is_available
from fauxkube.kinds.core.pod_status import is_active, is_ready, is_terminal
from fauxkube.machinery.objects import Labels, Object, is_terminating, labels_of
from fauxkube.machinery.times import to_time


def status_of(replica_set: Object, pods: Iterable[Object], *, now: datetime, failure: Object | None) -> Object:
    """The status that the replica set should have, given all its pods.

    `failure` is the condition `ReplicaFailure` as it should be: `failure_condition`'s, or None once pods can be
    created and deleted again.
    """
    owned = list(pods)
    active = [pod for pod in owned if is_active(pod)]
    ready = [pod for pod in active if is_ready(pod)]
    spec = replica_set["spec"]
    expected = spec["template"].get("metadata", {}).get("labels") or {}
    min_ready = spec.get("minReadySeconds", 0)
    counts = {
        "fullyLabeledReplicas": sum(_has_labels(pod, expected) for pod in active),
        "readyReplicas": len(ready),
        "availableReplicas": sum(is_available(pod, min_ready, now) for pod in ready),
        "observedGeneration": replica_set["metadata"].get("generation", 0),
    }
    status: Object = {"replicas": len(active)} | {name: count for name, count in counts.items() if count}
    status["terminatingReplicas"] = sum(is_terminating(pod) and not is_terminal(pod) for pod in owned)
    if conditions := _conditions(replica_set, failure):
        status["conditions"] = conditions
    return status


def failure_condition(reason: str, message: str, now: datetime) -> Object:
    """`ReplicaFailure`: pods could not be created (`FailedCreate`) or deleted (`FailedDelete`)."""
    return {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": to_time(now),
        "reason": reason,
        "message": message,
    }


def _conditions(replica_set: Object, failure: Object | None) -> Sequence[Object]:
    present = replica_set.get("status", {}).get("conditions") or []
    others = [each for each in present if each["type"] != "ReplicaFailure"]
    if failure is None:
        return others
    lasting = next((each for each in present if each["type"] == "ReplicaFailure"), failure)
    return [*others, lasting]


def _has_labels(pod: Object, expected: Labels) -> bool:
    labels = labels_of(pod)
    return all(labels.get(name) == value for name, value in expected.items())
