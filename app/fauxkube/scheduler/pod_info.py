"""What a scheduling decision must know of a pod, worked out once when the pod is seen.

Mirrors kube-scheduler's `framework.PodInfo` and the `PreFilter` steps of its plugins: requests, host ports, the
constraints on nodes and the priority. `group` names the pods that should be spread over nodes: those of one owner,
or, where there is none, those with the same labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from fauxkube.kinds.core.node_affinity import NodeSelector, PreferredTerm, node_selector, preferred_terms
from fauxkube.kinds.core.pod_status import controller_of, is_sidecar, pod_requests
from fauxkube.machinery.objects import Labels, Object, labels_of, namespace_of
from fauxkube.machinery.quantity import milli, value

#: What a container that asks for nothing counts as when nodes are scored (`schedutil.DefaultMilliCPURequest`, ...).
DEFAULT_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024

#: The resources that upstream checks first, in its order; the others follow by name.
_CHECKED_FIRST = {"pods": 0, "cpu": 1, "memory": 2, "ephemeral-storage": 3}


class HostPort(NamedTuple):
    """A port that a pod takes on its node; `0.0.0.0` stands for every address."""

    protocol: str
    port: int
    address: str


@dataclass(slots=True, frozen=True)
class PodInfo:
    """A pod as the scheduler sees it; `object` is shared and must not be changed."""

    object: Object
    key: str
    uid: str
    priority: int
    #: Amounts above zero, in the order in which they are checked: cpu in thousandths, the rest in units.
    requests: tuple[tuple[str, int], ...]
    scored_cpu: int
    scored_memory: int
    ports: tuple[HostPort, ...]
    tolerations: tuple[Object, ...]
    labels_wanted: Labels
    required: NodeSelector | None
    preferred: tuple[PreferredTerm, ...]
    group: str

    @property
    def may_preempt(self) -> bool:
        """Whether the pod's policy lets it drive out others."""
        return bool(self.object["spec"].get("preemptionPolicy") != "Never")


def pod_info(pod: Object) -> PodInfo:
    """The facts of one pod."""
    spec, metadata = pod["spec"], pod["metadata"]
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    requests = pod_requests(pod)
    namespace = namespace_of(pod)
    return PodInfo(
        object=pod,
        key=f"{namespace}/{metadata['name']}",
        uid=metadata.get("uid") or "",
        priority=spec.get("priority") or 0,
        requests=tuple(sorted(_asked(requests), key=_checking_order)),
        scored_cpu=requests.get("cpu", 0) + DEFAULT_CPU * _silent(spec, "cpu"),
        scored_memory=requests.get("memory", 0) + DEFAULT_MEMORY * _silent(spec, "memory"),
        ports=tuple(_host_ports(spec)),
        tolerations=tuple(spec.get("tolerations") or ()),
        labels_wanted=spec.get("nodeSelector") or {},
        required=node_selector(affinity.get("requiredDuringSchedulingIgnoredDuringExecution")),
        preferred=preferred_terms(affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()),
        group=_group(pod, namespace),
    )


def allocatable_of(node: Object) -> dict[str, int]:
    """A node's allocatable resources, in the units of `PodInfo.requests`."""
    listed = node.get("status", {}).get("allocatable") or {}
    return {name: milli(amount) if name == "cpu" else value(amount) for name, amount in listed.items()}


def _asked(requests: dict[str, int]) -> Iterable[tuple[str, int]]:
    return ((name, amount) for name, amount in requests.items() if amount > 0)


def _checking_order(request: tuple[str, int]) -> tuple[int, str]:
    return _CHECKED_FIRST.get(request[0], len(_CHECKED_FIRST)), request[0]


def _silent(spec: Object, resource: str) -> int:
    """How many containers ask for nothing of `resource`."""
    containers = spec.get("containers") or ()
    return sum(resource not in ((each.get("resources") or {}).get("requests") or {}) for each in containers)


def _host_ports(spec: Object) -> Iterable[HostPort]:
    sidecars = (each for each in spec.get("initContainers") or () if is_sidecar(each))
    for container in (*(spec.get("containers") or ()), *sidecars):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield HostPort(port.get("protocol") or "TCP", port["hostPort"], port.get("hostIP") or "0.0.0.0")


def _group(pod: Object, namespace: str) -> str:
    if owner := controller_of(pod):
        return f"{namespace}/{owner['uid']}"
    labels = labels_of(pod)
    return f"{namespace}/{orjson.dumps(labels, option=orjson.OPT_SORT_KEYS).decode()}" if labels else ""
