"""The condition `DisruptionTarget`: a pod is about to be ended by the control plane, not by itself (KEP-3329)."""

from __future__ import annotations

from datetime import datetime

from fauxkube.kinds.core.pod_status import set_condition
from fauxkube.machinery.objects import Object, copy_of


def mark_disrupted(pod: Object, reason: str, message: str, *, now: datetime) -> Object:
    """A copy of the pod that says why it is about to go."""
    told = copy_of(pod)
    set_condition(told, "DisruptionTarget", "True", now=now, reason=reason, message=message)
    return told
