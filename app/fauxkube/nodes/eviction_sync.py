"""The kubelets' eviction managers: pods leave a node under pressure one by one, until enough have left.

How many that is, the fault that brings the pressure says; there is no usage that could fall below a threshold.
"""

from __future__ import annotations

from collections.abc import Callable

from fauxkube.client.indexes import index_by_node, on_node
from fauxkube.client.loop import Loop
from fauxkube.kinds.gvrs import PODS
from fauxkube.machinery.objects import Object
from fauxkube.nodes.context import Context
from fauxkube.nodes.eviction import MONITORING_SECONDS, evicted, eviction_message, first_to_go
from fauxkube.nodes.node_faults import DISK, MEMORY, NodeFaults
from fauxkube.nodes.pod_events import PodEvents

_WORKERS = 1


class Evictions:
    """Evicts from every simulated node that runs short of memory or disk."""

    def __init__(self, context: Context, *, events: Callable[[str], PodEvents], faults: NodeFaults) -> None:
        self._client = context.client
        self._pods = context.informers.of(PODS)
        self._clock = context.clock
        self._events = events
        self._faults = faults
        #: The UIDs of the pods evicted so far, by fault and node: an informer may show them a while as they were.
        self._evicted: dict[tuple[str, str], set[str]] = {}
        self.loop = Loop("kubelet-evictions", context.clock, self.sync, workers=_WORKERS)
        index_by_node(self._pods)
        faults.on_change(self.loop.queue.add)

    async def sync(self, node: str) -> None:
        """Evict the next pod of a node that is under pressure; come back while more have to go."""
        if self._faults.leaves_pods_alone(node):
            return
        for pressure in (MEMORY, DISK):
            fault = self._faults.pressure(node, pressure)
            if fault is None:
                continue
            gone = self._evicted.setdefault((fault.id, node), set())
            if len(gone) < fault.effect["evict"]:
                await self._evict_next(node, pressure, gone)
            if len(gone) < fault.effect["evict"]:
                self.loop.queue.add_after(node, MONITORING_SECONDS)

    async def _evict_next(self, node: str, pressure: str, gone: set[str]) -> None:
        staying = [pod for pod in on_node(self._pods, node) if pod["metadata"]["uid"] not in gone]
        pod = first_to_go(staying)
        if pod is not None:
            await self._evict(pod, eviction_message(pod, pressure))
            gone.add(pod["metadata"]["uid"])

    async def _evict(self, pod: Object, message: str) -> None:
        status = evicted(pod, message, self._clock.now())
        await self._client.update(PODS, pod | {"status": status}, subresource="status")
        events = self._events(pod["spec"]["nodeName"])
        events.evicted(pod, message)
        events.killing(pod)
