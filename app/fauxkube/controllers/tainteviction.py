"""The taint eviction controller: pods leave nodes with a `NoExecute` taint that they do not tolerate.

One that tolerates it for some seconds leaves after those. Mirrors `pkg/controller/tainteviction`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from fauxkube.client.indexes import index_by_node, on_node
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.disruption import mark_disrupted
from fauxkube.kinds.core.pod_status import is_terminal, tolerates
from fauxkube.kinds.gvrs import NODES, PODS
from fauxkube.machinery.objects import Object, is_terminating, key_of, name_of, namespace_of
from fauxkube.machinery.times import from_time


def no_execute_taints(node: Object) -> list[Object]:
    """The taints that make pods leave."""
    return [each for each in node["spec"].get("taints") or () if each["effect"] == "NoExecute"]


def eviction_time(tolerations: Iterable[Object], taints: Iterable[Object], since: datetime) -> datetime | None:
    """When a pod with these tolerations must leave a node with these `NoExecute` taints; None for never.

    `since` stands in for the time of a taint that does not tell when it was added.
    """
    listed = list(tolerations)
    due = [_tolerated_until(listed, taint, since) for taint in taints]
    return min((moment for moment in due if moment is not None), default=None)


def _tolerated_until(tolerations: list[Object], taint: Object, since: datetime) -> datetime | None:
    matching = next((each for each in tolerations if tolerates([each], taint)), None)
    added = from_time(taint["timeAdded"]) if taint.get("timeAdded") else since
    if matching is None:
        return added
    seconds = matching.get("tolerationSeconds")
    return None if seconds is None else added + timedelta(seconds=max(0, seconds))


class TaintEvictionController(Controller):
    """Keys are those of pods."""

    name = "taint-eviction-controller"
    workers = 8

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._nodes = context.informers.of(NODES)
        self._pods = context.informers.of(PODS)
        #: Pods that are to leave later, with the moment from which undated taints count.
        self._leaving: dict[str, datetime] = {}
        index_by_node(self._pods)
        self._nodes.on_change(self._node_changed)
        self._pods.on_change(self._pod_changed)

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        before, after = no_execute_taints(old) if old else [], no_execute_taints(new) if new else []
        if new is not None and before != after:
            for pod in on_node(self._pods, name_of(new)):
                self.queue.add(key_of(pod))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            if old is not None and key_of(old) in self._leaving:
                self.queue.add(key_of(old))
        elif old is None or _stay_of(old) != _stay_of(new):
            node = self._nodes.get(new["spec"].get("nodeName") or "")
            if node is not None and no_execute_taints(node):
                self.queue.add(key_of(new))

    async def reconcile(self, key: str) -> None:
        pod = self._pods.get(key)
        node = self._nodes.get(pod["spec"].get("nodeName") or "") if pod else None
        if pod is None or node is None or is_terminating(pod):
            self._leaving.pop(key, None)
            return
        now = self.clock.now()
        since = self._leaving.get(key, now)
        due = eviction_time(pod["spec"].get("tolerations") or (), no_execute_taints(node), since)
        if due is None:
            self._stay(pod)
        elif due > now:
            self._leaving[key] = since
            self.queue.add_after(key, (due - now).total_seconds())
        else:
            await self._evict(pod)

    def _stay(self, pod: Object) -> None:
        if self._leaving.pop(key_of(pod), None):
            message = f"Cancelling deletion of Pod {key_of(pod)}"
            self.recorder.event(pod, "Normal", "TaintManagerEviction", message)

    async def _evict(self, pod: Object) -> None:
        if not is_terminal(pod):
            message = "Taint manager: deleting due to NoExecute taint"
            told = mark_disrupted(pod, "DeletionByTaintManager", message, now=self.clock.now())
            await self.client.update(PODS, told, subresource="status")
        uid = pod["metadata"]["uid"]
        await self.client.delete(PODS, name_of(pod), namespace=namespace_of(pod), uid=uid)
        self.recorder.event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {key_of(pod)}")
        self._leaving.pop(key_of(pod), None)


def _stay_of(pod: Object) -> tuple[str, list[Object]]:
    return pod["spec"].get("nodeName") or "", pod["spec"].get("tolerations") or []
