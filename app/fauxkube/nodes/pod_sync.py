"""What each kubelet does for the pods on its node: start them, keep them, restart what ends, end them.

Level-triggered, so that after a restart of the process everything goes on from what the cluster says: a running pod is
left alone, one that was being started is started, one that was being stopped is stopped. A pod costs two writes: one
that says it is being created, one that says it runs. What a user writes into the status of a running pod stays until
there is work with it; the `Ready` condition follows readiness gates. Pods on nodes that are not simulated, or that are
silent, are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fauxkube.client.indexes import index_by_node, on_node
from fauxkube.client.loop import Loop
from fauxkube.client.own_writes import OwnWrites
from fauxkube.kinds.core.node_network import NodeNetwork, network_of
from fauxkube.kinds.core.pod_status import is_ready as is_pod_ready
from fauxkube.kinds.core.pod_status import is_terminal, phase_of, pod_ip_of
from fauxkube.kinds.gvrs import NODES, PODS
from fauxkube.machinery.objects import Object, is_terminating, key_of, name_of, namespace_of
from fauxkube.machinery.times import from_time, to_time
from fauxkube.network.local_ports import local_port_problems
from fauxkube.nodes import containers, eviction, lifecycle
from fauxkube.nodes.add_on_agents import Agents
from fauxkube.nodes.add_on_sync import AddOnSync
from fauxkube.nodes.add_ons import plugin_problem
from fauxkube.nodes.cni import Cni, PoolExhaustedError, sandbox_failure
from fauxkube.nodes.container_runs import annotation_problems
from fauxkube.nodes.context import Context
from fauxkube.nodes.node_conditions import is_ready
from fauxkube.nodes.node_faults import NodeFaults
from fauxkube.nodes.node_sync import is_simulated
from fauxkube.nodes.pod_events import PodEvents
from fauxkube.nodes.registration import internal_address, internal_addresses
from fauxkube.nodes.runtime import Runtime
from fauxkube.nodes.settings import NodeSettings

#: Seconds after which a pod that got no address is tried again although none became free.
RETRY_SANDBOX_SECONDS = 15.0
#: Seconds after its recovery within which a node's pods may still be marked as not ready by who thinks it is lost.
_RECOVERY_SECONDS = 10.0
#: How a container ends whose node went off, as its runtime says once the node is back.
_LOST_EXIT_CODE, _LOST_REASON = 255, "Unknown"

_WORKERS = 32


class PodSync:
    """Drives every pod on every simulated node."""

    def __init__(
        self,
        context: Context,
        *,
        cni: Cni,
        events: Callable[[str], PodEvents],
        runtime: Runtime,
        faults: NodeFaults,
        settings: NodeSettings,
        agents: Agents,
        add_ons: AddOnSync,
    ) -> None:
        self._client = context.client
        self._pods = context.informers.of(PODS)
        self._nodes = context.informers.of(NODES)
        self._clock = context.clock
        self._cni = cni
        self._events = events
        self._runtime = runtime
        self._images = runtime.images
        self._faults = faults
        self._agents, self._add_ons = agents, add_ons
        self._stop_seconds, self._network = settings.stop_seconds, settings.pod_network
        #: The UIDs of pods whose containers have been told to stop, by key.
        self._stopping: dict[str, str] = {}
        #: The pods whose node has been lost and is back, and when each such node was (monotonic).
        self._to_recheck: set[str] = set()
        self._recovered: dict[str, float] = {}
        #: The nodes that are off, and the pods whose node was.
        self._off: set[str] = set()
        self._lost: set[str] = set()
        self._own_writes = OwnWrites(self._pods)
        self.loop = Loop("kubelet-pods", context.clock, self.sync, workers=_WORKERS)
        index_by_node(self._pods)
        self._pods.on_change(self._pod_changed)
        self._nodes.on_change(self._node_changed)
        faults.on_change(self._node_disturbed)

    # What the cluster tells.

    def look_at_all(self) -> None:
        """See to every pod that has a node and has not ended."""
        pods = self._pods.items()
        self._look_at(key_of(pod) for pod in pods if pod["spec"].get("nodeName") and not is_terminal(pod))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None or is_terminal(new):
            self._ended(new or old or {}, had_ended=old is not None and is_terminal(old))
        if new is None:
            self._stopping.pop(key_of(old or {}), None)
            self._own_writes.forget(key_of(old or {}))
            return
        if self._pods.resuming:
            self._take_over(new)
        if new["spec"].get("nodeName") and self._calls_for_work(old, new):
            self.loop.queue.add(key_of(new))

    def _calls_for_work(self, old: Object | None, new: Object) -> bool:
        if old is None:
            return not self._runtime.is_at_rest(new)
        return self._own_writes.caught_up(key_of(new)) or _matters(old, new) or self._was_marked(old, new)

    def _was_marked(self, old: Object, new: Object) -> bool:
        """Whether the pod was marked as not ready by who had not noticed yet that its node is back."""
        since = self._recovered.get(new["spec"]["nodeName"])
        if since is None or self._clock.monotonic() - since > _RECOVERY_SECONDS:
            return False
        if is_pod_ready(new) or not is_pod_ready(old):
            return False
        self._to_recheck.add(key_of(new))
        return True

    def _take_over(self, pod: Object) -> None:
        """In a fork the pod's kubelet goes on: what it has told to stop it tells no more, what it pulled is there."""
        if is_terminating(pod):
            self._stopping[key_of(pod)] = pod["metadata"]["uid"]
        self._runtime.take_over(pod)

    def _ended(self, pod: Object, *, had_ended: bool) -> None:
        """The pod is gone or has run to its end, and if it had not before, its address goes to the next in line."""
        key, node_name = key_of(pod), pod["spec"].get("nodeName") or ""
        self._runtime.forget(pod)
        self._agents.forget(pod)
        self._to_recheck.discard(key)
        self._lost.discard(key)
        self._cni.give_up(key)
        self._cni.leave(key, node_name)
        if not had_ended and pod_ip_of(pod) and (waiting := self._cni.next_waiting(node_name)):
            self.loop.queue.add(waiting)

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        """A node that can run pods now has those started that wait on it, and those ready again that were lost."""
        if new is None:
            self._images.forget(name_of(old or {}))
            self._recovered.pop(name_of(old or {}), None)
            return
        name = name_of(new)
        if old is not None and is_ready(new) and not is_ready(old):
            self._recovered[name] = self._clock.monotonic()
            self._to_recheck.update(self._keys_on(name))
            self._look_at(self._keys_on(name))
        elif old is None or self._set_up(old) != self._set_up(new):
            there = on_node(self._pods, name)
            self._look_at(key_of(pod) for pod in there if not self._runtime.is_at_rest(pod))

    def _node_disturbed(self, name: str) -> None:
        """A fault of the node came or went: whoever was left alone is seen to, and who was on a node that was off."""
        if self._faults.down(name):
            self._off.add(name)
        elif name in self._off:
            self._off.discard(name)
            there = filter(lifecycle.is_created, on_node(self._pods, name))
            self._lost.update(map(key_of, there))
        self._look_at(self._keys_on(name))

    def _look_at(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.loop.queue.add(key)

    def _keys_on(self, node: str) -> list[str]:
        return [key_of(pod) for pod in on_node(self._pods, node)]

    # What is done about it.

    async def sync(self, key: str) -> None:
        """Bring the pod of that key one step on, or as many as can be done now."""
        pod = self._pods.get(key)
        node = self._nodes.get(pod["spec"].get("nodeName") or "") if pod else None
        if pod is None or node is None or not is_simulated(node) or not internal_address(node):
            return
        if self._is_left_alone(name_of(node)) or self._own_writes.must_wait(key):
            return
        if is_terminating(pod):
            await self._stop(pod)
        elif not is_terminal(pod):
            await self._run(pod, node)

    def _is_left_alone(self, node: str) -> bool:
        if not self._faults.leaves_pods_alone(node):
            return False
        if self._faults.down(node):
            self._off.add(node)
        return True

    async def _run(self, pod: Object, node: Object) -> None:
        if not lifecycle.is_created(pod):
            if refused := eviction.refusal(pod, self._faults.trouble(name_of(node)).pressures):
                await self._refuse(pod, refused)
                return
            pod = await self._create(pod, node)
        elif key_of(pod) in self._lost:
            pod = await self._lose(pod)
        await self._agents.learn(pod, node)
        if phase_of(pod) == "Running":
            pod = await self._refresh(pod)
        ahead = pod
        if phase_of(pod) == "Pending" and not pod_ip_of(pod):
            addresses = self._addresses(pod, node)
            if not addresses:
                return
            ahead = pod | {"status": lifecycle.networked(pod, addresses)}
        await self._advance(pod, ahead)

    async def _create(self, pod: Object, node: Object) -> Object:
        events = self._events(name_of(node))
        created = await self._write(pod, lifecycle.created(pod, internal_addresses(node), self._now()))
        if pod["metadata"].get("annotations"):
            for problem in (*annotation_problems(pod), *local_port_problems(pod)):
                events.annotation_ignored(pod, problem)
        return created

    async def _refuse(self, pod: Object, why: str) -> None:
        message = f"Pod was rejected: {why}"
        await self._update(pod, lifecycle.refused(pod, eviction.REASON, message, self._now()))
        self._events(pod["spec"]["nodeName"]).evicted(pod, why)

    async def _lose(self, pod: Object) -> Object:
        """The pod's node was off: nothing runs any more of what ran."""
        lost = {
            container["name"]: containers.ended(own, _LOST_EXIT_CODE, _LOST_REASON, self._now())
            for container, own in lifecycle.running_containers(pod)
        }
        if lost:
            pod = await self._write(pod, lifecycle.with_containers(pod, lost, self._now()))
            self._events(pod["spec"]["nodeName"]).sandbox_changed(pod)
        self._lost.discard(key_of(pod))
        return pod

    async def _advance(self, pod: Object, ahead: Object) -> None:
        """Write what becomes of the pod's containers now, state by state, and come back for the rest.

        `ahead` is the pod with a status that is not written yet, if there is one.
        """
        while not (is_terminal(ahead) or self._runtime.is_at_rest(ahead)):
            change = self._runtime.step(ahead)
            done = change.status is pod["status"]
            if not done:
                pod = ahead = await self._write(pod, change.status)
                self._cni.settle(key_of(pod))
            for follow in change.then:
                follow()
            if done:
                if change.wait is not None:
                    self.loop.queue.add_after(key_of(pod), change.wait)
                return

    def _addresses(self, pod: Object, node: Object) -> list[str]:
        """The pod's addresses; none while it must wait for them."""
        if pod["spec"].get("hostNetwork"):
            return internal_addresses(node)
        network = network_of(node, self._network)
        if network is None:
            self._events(name_of(node)).network_not_ready(pod)
            return []
        if problem := plugin_problem(network):
            return self._without_addresses(pod, network, problem)
        try:
            if self._faults.out_of_ips(name_of(node)):
                self._cni.refuse(pod, node)
            return self._cni.addresses(pod, node)
        except PoolExhaustedError as error:
            if self._add_ons.grow(node):
                return []
            self._cni.wait(key_of(pod), name_of(node))
            return self._without_addresses(pod, network, str(error))

    def _without_addresses(self, pod: Object, network: NodeNetwork, problem: str) -> list[str]:
        """The network's plugin has failed: it is asked again, also when nothing has changed since."""
        self._events(pod["spec"]["nodeName"]).sandbox_failed(pod, sandbox_failure(pod, problem, network.plugin))
        self.loop.queue.add_after(key_of(pod), RETRY_SANDBOX_SECONDS)
        return []

    async def _refresh(self, pod: Object) -> Object:
        """Follow a change of the running pod's definition, its readiness gates, and its node's recovery."""
        key = key_of(pod)
        status = lifecycle.refreshed(pod, self._now(), recheck=key in self._to_recheck)
        if status is not None:
            redefined = lifecycle.redefined(pod)
            pod = await self._update(pod, status)
            for container in redefined:
                self._tell_redefined(pod, container)
        self._to_recheck.discard(key)
        return pod

    def _tell_redefined(self, pod: Object, container: Object) -> None:
        node_name = pod["spec"]["nodeName"]
        events, pulled = self._events(node_name), self._images.must_pull(node_name, container)
        self._images.add(node_name, container["image"])
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
        if not self._stop_seconds or is_terminal(pod):
            return 0.0
        metadata = pod["metadata"]
        grace = metadata.get("deletionGracePeriodSeconds") or 0
        left = (from_time(metadata["deletionTimestamp"]) - self._clock.now()).total_seconds()
        return left - grace + min(self._stop_seconds, grace)

    def _set_up(self, node: Object) -> tuple[NodeNetwork | None, str]:
        """What of a node decides on whether its pods can start."""
        return network_of(node, self._network), internal_address(node)

    def _now(self) -> str:
        return to_time(self._clock.now())

    async def _write(self, pod: Object, status: Object) -> Object:
        return await self._update(pod, lifecycle.reported(pod, status, self._now()))

    async def _update(self, pod: Object, status: Object) -> Object:
        written = await self._client.update(PODS, pod | {"status": status}, subresource="status")
        self._own_writes.note(key_of(pod), written)
        return written


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
_WATCHED = ("generation", "deletionTimestamp", "deletionGracePeriodSeconds", "annotations")
