"""A node's conditions, with the kubelet's reasons and words (`pkg/kubelet/nodestatus`).

A node is ready once its container runtime has a network for pods, see `kinds.core.node_network`. The taints that follow
from conditions are the node lifecycle controller's.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from fauxkube.kinds.core.node_network import ROUTED, NodeNetwork, network_of
from fauxkube.kinds.core.pod_status import condition
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_time
from fauxkube.nodes.add_ons import add_on_named
from fauxkube.nodes.node_faults import DISK, MEMORY, NO_TROUBLE, PID, Trouble

NETWORK_NOT_READY = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)


class _Condition(NamedTuple):
    type: str
    status: str
    reason: str
    message: str


#: The kubelet's conditions of pressure: by fault, as they are without it and with it.
_PRESSURES = {
    MEMORY: (
        _Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        _Condition(
            "MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"
        ),
    ),
    DISK: (
        _Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        _Condition("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure"),
    ),
    PID: (
        _Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        _Condition("PIDPressure", "True", "KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
    ),
}
_READY = _Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
_NOT_READY = _Condition("Ready", "False", "KubeletNotReady", NETWORK_NOT_READY)
#: What a cloud's route controller says of a node, while a fault keeps its network away and afterwards.
_NO_ROUTE = _Condition("NetworkUnavailable", "True", "NoRouteCreated", "RouteController failed to create a route")
_ROUTE = _Condition("NetworkUnavailable", "False", "RouteCreated", "RouteController created a route")


def has_network(node: Object, kind: str = ROUTED) -> bool:
    """Whether the node's runtime has a network for its pods, in a cluster that began with a network of that kind."""
    return network_of(node, kind) is not None


def is_ready(node: Object) -> bool:
    """Whether the node's `Ready` condition holds."""
    ready = condition(node, "Ready")
    return ready is not None and ready.get("status") == "True"


def node_conditions(node: Object, now: datetime, trouble: Trouble = NO_TROUBLE, network: str = ROUTED) -> list[Object]:
    """The conditions to report: the kubelet's own, then those that others set."""
    own = [pair[name in trouble.pressures] for name, pair in _PRESSURES.items()]
    own.append(_readiness(node, trouble, network))
    if trouble.network_unavailable:
        own.append(_NO_ROUTE)
    elif _lost_its_route(node):
        own.append(_ROUTE)
    elif up := _up(network_of(node, network)):
        own.append(up)
    names = {each.type for each in own}
    others = [each for each in node.get("status", {}).get("conditions") or () if each["type"] not in names]
    return [_rendered(each, condition(node, each.type), to_time(now)) for each in own] + others


def _readiness(node: Object, trouble: Trouble, network: str) -> _Condition:
    if trouble.not_ready:
        return _Condition("Ready", "False", *trouble.not_ready)
    return _READY if has_network(node, network) else _NOT_READY


def _up(network: NodeNetwork | None) -> _Condition | None:
    """What an add-on's agent says of the node, once it has run there."""
    if network is None or not network.run:
        return None
    reason, message = add_on_named(network.name).up
    return _Condition("NetworkUnavailable", "False", reason, message) if reason else None


def _lost_its_route(node: Object) -> bool:
    network = condition(node, _NO_ROUTE.type)
    return network is not None and network.get("message") == _NO_ROUTE.message


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


#: What an event says of a condition that has turned, by its type and status.
_TOLD = {
    ("Ready", "True"): "NodeReady",
    ("Ready", "False"): "NodeNotReady",
    ("MemoryPressure", "True"): "NodeHasInsufficientMemory",
    ("MemoryPressure", "False"): "NodeHasSufficientMemory",
    ("DiskPressure", "True"): "NodeHasDiskPressure",
    ("DiskPressure", "False"): "NodeHasNoDiskPressure",
    ("PIDPressure", "True"): "NodeHasInsufficientPID",
    ("PIDPressure", "False"): "NodeHasSufficientPID",
}


def changed_conditions(before: Object, after: Object) -> list[str]:
    """The events' reasons for what has turned between two states of a node; of what is new, only that it is ready."""
    told = []
    for each in after["status"]["conditions"]:
        old = condition(before, each["type"])
        reason = _TOLD.get((each["type"], each["status"]))
        if reason and (old["status"] != each["status"] if old else reason == "NodeReady"):
            told.append(reason)
    return told


def says_the_same(old: Object, new: Object) -> bool:
    """Whether two statuses differ in their heartbeats only."""
    return _without_heartbeats(old) == _without_heartbeats(new)


def _without_heartbeats(status: Object) -> Object:
    conditions = [
        {name: value for name, value in each.items() if name != "lastHeartbeatTime"}
        for each in status.get("conditions") or ()
    ]
    return status | {"conditions": conditions}
