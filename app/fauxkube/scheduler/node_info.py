"""A node and what is left of it, kept up with every pod that comes and goes (`framework.NodeInfo`).

Nothing here looks through pods: adding and removing one costs its own requests and ports only.
"""

from __future__ import annotations

from collections import Counter

from fauxkube.machinery.objects import Labels, Object, labels_of
from fauxkube.scheduler.pod_info import HostPort, PodInfo, allocatable_of

_EVERY_ADDRESS = "0.0.0.0"


class NodeInfo:
    """The node (None while only its pods are known), the resources left, the host ports taken, the groups there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.object: Object | None = None
        self.labels: Labels = {}
        self.unschedulable = False
        #: Taints that keep pods off (NoSchedule, NoExecute), and those that only make the node worse.
        self.hard_taints: tuple[Object, ...] = ()
        self.soft_taints: tuple[Object, ...] = ()
        self.allocatable: dict[str, int] = {}
        #: May be below zero where pods were put by other hands.
        self.free: dict[str, int] = {}
        self.scored_cpu = 0
        self.scored_memory = 0
        self.groups: Counter[str] = Counter()
        self._pods = 0
        self._ports: dict[tuple[str, int], Counter[str]] = {}

    @property
    def empty(self) -> bool:
        """Whether neither the node nor any pod on it is known."""
        return self.object is None and not self._pods

    def set_node(self, node: Object | None) -> None:
        """Take the node as it is now; None when it is gone."""
        self.object = node
        taints = (node or {}).get("spec", {}).get("taints") or ()
        self.unschedulable = bool(node and node["spec"].get("unschedulable"))
        self.labels = labels_of(node) if node else {}
        self.hard_taints = tuple(each for each in taints if each["effect"] != "PreferNoSchedule")
        self.soft_taints = tuple(each for each in taints if each["effect"] == "PreferNoSchedule")
        self._set_allocatable(allocatable_of(node) if node else {})

    def _set_allocatable(self, allocatable: dict[str, int]) -> None:
        for name in self.free.keys() | allocatable.keys():
            self.free[name] = self.free.get(name, 0) + allocatable.get(name, 0) - self.allocatable.get(name, 0)
        self.allocatable = allocatable

    def add(self, pod: PodInfo) -> None:
        """The pod takes its share."""
        self._count(pod, 1)
        for port in pod.ports:
            self._ports.setdefault(port[:2], Counter())[port.address] += 1

    def remove(self, pod: PodInfo) -> None:
        """The pod gives its share back."""
        self._count(pod, -1)
        for port in pod.ports:
            self._free_port(port)

    def _count(self, pod: PodInfo, sign: int) -> None:
        free = self.free
        for name, amount in pod.requests:
            free[name] = free.get(name, 0) - sign * amount
        self._pods += sign
        self.scored_cpu += sign * pod.scored_cpu
        self.scored_memory += sign * pod.scored_memory
        if pod.group:
            self.groups[pod.group] += sign
            if not self.groups[pod.group]:
                del self.groups[pod.group]

    def _free_port(self, port: HostPort) -> None:
        taken = self._ports[port[:2]]
        taken[port.address] -= 1
        if not taken[port.address]:
            del taken[port.address]
        if not taken:
            del self._ports[port[:2]]

    def port_is_taken(self, port: HostPort) -> bool:
        """Whether a pod here has the port, on that address or on one that covers it."""
        taken = self._ports.get(port[:2])
        if not taken:
            return False
        return port.address == _EVERY_ADDRESS or _EVERY_ADDRESS in taken or port.address in taken
