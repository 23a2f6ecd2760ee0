"""Which pods a kubelet refuses and evicts when its node runs short, and in which words (`pkg/kubelet/eviction`, 1.36).

Pods that ask for least go first: best effort before burstable before guaranteed, of those the less important first.
Critical pods stay. There is no usage to measure: figures in the messages are made up, just beyond the threshold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from fauxkube.kinds.core.pod_status import is_terminal, qos_class, set_condition, tolerates
from fauxkube.machinery.objects import Object, copy_of, is_terminating, key_of
from fauxkube.machinery.times import to_time
from fauxkube.nodes import lifecycle
from fauxkube.nodes.node_faults import DISK, MEMORY

REASON = "Evicted"
#: Seconds between two looks at what is short (`--housekeeping`: `evictionMonitoringPeriod`).
MONITORING_SECONDS = 10.0

#: The priority from which on a pod is critical to its node (`scheduling.SystemCriticalPriority`).
_CRITICAL = 2_000_000_000
_QOS_ORDER = ("BestEffort", "Burstable", "Guaranteed")
_CONDITIONS = {MEMORY: "MemoryPressure", DISK: "DiskPressure", "pid-pressure": "PIDPressure"}
_MEMORY_TAINT = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}


class _Shortage(NamedTuple):
    resource: str
    threshold: str
    available: str
    used: str


_SHORTAGES = {
    MEMORY: _Shortage("memory", "100Mi", "99Mi", "200Mi"),
    DISK: _Shortage("ephemeral-storage", "10Gi", "9Gi", "1Gi"),
}


def refusal(pod: Object, pressures: Collection[str]) -> str:
    """Why a node under these pressures does not take the pod; empty when it does."""
    if not pressures or is_critical(pod):
        return ""
    if set(pressures) == {MEMORY} and _stands_memory_pressure(pod):
        return ""
    listed = " ".join(_CONDITIONS[each] for each in pressures)
    return f"The node had condition: [{listed}]. "


def _stands_memory_pressure(pod: Object) -> bool:
    return qos_class(pod) != "BestEffort" or tolerates(pod["spec"].get("tolerations") or (), _MEMORY_TAINT)


def first_to_go(pods: Iterable[Object]) -> Object | None:
    """The pod that is evicted next; None when there is none that may be."""
    candidates = [pod for pod in pods if not (is_terminal(pod) or is_terminating(pod) or is_critical(pod))]
    return min(candidates, key=_rank, default=None)


def _rank(pod: Object) -> tuple[int, int, str, str]:
    since = pod.get("status", {}).get("startTime") or ""
    return _QOS_ORDER.index(qos_class(pod)), pod["spec"].get("priority") or 0, since, key_of(pod)


def is_critical(pod: Object) -> bool:
    """Whether the node cannot do without the pod."""
    return (pod["spec"].get("priority") or 0) >= _CRITICAL


def eviction_message(pod: Object, pressure: str) -> str:
    """What is said of a pod that is evicted for want of memory or disk."""
    short = _SHORTAGES[pressure]
    text = (
        f"The node was low on resource: {short.resource}. "
        f"Threshold quantity: {short.threshold}, available: {short.available}. "
    )
    for container in pod["spec"]["containers"]:
        asked = ((container.get("resources") or {}).get("requests") or {}).get(short.resource)
        if asked is None:
            text += (
                f"Container {container['name']} was using {short.used}, request is 0, "
                f"has larger consumption of {short.resource}. "
            )
    return text


def evicted(pod: Object, message: str, now: datetime) -> Object:
    """The last status of a pod that is evicted."""
    told = pod | {"status": copy_of(lifecycle.evicted(pod, REASON, message, to_time(now)))}
    set_condition(told, "DisruptionTarget", "True", now=now, reason="TerminationByKubelet", message=message)
    return lifecycle.reported(told, told["status"], to_time(now))
