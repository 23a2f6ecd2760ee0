"""When a pod counts as available: ready, and so for `minReadySeconds` (`podutil.IsPodAvailable`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from fauxkube.kinds.core.pod_status import condition
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import from_time


def seconds_until_available(pod: Object, min_ready_seconds: int, now: datetime) -> float | None:
    """How long a ready pod still has to stay ready; 0 when it is available, None when it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready.get("status") != "True":
        return None
    if not min_ready_seconds:
        return 0.0
    since = ready.get("lastTransitionTime")
    if since is None:
        return None
    left = from_time(since) + timedelta(seconds=min_ready_seconds) - now
    return max(0.0, left.total_seconds())


def is_available(pod: Object, min_ready_seconds: int, now: datetime) -> bool:
    """Whether the pod has been ready for long enough."""
    return seconds_until_available(pod, min_ready_seconds, now) == 0.0


def next_availability(pods: Iterable[Object], min_ready_seconds: int, now: datetime) -> float | None:
    """The seconds until the next of the ready pods turns available; None when none is about to."""
    waits = (seconds_until_available(pod, min_ready_seconds, now) for pod in pods)
    return min((wait for wait in waits if wait), default=None)
