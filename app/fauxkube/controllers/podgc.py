"""The pod garbage collector: removes pods that no kubelet will (upstream's `pkg/controller/podgc`).

Those are pods on nodes that no longer exist (after a quarantine, for the node may come back), pods asked to go before
they had a node, and the oldest of too many pods that have ended.
"""

from __future__ import annotations

from fauxkube.client.indexes import index_by_node, on_node
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.disruption import mark_disrupted
from fauxkube.kinds.core.pod_status import is_terminal
from fauxkube.kinds.gvrs import NODES, PODS
from fauxkube.machinery.objects import Object, is_terminating, key_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError

#: Seconds that a node may be gone before its pods go, too.
QUARANTINE = 40.0
#: How many pods that have ended may stay unless told otherwise (`--terminated-pod-gc-threshold`).
TERMINATED_THRESHOLD = 12_500
_TERMINATED = "terminated"


class PodGCController(Controller):
    """Keys are `node/<name>`, `pod/<key>` and `terminated`."""

    name = "pod-garbage-collector"

    def __init__(self, context: Context, *, terminated_threshold: int = TERMINATED_THRESHOLD) -> None:
        super().__init__(context)
        self._threshold = terminated_threshold
        self._nodes = context.informers.of(NODES)
        self._pods = context.informers.of(PODS)
        self._terminated: set[str] = set()
        self._gone_since: dict[str, float] = {}
        index_by_node(self._pods)
        self._nodes.on_change(self._node_changed)
        self._pods.on_change(self._pod_changed)

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None and old is not None:
            self.queue.add(f"node/{name_of(old)}")

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            self._terminated.discard(key_of(old or {}))
            return
        node = new["spec"].get("nodeName") or ""
        if not node and is_terminating(new):
            self.queue.add(f"pod/{key_of(new)}")
        elif node and self._nodes.get(node) is None and (old is None or not old["spec"].get("nodeName")):
            self.queue.add(f"node/{node}")
        if is_terminal(new) and not is_terminating(new):
            self._terminated.add(key_of(new))
            if len(self._terminated) > self._threshold:
                self.queue.add(_TERMINATED)

    async def reconcile(self, key: str) -> None:
        sort, _, name = key.partition("/")
        if sort == "node":
            await self._collect_orphans(key, name)
        elif sort == "pod":
            pod = self._pods.get(name)
            if pod and is_terminating(pod) and not pod["spec"].get("nodeName"):
                await self._delete(pod)
        else:
            await self._collect_terminated()

    async def _collect_orphans(self, key: str, node: str) -> None:
        """Delete the pods of a node that has been gone for the quarantine and is not there now."""
        pods = on_node(self._pods, node)
        if self._nodes.get(node) or not pods:
            self._gone_since.pop(node, None)
            return
        now = self.clock.monotonic()
        left = self._gone_since.setdefault(node, now) + QUARANTINE - now
        if left > 0:
            self.queue.add_after(key, left)
            return
        if not await self._exists(node):
            for pod in pods:
                await self._end(pod)
        self._gone_since.pop(node, None)

    async def _exists(self, node: str) -> bool:
        try:
            await self.client.get(NODES, node)
        except StatusError as error:
            if error.code == 404:
                return False
            raise
        return True

    async def _end(self, pod: Object) -> None:
        if not is_terminal(pod):
            message = "PodGC: node no longer exists"
            told = mark_disrupted(pod, "DeletionByPodGC", message, now=self.clock.now())
            told["status"]["phase"] = "Failed"
            await self.client.update(PODS, told, subresource="status")
        await self._delete(pod)

    async def _collect_terminated(self) -> None:
        ended = [pod for pod in map(self._pods.get, sorted(self._terminated)) if pod]
        surplus = len(ended) - self._threshold
        ended.sort(key=lambda pod: (pod["status"].get("reason") != "Evicted", pod["metadata"]["creationTimestamp"]))
        for pod in ended[: max(0, surplus)]:
            await self._delete(pod)

    async def _delete(self, pod: Object) -> None:
        """Delete it at once: no kubelet is there to be waited for."""
        uid = pod["metadata"]["uid"]
        await self.client.delete(PODS, name_of(pod), namespace=namespace_of(pod), grace_period_seconds=0, uid=uid)
