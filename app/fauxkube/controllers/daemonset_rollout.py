"""Which daemon pods to make and which to delete, node by node (`manage` and `rollingUpdate` of upstream's controller).

Pure: `upkeep` keeps one pod on each node that should have one; `rolling_update` replaces pods of older revisions, with
no more nodes without an available pod, or with a second one, than the strategy allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from fauxkube.controllers.availability import is_available
from fauxkube.controllers.daemonset_nodes import HASH_LABEL, Verdict, target_node
from fauxkube.kinds.core.pod_status import is_ready, is_terminal, phase_of
from fauxkube.machinery.intstr import scaled
from fauxkube.machinery.objects import Object, is_terminating, labels_of

#: A node's updated and outdated pod.
_Pair: TypeAlias = tuple[Object | None, Object | None]


@dataclass(slots=True)
class Steps:
    """The nodes that get a pod, the pods that go, and those of them that go because they ended."""

    create_on: list[str] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    ended: list[Object] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.create_on or self.delete or self.ended)


@dataclass(frozen=True, slots=True)
class Situation:
    """A daemon set at one moment: what is said of each node, and the pods by the node they are for."""

    daemon_set: Object
    revision_hash: str
    verdicts: Mapping[str, Verdict]
    pods: Mapping[str, Sequence[Object]]
    now: datetime

    @property
    def desired(self) -> int:
        """How many nodes should have a pod."""
        return sum(verdict.run for verdict in self.verdicts.values())

    def is_updated(self, pod: Object) -> bool:
        """Whether the pod is of the present revision."""
        return labels_of(pod).get(HASH_LABEL) == self.revision_hash

    def is_available(self, pod: Object) -> bool:
        """Whether the pod has been ready for long enough."""
        return is_available(pod, self.daemon_set["spec"].get("minReadySeconds", 0), self.now)

    def bounds(self) -> tuple[int, int]:
        """(most nodes with a second pod, most nodes without an available one), at least one of them not 0."""
        rolling = (self.daemon_set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        surge = scaled(rolling.get("maxSurge", 0), self.desired, round_up=True)
        unavailable = scaled(rolling.get("maxUnavailable", 1), self.desired, round_up=True)
        return surge, unavailable if surge or unavailable else 1


def by_node(pods: Sequence[Object]) -> dict[str, list[Object]]:
    """The pods by the node they are for, without those that have ended and been asked to go."""
    grouped: dict[str, list[Object]] = {}
    for pod in pods:
        if not (is_terminal(pod) and is_terminating(pod)):
            grouped.setdefault(target_node(pod), []).append(pod)
    return grouped


def upkeep(situation: Situation) -> Steps:
    """One pod for each node that should have one; none where none may stay."""
    steps = Steps()
    for node, verdict in situation.verdicts.items():
        pods = situation.pods.get(node, ())
        if verdict.run and not pods:
            steps.create_on.append(node)
        elif verdict.stay:
            _tidy(situation, pods, steps)
        else:
            steps.delete += [pod for pod in pods if not is_terminating(pod)]
    for node, pods in situation.pods.items():
        if node not in situation.verdicts:
            steps.delete += [pod for pod in pods if not pod["spec"].get("nodeName") and not is_terminating(pod)]
    return steps


def _tidy(situation: Situation, pods: Sequence[Object], steps: Steps) -> None:
    """On a node whose pod may stay: those that ended make room, surplus ones go."""
    present = [pod for pod in pods if not is_terminating(pod)]
    steps.ended += [pod for pod in present if is_terminal(pod)]
    running = sorted((pod for pod in present if not is_terminal(pod)), key=_age)
    if situation.bounds()[0] == 0:
        steps.delete += running[1:]
        return
    updated = [pod for pod in running if situation.is_updated(pod)]
    outdated = [pod for pod in running if not situation.is_updated(pod)]
    steps.delete += updated[1:] + outdated[1:]
    if updated and outdated and (not is_ready(outdated[0]) or situation.is_available(updated[0])):
        steps.delete.append(outdated[0])


def _age(pod: Object) -> tuple[bool, str]:
    """Bound pods before others, then the older ones."""
    return not pod["spec"].get("nodeName"), pod["metadata"].get("creationTimestamp", "")


def rolling_update(situation: Situation) -> Steps:
    """The next step from the older revisions' pods to the present one's."""
    surge, unavailable = situation.bounds()
    return _surge(situation, surge) if surge else _replace(situation, unavailable)


def _pair(situation: Situation, pods: Sequence[Object]) -> _Pair | None:
    """The updated and the outdated pod of a node; None when it has several of one sort, which upkeep sees to."""
    present = [pod for pod in pods if not is_terminating(pod)]
    updated = [pod for pod in present if situation.is_updated(pod)]
    outdated = [pod for pod in present if not situation.is_updated(pod)]
    if len(updated) > 1 or len(outdated) > 1:
        return None
    return next(iter(updated), None), next(iter(outdated), None)


def _replace(situation: Situation, max_unavailable: int) -> Steps:
    """Delete old pods, the ones that are not available first; upkeep makes the new ones."""
    steps = Steps()
    available: list[Object] = []
    unavailable = 0
    for pods in situation.pods.values():
        pair = _pair(situation, pods)
        updated, outdated = pair or (None, None)
        if outdated is not None and updated is None:
            if situation.is_available(outdated):
                available.append(outdated)
            else:
                steps.delete.append(outdated)
                unavailable += 1
        elif updated is None or outdated is not None or not situation.is_available(updated):
            unavailable += 1
    steps.delete += available[: max(0, max_unavailable - unavailable)]
    return steps


def _surge(situation: Situation, max_surge: int) -> Steps:
    """Make new pods beside the old ones, and delete an old one once its successor is available."""
    steps = Steps()
    candidates: list[str] = []
    unwanted: list[Object] = []
    pairs = {node: _pair(situation, pods) for node, pods in situation.pods.items()}
    for node, (updated, outdated) in ((node, pair) for node, pair in pairs.items() if pair):
        if outdated is None:
            continue
        serves = situation.is_available(outdated)
        if updated is not None:
            steps.delete += [outdated] if situation.is_available(updated) else []
        elif situation.verdicts.get(node, Verdict(False, False)).run:
            (candidates if serves else steps.create_on).append(node)
        else:
            (unwanted if serves else steps.delete).append(outdated)
    surging = sum(_is_surging(situation, pair) for pair in pairs.values())
    available = sum(_is_served(situation, pair) for pair in pairs.values())
    steps.delete += unwanted[: max(0, available - situation.desired)]
    steps.create_on += candidates[: max(0, max_surge - surging)]
    return steps


def _is_surging(situation: Situation, pair: _Pair | None) -> bool:
    """Whether a node has a second pod that is not available yet (or, for upkeep to see to, even more)."""
    if pair is None:
        return True
    updated, outdated = pair
    return updated is not None and outdated is not None and not situation.is_available(updated)


def _is_served(situation: Situation, pair: _Pair | None) -> bool:
    """Whether a node has an available pod: the old one, as long as there is one."""
    updated, outdated = pair or (None, None)
    serving = outdated or updated
    return serving is not None and situation.is_available(serving)


def status_of(situation: Situation, *, observed: bool) -> Object:
    """The daemon set's status; `observed` is whether its present spec has been acted upon."""
    counts = dict.fromkeys(("current", "misscheduled", "ready", "updated", "available"), 0)
    for node, verdict in situation.verdicts.items():
        pods = sorted(situation.pods.get(node, ()), key=_age)
        if not pods:
            continue
        if not verdict.run:
            counts["misscheduled"] += 1
            continue
        counts["current"] += 1
        counts["ready"] += is_ready(pods[0])
        counts["available"] += is_ready(pods[0]) and situation.is_available(pods[0])
        counts["updated"] += situation.is_updated(pods[0])
    return _rendered(situation, counts, observed=observed)


