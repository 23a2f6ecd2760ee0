"""The loop that gives pods their nodes: kube-scheduler's default profile, light (preemption and more come later).

Several workers take pods off the queue. Deciding is synchronous, so each decision counts the ones before it; bindings
are on their way side by side, at most one a worker. Pods are those whose `schedulerName` is `default-scheduler`, which
name no node, are not gated and are not being deleted. A pod that fits nowhere gets the condition `PodScheduled` False
with reason `Unschedulable` and a FailedScheduling event, and waits for a node or a place to become free.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import SharedInformers
from fauxkube.client.protocol import Client
from fauxkube.kinds.core.pod_status import is_terminal
from fauxkube.kinds.gvrs import NODES, PODS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.kit.workers import Workers
from fauxkube.machinery.objects import Object, is_terminating, key_of, labels_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError
from fauxkube.scheduler.cache import Cache
from fauxkube.scheduler.decision import FitError, choose_node
from fauxkube.scheduler.filters import rejection
from fauxkube.scheduler.node_info import NodeInfo
from fauxkube.scheduler.pod_info import PodInfo, allocatable_of, pod_info
from fauxkube.scheduler.queue import Entry, SchedulingQueue
from fauxkube.scheduler.reporting import says_already, write_condition

SCHEDULER_NAME = "default-scheduler"

#: Bindings on their way at once.
_WORKERS = 16

_log = logging.getLogger("fauxkube.scheduler")


class Context(Protocol):
    """What the scheduler is given of the cluster; `recorder` makes a component's event recorder."""

    @property
    def client(self) -> Client: ...

    @property
    def informers(self) -> SharedInformers: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def chance(self) -> Chance: ...

    @property
    def recorder(self) -> Callable[[str], EventRecorder]: ...


