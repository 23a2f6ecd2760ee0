"""The nodes with what is left of each, and which pod is on which (kube-scheduler's `backend/cache`).

A pod is placed when its binding is decided, before that is written, so that the next decision counts it; `take` takes
it back should the binding fail. What the cluster then tells of the pod finds it placed already.
"""

from __future__ import annotations

from typing import NamedTuple

from fauxkube.machinery.objects import Object, name_of
from fauxkube.scheduler.node_info import NodeInfo
from fauxkube.scheduler.pod_info import PodInfo


class _Placed(NamedTuple):
    pod: PodInfo
    node: NodeInfo


class Cache:
    """Nodes by name, pods by key. `nodes` holds those that exist; pods may be on others too."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self._known: dict[str, NodeInfo] = {}
        self._placed: dict[str, _Placed] = {}

    def set_node(self, node: Object) -> NodeInfo:
        """The node came or changed."""
        name = name_of(node)
        info = self._info(name)
        info.set_node(node)
        self.nodes[name] = info
        return info

    def remove_node(self, name: str) -> None:
        """The node is gone; its pods are remembered until they are gone too."""
        if info := self.nodes.pop(name, None):
            info.set_node(None)
            self._drop_if_empty(info)

    def holds(self, key: str, uid: str, node_name: str) -> bool:
        """Whether just this pod is known to be on that node."""
        placed = self._placed.get(key)
        return placed is not None and placed.node.name == node_name and placed.pod.uid == uid

    def place(self, pod: PodInfo, node_name: str) -> None:
        """The pod is, or is about to be, on the node."""
        self.take(pod.key)
        node = self._info(node_name)
        node.add(pod)
        self._placed[pod.key] = _Placed(pod, node)

    def take(self, key: str, *, uid: str = "") -> NodeInfo | None:
        """The pod (if given, only the one of that `uid`) is on no node any more; the node that it was on."""
        placed = self._placed.get(key)
        if placed is None or (uid and placed.pod.uid != uid):
            return None
        del self._placed[key]
        placed.node.remove(placed.pod)
        self._drop_if_empty(placed.node)
        return placed.node

    def _info(self, name: str) -> NodeInfo:
        info = self._known.get(name)
        if info is None:
            info = self._known[name] = NodeInfo(name)
        return info

    def _drop_if_empty(self, node: NodeInfo) -> None:
        if node.empty:
            self._known.pop(node.name, None)
