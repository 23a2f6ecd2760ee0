"""What each kubelet does for the pods on its node: start them, keep them, end them.

Level-triggered, so that after a restart of the process everything goes on from what the cluster says: a running pod is
left alone, one that was being started is started, one that was being stopped is stopped. A pod costs two writes: one
that says it is being created, one that says it runs. What a user writes into the status of a running pod stays, but
for the `Ready` condition where the pod has readiness gates. Pods on nodes that are not simulated are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fauxkube.client.informer import Informer
from fauxkube.client.loop import Loop
from fauxkube.client.protocol import Client
from fauxkube.kinds.core.pod_status import is_terminal, phase_of, pod_ip_of
from fauxkube.kinds.gvrs import PODS
from fauxkube.kit.clock import Clock
from fauxkube.machinery.objects import Object, is_terminating, key_of, name_of, namespace_of
from fauxkube.machinery.times import from_time, to_time
from fauxkube.nodes import lifecycle
from fauxkube.nodes.cni import Cni, PoolExhaustedError, sandbox_failure
from fauxkube.nodes.images import image_of, needs_pull
from fauxkube.nodes.node_conditions import has_network, is_ready
from fauxkube.nodes.node_sync import is_simulated
from fauxkube.nodes.pod_events import PodEvents
from fauxkube.nodes.registration import internal_address
from fauxkube.nodes.settings import NodeSettings

#: Seconds after which a pod that got no address is tried again although none became free.
RETRY_SANDBOX_SECONDS = 15.0

_WORKERS = 32
_BY_NODE = "nodeName"


@dataclass(slots=True)
class _Step:
    """Containers on their way: which pod's, which they are, whose images are pulled, when they will run."""

    uid: str
    containers: list[Object]
    pulled: frozenset[str]
    due: float
    #: Whether an event has said that the images are being pulled.
    told: bool = False


