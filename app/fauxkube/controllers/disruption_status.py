"""The arithmetic of disruption budgets: how many pods are expected, how many must be healthy, how many may go.

As upstream's `pkg/controller/disruption`. Pods whose eviction has been granted do not count as healthy; a grant that no
deletion follows is forgotten after two minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from fauxkube.kinds.core.pod_status import is_ready
from fauxkube.kinds.policy.pod_disruption_budget import tell_disruption_allowed
from fauxkube.machinery.intstr import scaled
from fauxkube.machinery.objects import Object, copy_of, is_terminating, name_of
from fauxkube.machinery.times import from_time

#: How long an eviction that was granted waits for its deletion (`DeletionTimeout`).
GRANT_SECONDS = 120


class Counts(NamedTuple):
    """The pods that are expected, and how many of them must be healthy."""

    expected: int
    desired: int


def needs_scale(budget: Object) -> bool:
    """Whether the budget is a share of the pods that their controllers want, or of what may be missing of them."""
    spec = budget["spec"]
    return spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable"), str)


def counts_of(budget: Object, *, pods: int, scale: int) -> Counts:
    """What the budget asks for of so many pods, whose controllers want `scale` of them."""
    limit, least = budget["spec"].get("maxUnavailable"), budget["spec"].get("minAvailable")
    if limit is not None:
        return Counts(scale, max(0, scale - scaled(limit, scale, round_up=True)))
    if isinstance(least, str):
        return Counts(scale, scaled(least, scale, round_up=True))
    return Counts(0, 0) if least is None else Counts(pods, least)


def granted(budget: Object, pods: Sequence[Object], now: datetime) -> dict[str, str]:
    """Of the evictions that were granted, those that still wait for their deletion: when, by the pods' names."""
    noted = budget.get("status", {}).get("disruptedPods") or {}
    waiting = {name_of(pod) for pod in pods if not is_terminating(pod)}
    return {name: at for name, at in noted.items() if name in waiting and _deadline(at) >= now}


def seconds_to_recheck(grants: dict[str, str], now: datetime) -> float | None:
    """The time until the first of the grants is forgotten; None when there are none."""
    return min(((_deadline(at) - now).total_seconds() for at in grants.values()), default=None)


def status_of(budget: Object, pods: Sequence[Object], counts: Counts, *, now: datetime) -> Object:
    """The budget's status as it should be."""
    grants = granted(budget, pods, now)
    healthy = sum(not is_terminating(pod) and name_of(pod) not in grants and is_ready(pod) for pod in pods)
    allowed = max(0, healthy - counts.desired) if counts.expected > 0 else 0
    status: Object = {"disruptedPods": grants} if grants else {}
    status |= {
        "observedGeneration": budget["metadata"].get("generation", 0),
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": counts.desired,
        "expectedPods": counts.expected,
        "conditions": copy_of(budget).get("status", {}).get("conditions") or [],
    }
    tell_disruption_allowed({"status": status}, now=now)
    return status


def _deadline(granted_at: str) -> datetime:
    return from_time(granted_at) + timedelta(seconds=GRANT_SECONDS)
