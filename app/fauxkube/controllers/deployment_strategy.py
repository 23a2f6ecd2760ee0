"""What a deployment's spec says of its strategy, read with the API's defaults: how far above and below it may go."""

from __future__ import annotations

from fauxkube.machinery.intstr import scaled
from fauxkube.machinery.objects import Object


def replicas_of(workload: Object) -> int:
    """The number of pods asked for (of a deployment or a replica set)."""
    return int(workload["spec"].get("replicas", 1))


def is_rolling(deployment: Object) -> bool:
    """Whether old pods are replaced bit by bit rather than all at once."""
    strategy = deployment["spec"].get("strategy") or {}
    return bool(strategy.get("type", "RollingUpdate") == "RollingUpdate")


def bounds(deployment: Object) -> tuple[int, int]:
    """(most pods above, most pods below) the number asked for, at least one of them not 0 (`ResolveFenceposts`)."""
    if not is_rolling(deployment):
        return 0, 0
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    replicas = replicas_of(deployment)
    surge = scaled(rolling.get("maxSurge", "25%"), replicas, round_up=True)
    unavailable = scaled(rolling.get("maxUnavailable", "25%"), replicas, round_up=False)
    if not surge and not unavailable:
        unavailable = 1
    return surge, min(unavailable, replicas)


def max_surge(deployment: Object) -> int:
    """How many pods there may be above the number asked for."""
    return bounds(deployment)[0]


def max_unavailable(deployment: Object) -> int:
    """How many of the pods asked for may be missing."""
    return bounds(deployment)[1]