class PodSync:
    """Drives every pod on every simulated node."""

    def __init__(
        self,
        client: Client,
        *,
        pods: Informer,
        nodes: Informer,
        cni: Cni,
        clock: Clock,
        events: Callable[[str], PodEvents],
        settings: NodeSettings,
    ) -> None:
        self._client = client
        self._pods = pods
        self._nodes = nodes
        self._cni = cni
        self._clock = clock
        self._events = events
        self._settings = settings
        self._steps: dict[str, _Step] = {}
        #: The UIDs of pods whose containers have been told to stop, by key.
        self._stopping: dict[str, str] = {}
        #: The pods whose node has been lost and is back.
        self._to_recheck: set[str] = set()
        #: The full names of the images on each node.
        self._images: dict[str, set[str]] = {}
        self.loop = Loop("kubelet-pods", clock, self.sync, workers=_WORKERS)
        pods.add_index(_BY_NODE, _node_names)
        pods.on_change(self._pod_changed)
        nodes.on_change(self._node_changed)

    # What the cluster tells.

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None or is_terminal(new):
            self._ended(new or old or {}, had_ended=old is not None and is_terminal(old))
        if new is None:
            self._stopping.pop(key_of(old or {}), None)
            return
        if self._pods.resuming:
            self._take_over(new)
        if new["spec"].get("nodeName") and (old is None or _matters(old, new)):
            self.loop.queue.add(key_of(new))

    def _take_over(self, pod: Object) -> None:
        """In a fork the pod's kubelet goes on: what it has told to stop it tells no more, what it pulled is there."""
        if is_terminating(pod):
            self._stopping[key_of(pod)] = pod["metadata"]["uid"]
        for status in pod.get("status", {}).get("containerStatuses") or ():
            if status.get("imageID"):
                self._images.setdefault(pod["spec"].get("nodeName") or "", set()).add(status["image"])

    def _ended(self, pod: Object, *, had_ended: bool) -> None:
        """The pod is gone or has run to its end, and if it had not before, its address goes to the next in line."""
        key, node_name = key_of(pod), pod["spec"].get("nodeName") or ""
        self._steps.pop(key, None)
        self._to_recheck.discard(key)
        self._cni.give_up(key)
        self._cni.leave(key, node_name)
        if not had_ended and pod_ip_of(pod) and (waiting := self._cni.next_waiting(node_name)):
            self.loop.queue.add(waiting)

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        """A node that can run pods now has those started that wait on it, and those ready again that were lost."""
        if new is None:
            self._images.pop(name_of(old or {}), None)
            return
        recovered = old is not None and is_ready(new) and not is_ready(old)
        if old is None or recovered or _set_up(old) != _set_up(new):
            for key in map(key_of, self._pods.by_index(_BY_NODE, name_of(new))):
                self.loop.queue.add(key)
                if recovered:
                    self._to_recheck.add(key)

    # What is done about it.

    async def sync(self, key: str) -> None:
        """Bring the pod of that key one step on, or as many as can be done now."""
        pod = self._pods.get(key)
        node = self._nodes.get(pod["spec"].get("nodeName") or "") if pod else None
        if pod is None or node is None or not is_simulated(node) or not internal_address(node):
            return
        if is_terminating(pod):
            await self._stop(pod)
        elif phase_of(pod) == "Pending":
            await self._start(pod, node)
        elif phase_of(pod) == "Running":
            await self._refresh(pod)

    async def _start(self, pod: Object, node: Object) -> None:
        if not lifecycle.is_created(pod):
            pod = await self._write(pod, lifecycle.created(pod, internal_address(node), self._now()))
        status = pod["status"]
        if not pod_ip_of(pod):
            addresses = self._addresses(pod, node)
            if not addresses:
                return
            status = lifecycle.networked(pod, addresses)
        await self._start_containers(pod, status)

    def _addresses(self, pod: Object, node: Object) -> list[str]:
        """The pod's addresses; none while it must wait for them."""
        events, key = self._events(name_of(node)), key_of(pod)
        if pod["spec"].get("hostNetwork"):
            return [internal_address(node)]
        if not has_network(node):
            events.network_not_ready(pod)
            return []
        try:
            return self._cni.addresses(pod, node)
        except PoolExhaustedError as error:
            events.sandbox_failed(pod, sandbox_failure(pod, str(error)))
            self._cni.wait(key, name_of(node))
            self.loop.queue.add_after(key, RETRY_SANDBOX_SECONDS)
            return []

    async def _start_containers(self, pod: Object, status: Object) -> None:
        """Start all that can run by now, in one write; come back for the rest."""
        ahead = pod | {"status": status}
        done: list[_Step] = []
        step: _Step | None = None
        while containers := lifecycle.next_containers(ahead):
            step = self._step(ahead, containers)
            if (wait := step.due - self._clock.monotonic()) > 0:
                self.loop.queue.add_after(key_of(pod), wait)
                break
            ahead = ahead | {"status": lifecycle.advanced(ahead, self._now())}
            done.append(step)
            step = None
        if ahead["status"] is not pod["status"]:
            await self._write(pod, ahead["status"])
            self._cni.settle(key_of(pod))
        if step is None:
            self._steps.pop(key_of(pod), None)
        self._tell(pod, done, step)

    def _step(self, pod: Object, containers: list[Object]) -> _Step:
        """The step that these containers are in, begun if it was not."""
        key, uid = key_of(pod), pod["metadata"]["uid"]
        step = self._steps.get(key)
        if step is None or step.uid != uid or step.containers[0]["name"] != containers[0]["name"]:
            present = self._images.setdefault(pod["spec"]["nodeName"], set())
            pulled = frozenset(each["name"] for each in containers if needs_pull(each, present))
            present.update(image_of(each["image"]).name for each in containers)
            seconds = len(pulled) * self._settings.image_pull_seconds
            seconds += len(containers) * self._settings.container_start_seconds
            step = self._steps[key] = _Step(uid, containers, pulled, self._clock.monotonic() + seconds)
        return step

    def _tell(self, pod: Object, done: list[_Step], begun: _Step | None) -> None:
        """Events on the steps that are done, and on the one that was begun."""
        events = self._events(pod["spec"]["nodeName"])
        for step in (*done, *([begun] if begun else [])):
            for container in step.containers:
                if container["name"] in step.pulled and not step.told:
                    events.pulling(pod, container)
                if step is not begun:
                    pulled = container["name"] in step.pulled
                    seconds = self._settings.image_pull_seconds
                    events.started(pod, container, pulled=pulled, seconds=seconds)
            step.told = True

    async def _refresh(self, pod: Object) -> None:
        key = key_of(pod)
        status = lifecycle.refreshed(pod, self._now(), recheck=key in self._to_recheck)
        if status is not None:
            redefined = lifecycle.redefined(pod)
            await self._update(pod, status)
            for container in redefined:
                self._tell_redefined(pod, container)
        self._to_recheck.discard(key)

    def _tell_redefined(self, pod: Object, container: Object) -> None:
        node_name = pod["spec"]["nodeName"]
        events, present = self._events(node_name), self._images.setdefault(node_name, set())
        pulled = needs_pull(container, present)
        present.add(image_of(container["image"]).name)
        events.redefined(pod, container)
        if pulled:
            events.pulling(pod, container)
        events.started(pod, container, pulled=pulled, seconds=0)

    async def _stop(self, pod: Object) -> None:
        key, uid = key_of(pod), pod["metadata"]["uid"]
        if self._stopping.get(key) != uid:
            self._stopping[key] = uid
            self._events(pod["spec"]["nodeName"]).killing(pod)
        if (wait := self._seconds_to_stop(pod)) > 0:
            self.loop.queue.add_after(key, wait)
            return
        if not is_terminal(pod):
            await self._write(pod, lifecycle.stopped(pod, self._now()))
        if pod["metadata"].get("deletionGracePeriodSeconds"):
            await self._client.delete(PODS, name_of(pod), namespace=namespace_of(pod), grace_period_seconds=0, uid=uid)

    def _seconds_to_stop(self, pod: Object) -> float:
        """How much longer the containers take to stop, counted from when the pod was asked to go."""
        if not self._settings.stop_seconds or is_terminal(pod):
            return 0.0
        metadata = pod["metadata"]
        grace = metadata.get("deletionGracePeriodSeconds") or 0
        left = (from_time(metadata["deletionTimestamp"]) - self._clock.now()).total_seconds()
        return left - grace + min(self._settings.stop_seconds, grace)

    def _now(self) -> str:
        return to_time(self._clock.now())

    async def _write(self, pod: Object, status: Object) -> Object:
        return await self._update(pod, lifecycle.reported(pod, status, self._now()))

    async def _update(self, pod: Object, status: Object) -> Object:
        return await self._client.update(PODS, pod | {"status": status}, subresource="status")


def _node_names(pod: Object) -> tuple[str, ...]:
    name = pod["spec"].get("nodeName")
    return (name,) if name else ()


def _set_up(node: Object) -> tuple[bool, str]:
    return has_network(node), internal_address(node)


def _matters(old: Object, new: Object) -> bool:
    """Whether a pod's change calls for work; what the kubelet wrote itself does not."""
    before, after = old["metadata"], new["metadata"]
    if before.get("uid") != after.get("uid") or old["spec"].get("nodeName") != new["spec"].get("nodeName"):
        return True
    if any(before.get(name) != after.get(name) for name in _WATCHED):
        return True
    gates = new["spec"].get("readinessGates")
    return bool(gates) and old["status"].get("conditions") != new["status"].get("conditions")


#: Metadata whose change calls for work.
_WATCHED = ("generation", "deletionTimestamp", "deletionGracePeriodSeconds")
