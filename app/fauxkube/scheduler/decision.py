"""One decision: the node for a pod, or the reasons why there is none, worded as kube-scheduler's `FitError`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from fauxkube.kit.chance import Chance
from fauxkube.scheduler.filters import NOT_NAMED, Rejection, rejection
from fauxkube.scheduler.node_info import NodeInfo
from fauxkube.scheduler.pod_info import PodInfo
from fauxkube.scheduler.scores import total

NO_NODES = "no nodes available to schedule pods"
_NO_CLAIMS = "no new claims to deallocate"
_NOT_HELPFUL = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"


class FitError(Exception):
    """No node fits; the message is what the pod's condition and event say."""


def choose_node(pod: PodInfo, nodes: Mapping[str, NodeInfo], chance: Chance) -> str:
    """The name of the best node that fits, by chance among equals; `FitError` when none does."""
    if not nodes:
        raise FitError(NO_NODES)
    fitting: list[NodeInfo] = []
    rejections: list[Rejection] = []
    candidates = _candidates(pod, nodes)
    for node in candidates:
        if (found := rejection(pod, node)) is None:
            fitting.append(node)
        else:
            rejections.append(found)
    if not fitting:
        rejections += [NOT_NAMED] * (len(nodes) - len(candidates))
        raise FitError(describe(pod, rejections))
    return _best(pod, fitting, chance).name


def _candidates(pod: PodInfo, nodes: Mapping[str, NodeInfo]) -> list[NodeInfo]:
    """All nodes, or those that the pod's affinity names."""
    names = pod.required.names if pod.required is not None else None
    if names is None:
        return list(nodes.values())
    return [nodes[name] for name in sorted(names) if name in nodes]


def _best(pod: PodInfo, nodes: list[NodeInfo], chance: Chance) -> NodeInfo:
    if len(nodes) == 1:
        return nodes[0]
    scores = total(pod, nodes)
    most = max(scores)
    equals = [node for node, score in zip(nodes, scores, strict=True) if score == most]
    return chance.of("node", pod.key).choice(equals)


def describe(pod: PodInfo, rejections: list[Rejection]) -> str:
    """Why no node fits, and why driving out other pods would not help either."""
    reasons = _unavailable(len(rejections), (reason for each in rejections for reason in each.reasons))
    return f"{reasons} {_NO_CLAIMS}, preemption: {_preemption(pod, rejections)}"


def _preemption(pod: PodInfo, rejections: list[Rejection]) -> str:
    if not pod.may_preempt:
        return "not eligible due to preemptionPolicy=Never."
    return _unavailable(len(rejections), (_NO_VICTIMS if each.resolvable else _NOT_HELPFUL for each in rejections))


def _unavailable(nodes: int, reasons: Iterable[str]) -> str:
    counted = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
    return f"0/{nodes} nodes are available: {', '.join(counted)}."
