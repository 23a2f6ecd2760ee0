"""A node's conditions, with the kubelet's reasons and words (`pkg/kubelet/nodestatus`).

A node is ready once it has a pod CIDR, since the simulated network is set up from that. The taints that follow from
conditions are the node lifecycle controller's.
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
