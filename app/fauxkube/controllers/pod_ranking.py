"""Which pods go first when there are too many.

The order of upstream's `ActivePodsWithRanks`: not yet assigned, pending, not ready, cheap to delete, crowded onto one
node, ready only lately, restarted often, young. Ages are compared by their logarithm (KEP-2185), so that among pods of
about the same age the choice is as good as random: it falls to the UID.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from fauxkube.kinds.core.pod_status import condition, is_active, is_ready, is_sidecar, phase_of
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import from_time

#: Lets a user say which pods to spare (KEP-2255); the cheapest go first.
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def pods_to_delete(pods: Sequence[Object], count: int, *, related: Iterable[Object], now: datetime) -> list[Object]:
    """The `count` of `pods` that are to go, the first to go first.

    `related` are the pods of the same workload (of all a deployment's replica sets): a node with many of them is
    relieved before others.
    """
    if count >= len(pods):
        return list(pods)
    crowds = Counter(_node_of(pod) for pod in related if is_active(pod))
    return sorted(pods, key=lambda pod: _rank(pod, crowds, now))[:count]


def deletion_cost(pod: Object) -> int:
    """The pod's deletion cost; 0 when it has none or one that is not a number."""
    text = (pod["metadata"].get("annotations") or {}).get(DELETION_COST, "0")
    try:
        return int(text)
    except ValueError:
        return 0


def _node_of(pod: Object) -> str:
    return pod["spec"].get("nodeName") or ""


def _rank(pod: Object, crowds: Mapping[str, int], now: datetime) -> tuple[Any, ...]:
    ready = is_ready(pod)
    regular, sidecar = _restarts(pod)
    return (
        bool(_node_of(pod)),
        _PHASES.get(phase_of(pod), 0),
        ready,
        deletion_cost(pod),
        -crowds[_node_of(pod)],
        _age_bucket(_ready_since(pod), now) if ready else 0,
        -regular,
        -sidecar,
        _age_bucket(pod["metadata"].get("creationTimestamp"), now),
        pod["metadata"].get("uid", ""),
    )


def _ready_since(pod: Object) -> str | None:
    found = condition(pod, "Ready")
    return found.get("lastTransitionTime") if found else None


def _age_bucket(since: str | None, now: datetime) -> int:
    if since is None:
        return -1
    nanoseconds = (now - from_time(since)) // timedelta(microseconds=1) * 1000
    return int(math.log2(nanoseconds)) if nanoseconds > 0 else -1


def _restarts(pod: Object) -> tuple[int, int]:
    """The most restarts of a container, and of a sidecar."""
    status = pod.get("status", {})
    sidecars = {each["name"] for each in pod["spec"].get("initContainers") or () if is_sidecar(each)}
    regular = (each.get("restartCount", 0) for each in status.get("containerStatuses") or ())
    others = (
        each.get("restartCount", 0) for each in status.get("initContainerStatuses") or () if each["name"] in sidecars
    )
    return max(regular, default=0), max(others, default=0)
