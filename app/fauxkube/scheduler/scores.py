"""Which of the nodes that fit is best: kube-scheduler's score plugins with its weights, in a light form.

NodeResourcesFit (least allocated) and NodeResourcesBalancedAllocation count once, PodTopologySpread and NodeAffinity
twice, TaintToleration three times; each gives 0 to 100. Spreading counts the pods of the same group on each node. A
container that asks for nothing counts as 100m of CPU and 200Mi of memory, as upstream has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from fauxkube.kinds.core.pod_status import tolerates
from fauxkube.scheduler.node_info import NodeInfo
from fauxkube.scheduler.pod_info import PodInfo

_BEST = 100.0

#: Scores of several nodes for one pod, in the order of the nodes; None when all are alike.
Scores: TypeAlias = list[float] | None
Scorer: TypeAlias = Callable[[PodInfo, Sequence[NodeInfo]], Scores]


def resources(pod: PodInfo, nodes: Sequence[NodeInfo]) -> Scores:
    """The more is left, and the more evenly of CPU and memory, the better: least and balanced allocation together."""
    return [_resources(pod, node) for node in nodes]


def _resources(pod: PodInfo, node: NodeInfo) -> float:
    cpu = _share(node.scored_cpu + pod.scored_cpu, node.allocatable.get("cpu", 0))
    memory = _share(node.scored_memory + pod.scored_memory, node.allocatable.get("memory", 0))
    least_allocated = _BEST * (2 - cpu - memory) / 2
    balanced = _BEST * (1 - abs(cpu - memory) / 2)
    return least_allocated + balanced


def _share(used: int, of: int) -> float:
    return min(1.0, used / of) if of else 1.0


def spreading(pod: PodInfo, nodes: Sequence[NodeInfo]) -> Scores:
    """The fewer pods of its group are there, the better."""
    group = pod.group
    return _inverted([node.groups.get(group, 0) for node in nodes], weight=2) if group else None


def preferred_affinity(pod: PodInfo, nodes: Sequence[NodeInfo]) -> Scores:
    """The more of the preferred terms match, by their weight, the better."""
    if not pod.preferred:
        return None
    sums = [sum(weight for weight, term in pod.preferred if term.matches(node.name, node.labels)) for node in nodes]
    most = max(sums)
    return [2 * _BEST * each / most for each in sums] if most > 0 else None


def soft_taints(pod: PodInfo, nodes: Sequence[NodeInfo]) -> Scores:
    """The fewer PreferNoSchedule taints are not tolerated, the better."""
    if not any(node.soft_taints for node in nodes):
        return None
    counts = [sum(not tolerates(pod.tolerations, taint) for taint in node.soft_taints) for node in nodes]
    return _inverted(counts, weight=3)


def _inverted(counts: list[int], *, weight: int) -> Scores:
    most = max(counts)
    return [weight * _BEST * (most - count) / most for count in counts] if most else None


SCORERS: tuple[Scorer, ...] = (resources, spreading, preferred_affinity, soft_taints)


def total(pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[float]:
    """The sum of all scores, rounded to whole numbers as upstream's are, in the order of `nodes`."""
    listed = [scores for scorer in SCORERS if (scores := scorer(pod, nodes)) is not None]
    return [round(sum(each)) for each in zip(*listed, strict=True)]
