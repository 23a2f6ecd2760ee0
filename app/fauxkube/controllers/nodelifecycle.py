"""The node lifecycle controller: notices nodes that fall silent, and taints those that are unwell.

A node's kubelet renews its lease; when that stops for the grace period, the node's conditions turn Unknown and its pods
are no longer ready. Which pods leave, the taint eviction controller decides. Mirrors `pkg/controller/nodelifecycle`
(without its zones: a node is tainted even when all are unwell).
"""

from __future__ import annotations

from fauxkube.client.indexes import index_by_node, on_node
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.node_health import ready_status, silenced, wanted_taints
from fauxkube.kinds.core.pod_status import is_ready
from fauxkube.kinds.gvrs import LEASES, NODES, PODS
from fauxkube.machinery.objects import Object, copy_of, name_of, namespace_of, with_field
from fauxkube.machinery.times import to_time

LEASE_NAMESPACE = "kube-node-lease"
#: Seconds of silence after which a node counts as lost (`--node-monitor-grace-period`, 50 s since 1.32).
GRACE = 50.0
#: The same for a node whose kubelet has never reported (`--node-startup-grace-period`).
STARTUP_GRACE = 60.0
#: A silence noticed later than this means that this very process slept or its clock was moved: no one could be heard.
_LATE = 5.0
#: So the node gets these seconds, one renewal of its lease, to be heard.
_SECOND_CHANCE = 10.0


class NodeLifecycleController(Controller):
    """Keys are nodes' names."""

    name = "node-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._nodes = context.informers.of(NODES)
        self._pods = context.informers.of(PODS)
        #: When each node was last heard of, on the monotonic clock; its own clock's times are not trusted.
        self._heard: dict[str, float] = {}
        #: Nodes in their second chance.
        self._doubted: set[str] = set()
        index_by_node(self._pods)
        self._nodes.on_change(self._node_changed)
        context.informers.of(LEASES).on_change(self._lease_changed)

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            if old is not None:
                self._heard.pop(name_of(old), None)
                self._doubted.discard(name_of(old))
                self._tell(old, "RemovingNode", f"Removing Node {name_of(old)} from Controller")
            return
        if old is None and not self._nodes.resuming:
            self._tell(new, "RegisteredNode", f"Registered Node {name_of(new)} in Controller")
        if old is None or _heartbeats(old) != _heartbeats(new):
            self._hear(name_of(new))
        if old is None or _health(old) != _health(new):
            self.queue.add(name_of(new))

    def _lease_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None or namespace_of(new) != LEASE_NAMESPACE or name_of(new) not in self._heard:
            return
        if old is None or old["spec"].get("renewTime") != new["spec"].get("renewTime"):
            self._hear(name_of(new))

    def _hear(self, node: str) -> None:
        self._heard[node] = self.clock.monotonic()
        self._doubted.discard(node)

    def _tell(self, node: Object, reason: str, what: str) -> None:
        self.recorder.event(node, "Normal", reason, f"Node {name_of(node)} event: {what}")

    async def reconcile(self, key: str) -> None:
        node = self._nodes.get(key)
        if node is None:
            return
        node = await self._watch_over(key, node)
        taints = wanted_taints(node, self.clock.now())
        if taints != (node["spec"].get("taints") or []):
            await self.client.update(NODES, {**node, "spec": with_field(node["spec"], "taints", taints)})
        if self._is_unwell(key):
            await self._mark_pods_not_ready(key)

    async def _watch_over(self, key: str, node: Object) -> Object:
        """Report the node as unknown when it is silent for too long; else look again when it would be."""
        left = self._time_left(key, GRACE if ready_status(node) else STARTUP_GRACE)
        if left > 0:
            self.queue.add_after(key, left)
            return node
        told = silenced(node, self.clock.now())
        if told["status"] == node.get("status"):
            return node
        if ready_status(node) == "True":
            message = f"Node {key} status is now: NodeNotReady"
            self.recorder.event(node, "Normal", "NodeNotReady", message)
        return await self.client.update(NODES, told, subresource="status")

    def _time_left(self, node: str, grace: float) -> float:
        """The seconds until the node counts as lost; 0 or less when it does."""
        now = self.clock.monotonic()
        left = self._heard.get(node, now) + grace - now
        if left < -_LATE and node not in self._doubted:
            self._doubted.add(node)
            return _SECOND_CHANCE
        return left

    def _is_unwell(self, key: str) -> bool:
        node = self._nodes.get(key)
        return node is not None and ready_status(node) in {"False", "Unknown"}

    async def _mark_pods_not_ready(self, node: str) -> None:
        """No kubelet says so any more, but the node's pods can serve no one."""
        for pod in on_node(self._pods, node):
            if not is_ready(pod):
                continue
            if not self._is_unwell(node):
                return
            told = copy_of(pod)
            for each in told["status"]["conditions"]:
                if each["type"] == "Ready":
                    each.update(status="False", lastTransitionTime=to_time(self.clock.now()))
            await self.client.update(PODS, told, subresource="status")
            self.recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")


def _heartbeats(node: Object) -> list[str]:
    conditions = node.get("status", {}).get("conditions") or ()
    return [each.get("lastHeartbeatTime", "") for each in conditions]


def _health(node: Object) -> tuple[list[tuple[str, str]], bool, list[Object]]:
    """What of a node decides on its taints."""
    conditions = node.get("status", {}).get("conditions") or ()
    statuses = [(each["type"], each["status"]) for each in conditions]
    return statuses, node["spec"].get("unschedulable", False), node["spec"].get("taints") or []
