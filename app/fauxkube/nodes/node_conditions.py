"""A node's conditions and the taints that follow from them.

The conditions, with their reasons and words, are the kubelet's (`pkg/kubelet/nodestatus`). A node is ready once it has
a pod CIDR, since the simulated network is set up from that. The taints are those that kube-controller-manager's node
lifecycle controller keeps (`doNoScheduleTaintingPass`): not-ready and unschedulable.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from fauxkube.kinds.core.pod_status import condition
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_time

NETWORK_NOT_READY = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
NOT_READY_TAINT: Object = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
UNSCHEDULABLE_TAINT: Object = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class _Condition(NamedTuple):
    type: str
    status: str
    reason: str
    message: str


_PRESSURES = (
    _Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    _Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    _Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)
_READY = _Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
_NOT_READY = _Condition("Ready", "False", "KubeletNotReady", NETWORK_NOT_READY)


def has_network(node: Object) -> bool:
    """Whether pods on the node can be given addresses."""
    return bool(node["spec"].get("podCIDR"))


def is_ready(node: Object) -> bool:
    """Whether the node's `Ready` condition holds."""
    ready = condition(node, "Ready")
    return ready is not None and ready.get("status") == "True"


def node_conditions(node: Object, now: datetime) -> list[Object]:
    """The conditions to report: the kubelet's own, then those that others set."""
    own = (*_PRESSURES, _READY if has_network(node) else _NOT_READY)
    names = {each.type for each in own}
    others = [each for each in node.get("status", {}).get("conditions") or () if each["type"] not in names]
    return [_rendered(each, condition(node, each.type), to_time(now)) for each in own] + others


def _rendered(wanted: _Condition, old: Object | None, now: str) -> Object:
    same = old is not None and old.get("status") == wanted.status
    return {
        "type": wanted.type,
        "status": wanted.status,
        "lastHeartbeatTime": now,
        "lastTransitionTime": (old or {}).get("lastTransitionTime", now) if same else now,
        "reason": wanted.reason,
        "message": wanted.message,
    }


def says_the_same(old: Object, new: Object) -> bool:
    """Whether two statuses differ in their heartbeats only."""
    return _without_heartbeats(old) == _without_heartbeats(new)


def _without_heartbeats(status: Object) -> Object:
    conditions = [
        {name: value for name, value in each.items() if name != "lastHeartbeatTime"}
        for each in status.get("conditions") or ()
    ]
    return status | {"conditions": conditions}


def taints_of(node: Object) -> list[Object]:
    """The taints that the node should have: others' as they are, and those that its state calls for."""
    held = (
        (NOT_READY_TAINT, not is_ready(node)),
        (UNSCHEDULABLE_TAINT, bool(node["spec"].get("unschedulable"))),
    )
    taints = list(node["spec"].get("taints") or ())
    for taint, wanted in held:
        there = [each for each in taints if each["key"] == taint["key"] and each["effect"] == taint["effect"]]
        if wanted and not there:
            taints.append(dict(taint))
        elif not wanted:
            taints = [each for each in taints if each not in there]
    return taints
