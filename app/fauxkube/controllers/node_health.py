"""What a node's conditions mean: which taints follow from them, and which conditions follow from silence.

Mirrors upstream's `nodelifecycle`: a node that is not ready, unreachable, under pressure, without network or cordoned
is tainted, and a node whose lease is no longer renewed is reported as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fauxkube.kinds.core.pod_status import condition, set_condition
from fauxkube.machinery.objects import Object, copy_of
from fauxkube.machinery.times import to_time

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
#: The taints (`NoSchedule`) by condition type and the status that calls for them.
_BY_CONDITION = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
_MANAGED = {(key, "NoSchedule") for key in (*_BY_CONDITION.values(), UNSCHEDULABLE)} | {
    (NOT_READY, "NoExecute"),
    (UNREACHABLE, "NoExecute"),
}
#: The conditions that a kubelet keeps, and that turn Unknown when it is silent.
_KUBELET_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


def ready_status(node: Object) -> str:
    """`True`, `False` or `Unknown`; empty when the node's kubelet has not said anything yet."""
    ready = condition(node, "Ready")
    return str(ready["status"]) if ready else ""


def wanted_taints(node: Object, now: datetime) -> list[Object]:
    """All taints that the node should have: others' as they are, those it has for good reason kept with their time."""
    wanted = _called_for(node)
    kept = [each for each in node["spec"].get("taints") or () if _id(each) not in _MANAGED or _id(each) in wanted]
    there = {_id(each) for each in kept}
    added = [each for each in wanted if each not in there]
    return kept + [{"key": key, "effect": effect, "timeAdded": to_time(now)} for key, effect in added]


def _called_for(node: Object) -> list[tuple[str, str]]:
    conditions: Iterable[Object] = node.get("status", {}).get("conditions") or ()
    keys = [_BY_CONDITION.get((each["type"], each["status"])) for each in conditions]
    wanted = [(key, "NoSchedule") for key in keys if key]
    if not ready_status(node):
        # A kubelet that has not reported yet keeps the taint its node was registered with.
        wanted += [_id(each) for each in node["spec"].get("taints") or () if _id(each) == (NOT_READY, "NoSchedule")]
    if node["spec"].get("unschedulable"):
        wanted.append((UNSCHEDULABLE, "NoSchedule"))
    return wanted + [(key, "NoExecute") for key, _ in wanted if ready_status(node) and key in {NOT_READY, UNREACHABLE}]


def _id(taint: Object) -> tuple[str, str]:
    return taint["key"], taint["effect"]


def silenced(node: Object, now: datetime) -> Object:
    """A copy of a node that nothing has been heard of for too long, its kubelet's conditions Unknown."""
    told = copy_of(node)
    for kind in _KUBELET_CONDITIONS:
        present = condition(told, kind)
        if present is None:
            created = node["metadata"].get("creationTimestamp", to_time(now))
            never = {"reason": "NodeStatusNeverUpdated", "message": "Kubelet never posted node status."}
            set_condition(told, kind, "Unknown", now=now, lastHeartbeatTime=created, **never)
        elif present["status"] != "Unknown":
            beat = present.get("lastHeartbeatTime", "")
            stopped = {"reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
            set_condition(told, kind, "Unknown", now=now, lastHeartbeatTime=beat, **stopped)
    return told