class Scheduler:
    """Binds pods from `run` to `close`; the informers must be started by their owner."""

    def __init__(self, context: Context) -> None:
        self._client = context.client.as_user_agent("kube-scheduler")
        self._clock = context.clock
        self._chance = context.chance
        self._recorder = context.recorder(SCHEDULER_NAME)
        self._workers: Workers[Entry] = Workers("scheduler", limit=_WORKERS, take=self._take, work=self._work)
        self._queue = SchedulingQueue(context.clock, ready=self._workers.wake)
        self._cache = Cache()
        self._nodes_to_offer: dict[str, NodeInfo] = {}
        context.informers.of(NODES).on_change(self._node_changed)
        context.informers.of(PODS).on_change(self._pod_changed)

    @property
    def idle(self) -> bool:
        """Whether no pod can be tried now, or none is to be while paused, and no binding is on its way."""
        if self.paused:
            return not self._queue.in_flight
        return self._queue.idle and not self._nodes_to_offer

    @property
    def paused(self) -> bool:
        """Whether pods only gather."""
        return self._workers.paused

    def start(self) -> None:
        """Schedule from now on until `close`; the informers must have been started."""
        self._workers.start()

    def pause(self) -> None:
        """Let pods gather from now on; bindings on their way are ended."""
        self._workers.pause()

    def resume(self) -> None:
        """Schedule what has gathered, and go on."""
        self._workers.resume()

    async def close(self) -> None:
        """Stop; bindings on their way are abandoned (the API server has them or has not)."""
        self._queue.close()
        await self._workers.close()

    # What the cluster tells.

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            self._cache.remove_node(name_of(old or {}))
        elif old is None or _matters(old, new):
            self._offer(self._cache.set_node(new))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None or is_terminal(new):
            self._pod_gone(key_of(new or old or {}))
        elif node_name := new["spec"].get("nodeName"):
            self._pod_placed(new, node_name)
        elif _wants_node(new):
            self._pod_pending(old, new)
        else:
            self._queue.remove(key_of(new))

    def _pod_gone(self, key: str) -> None:
        self._queue.remove(key)
        if (node := self._cache.take(key)) is not None:
            self._offer(node)

    def _pod_placed(self, pod: Object, node_name: str) -> None:
        key = key_of(pod)
        self._queue.remove(key)
        if not self._cache.holds(key, pod["metadata"].get("uid") or "", node_name):
            self._cache.place(pod_info(pod), node_name)

    def _pod_pending(self, old: Object | None, new: Object) -> None:
        known = self._queue.find(key_of(new))
        if known is not None and old is not None and not _respecified(old, new):
            self._queue.refresh(pod_info(new))
        else:
            self._queue.put(pod_info(new))

    def _offer(self, node: NodeInfo) -> None:
        """Something became free on `node`: look, once for all changes of this turn of the loop, whom it helps."""
        if node.object is None:
            return
        if not self._nodes_to_offer:
            asyncio.get_running_loop().call_soon(self._offer_now)
        self._nodes_to_offer[node.name] = node

    def _offer_now(self) -> None:
        nodes = [node for node in self._nodes_to_offer.values() if node.object is not None]
        self._nodes_to_offer.clear()
        self._queue.wake(lambda pod: any(rejection(pod, node) is None for node in nodes))

    # What is done about it.

    def _take(self) -> Entry | None:
        return self._queue.take()

    async def _work(self, entry: Entry) -> None:
        try:
            await self._schedule(entry)
        except Exception:
            _log.exception("scheduling %s failed", entry.pod.key)
            self._undo(entry)

    async def _schedule(self, entry: Entry) -> None:
        pod = entry.pod
        try:
            node_name = choose_node(pod, self._cache.nodes, self._chance)
        except FitError as error:
            self._queue.park(entry)
            if entry.attempts > 1 or not says_already(pod.object, str(error)):
                await self._report(pod, "Unschedulable", str(error))
            return
        self._cache.place(pod, node_name)
        try:
            await self._bind(pod, node_name)
        except StatusError as error:
            self._undo(entry)
            if error.code not in (404, 409):
                await self._report(pod, "SchedulerError", f'running Bind plugin "DefaultBinder": {error.message}')
        else:
            self._bound(pod, node_name)

    def _undo(self, entry: Entry) -> None:
        """Take the decision back and try again later, unless the pod was seen to be bound or gone meanwhile."""
        if entry.in_flight:
            if (node := self._cache.take(entry.pod.key, uid=entry.pod.uid)) is not None:
                self._offer(node)
            self._queue.retry(entry)

    async def _bind(self, pod: PodInfo, node_name: str) -> None:
        name, namespace = name_of(pod.object), namespace_of(pod.object)
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace, "uid": pod.uid},
            "target": {"kind": "Node", "name": node_name},
        }
        await self._client.create(PODS, binding, namespace=namespace, name=name, subresource="binding")

    def _bound(self, pod: PodInfo, node_name: str) -> None:
        known = self._queue.find(pod.key)
        if known is not None and known.uid == pod.uid:
            self._queue.remove(pod.key)
        message = f"Successfully assigned {pod.key} to {node_name}"
        self._recorder.event(pod.object, "Normal", "Scheduled", message, action="Binding")

    async def _report(self, pod: PodInfo, reason: str, message: str) -> None:
        self._recorder.event(pod.object, "Warning", "FailedScheduling", message, action="Scheduling")
        await write_condition(self._client, pod.object, reason=reason, message=message, now=self._clock.now())


def _wants_node(pod: Object) -> bool:
    spec = pod["spec"]
    named: bool = (spec.get("schedulerName") or SCHEDULER_NAME) == SCHEDULER_NAME
    return named and not spec.get("schedulingGates") and not is_terminating(pod)


def _matters(old: Object, new: Object) -> bool:
    """Whether a node's change can change a decision: not so its heartbeats."""
    return _respecified(old, new) or allocatable_of(old) != allocatable_of(new)


def _respecified(old: Object, new: Object) -> bool:
    """Whether more changed than the status: only then may a pod that waits fit elsewhere."""
    return bool(old["spec"] != new["spec"] or labels_of(old) != labels_of(new))