def _rendered(situation: Situation, counts: Mapping[str, int], *, observed: bool) -> Object:
    present = situation.daemon_set.get("status", {})
    generation = situation.daemon_set["metadata"].get("generation", 0)
    desired = situation.desired
    status: Object = {
        "currentNumberScheduled": counts["current"],
        "numberMisscheduled": counts["misscheduled"],
        "desiredNumberScheduled": desired,
        "numberReady": counts["ready"],
    }
    optional = {
        "observedGeneration": generation if observed else present.get("observedGeneration", 0),
        "updatedNumberScheduled": counts["updated"],
        "numberAvailable": counts["available"],
        "numberUnavailable": desired - counts["available"],
        "collisionCount": present.get("collisionCount", 0),
    }
    status |= {name: count for name, count in optional.items() if count}
    if present.get("conditions"):
        status["conditions"] = present["conditions"]
    return status


def ended_message(pod: Object) -> tuple[str, str, str]:
    """(type, reason, message) of the event that tells why a pod that ended is deleted."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    where = f"daemon pod {namespace}/{name} on node {target_node(pod)}, will try to"
    if phase_of(pod) == "Failed":
        return "Warning", "FailedDaemonPod", f"Found failed {where} kill it"
    return "Normal", "SucceededDaemonPod", f"Found succeeded {where} delete it"
