"""Whether a pod can run on a node, and if not, why: kube-scheduler's filter plugins, in its order and words.

NodeUnschedulable, TaintToleration, NodeAffinity, NodePorts, NodeResourcesFit. NodeName needs no filter, as a pod that
names its node is not scheduled. The first filter that objects decides, so a node counts once in the message, save
that each resource of which there is too little is named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from fauxkube.kinds.core.pod_status import tolerates
from fauxkube.scheduler.node_info import NodeInfo
from fauxkube.scheduler.pod_info import PodInfo

_UNSCHEDULABLE_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class Rejection(NamedTuple):
    """Why a node will not do, and whether it could if pods went away from it."""

    reasons: tuple[str, ...]
    resolvable: bool = False


Filter: TypeAlias = Callable[[PodInfo, NodeInfo], Rejection | None]

_UNSCHEDULABLE = Rejection(("node(s) were unschedulable",))
_TAINTED = Rejection(("node(s) had untolerated taint(s)",))
_NOT_SELECTED = Rejection(("node(s) didn't match Pod's node affinity/selector",))
_PORTS_TAKEN = Rejection(("node(s) didn't have free ports for the requested pod ports",), resolvable=True)

#: A node that the pod's affinity rules out by name (`PreFilter`).
NOT_NAMED = Rejection(("node(s) didn't satisfy plugin(s) [NodeAffinity]",))


def node_unschedulable(pod: PodInfo, node: NodeInfo) -> Rejection | None:
    """The node is cordoned, and the pod does not put up with that."""
    return _UNSCHEDULABLE if node.unschedulable and not tolerates(pod.tolerations, _UNSCHEDULABLE_TAINT) else None


def taint_toleration(pod: PodInfo, node: NodeInfo) -> Rejection | None:
    """The node has a NoSchedule or NoExecute taint that the pod does not tolerate."""
    for taint in node.hard_taints:
        if not tolerates(pod.tolerations, taint):
            return _TAINTED
    return None


def node_affinity(pod: PodInfo, node: NodeInfo) -> Rejection | None:
    """The node lacks what `nodeSelector` or the required node affinity asks for."""
    labels = node.labels
    for key, value in pod.labels_wanted.items():
        if labels.get(key) != value:
            return _NOT_SELECTED
    if pod.required is not None and not pod.required.matches(node.name, labels):
        return _NOT_SELECTED
    return None


def node_ports(pod: PodInfo, node: NodeInfo) -> Rejection | None:
    """A host port of the pod is taken there."""
    return _PORTS_TAKEN if any(node.port_is_taken(port) for port in pod.ports) else None


def node_resources_fit(pod: PodInfo, node: NodeInfo) -> Rejection | None:
    """There is too little left of something that the pod asks for."""
    free = node.free
    for name, amount in pod.requests:
        if amount > free.get(name, 0):
            return _insufficient(pod, node)
    return None


def _insufficient(pod: PodInfo, node: NodeInfo) -> Rejection:
    short = [(name, amount) for name, amount in pod.requests if amount > node.free.get(name, 0)]
    reasons = tuple("Too many pods" if name == "pods" else f"Insufficient {name}" for name, _ in short)
    resolvable = all(name == "pods" or amount <= node.allocatable.get(name, 0) for name, amount in short)
    return Rejection(reasons, resolvable)


FILTERS: tuple[Filter, ...] = (node_unschedulable, taint_toleration, node_affinity, node_ports, node_resources_fit)


def rejection(pod: PodInfo, node: NodeInfo) -> Rejection | None:
    """What the first filter that objects says; None when the pod fits."""
    for check in FILTERS:
        if (found := check(pod, node)) is not None:
            return found
    return None
