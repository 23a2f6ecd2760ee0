"""What each kubelet does for its own node: register it, report its status, keep it labelled.

Nodes named by the settings are created; a node that is there already, or that someone else creates, is adopted, unless
its annotation `fauxkube.io/kubelet` says `none`. A node that is deleted stays away until the process starts again, as
a kubelet registers at its start only. Status is reported when something changed and every five minutes
(`nodeStatusReportFrequency`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from fauxkube.client.loop import Loop
from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import NODES
from fauxkube.machinery.objects import Object, labels_of, name_of
from fauxkube.machinery.status import StatusError
from fauxkube.machinery.times import from_time
from fauxkube.nodes.addresses import NodeAddresses
from fauxkube.nodes.context import COMPONENT, Context
from fauxkube.nodes.heartbeat import Heartbeats
from fauxkube.nodes.node_conditions import changed_conditions, says_the_same
from fauxkube.nodes.node_faults import NodeFaults
from fauxkube.nodes.registration import default_labels, internal_addresses, new_node, node_status
from fauxkube.nodes.settings import KUBELET_ANNOTATION, NodeSettings

#: Seconds between two reports of an unchanged status.
REPORT_SECONDS = 300.0

_WORKERS = 4
_STATUS_REASONS = ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID")


def is_simulated(node: Object) -> bool:
    """Whether the node's kubelet is one of ours."""
    annotations = node["metadata"].get("annotations") or {}
    return bool(annotations.get(KUBELET_ANNOTATION) != "none")


class NodeSync:
    """Keeps every simulated node registered, reported and alive."""

    def __init__(
        self,
        context: Context,
        heartbeats: Heartbeats,
        faults: NodeFaults,
        *,
        settings: NodeSettings,
        registers: Iterable[str],
    ) -> None:
        self._client = context.client
        self._nodes = context.informers.of(NODES)
        self._heartbeats = heartbeats
        self._faults = faults
        self._clock = context.clock
        self._recorder = cache(lambda node: context.recorder(COMPONENT, node))
        self._settings = settings
        self._addresses = NodeAddresses(settings.networks)
        #: The nodes that are still to be made.
        self.unregistered: set[str] = set(registers)
        #: When the status of each adopted node was reported last (monotonic).
        self._reported: dict[str, float] = {}
        self.loop = Loop("kubelet-nodes", context.clock, self.sync, workers=_WORKERS)
        self._nodes.on_change(self._changed)
        faults.on_change(self.loop.queue.add)

    def register(self) -> None:
        """Create the nodes that the settings name, where they are missing."""
        for name in sorted(self.unregistered, key=lambda name: (len(name), name)):
            self._addresses_of(name, self._nodes.get(name))
            self.loop.queue.add(name)

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and (addresses := internal_addresses(new)):
            self._addresses.note(name_of(new), addresses)
        if new is not None and self._nodes.resuming:
            self._take_over(new)
        self.loop.queue.add(name_of(new or old or {}))

    def _take_over(self, node: Object) -> None:
        """In a fork the node's kubelet does not start but goes on: it last reported when the node says."""
        ready = condition(node, "Ready")
        if is_simulated(node) and ready and ready.get("lastHeartbeatTime"):
            silent = self._clock.now() - from_time(ready["lastHeartbeatTime"])
            self._reported[name_of(node)] = self._clock.monotonic() - silent.total_seconds()

    async def sync(self, name: str) -> None:
        """Bring the node of that name up to date."""
        node = self._nodes.get(name)
        if node is None:
            await self._register_or_forget(name)
        elif is_simulated(node) and not self._faults.silent(name):
            self.unregistered.discard(name)
            self._adopt(node)
            await self._label(await self._report(node))
            self._heartbeats.keep(name)

    async def _register_or_forget(self, name: str) -> None:
        if name in self.unregistered:
            node = new_node(name, self._addresses_of(name, None), self._settings, self._clock.now())
            try:
                await self._client.create(NODES, node)
            except StatusError as error:
                if error.reason != "AlreadyExists":
                    raise
            self.unregistered.discard(name)
        elif name in self._reported:
            del self._reported[name]
            self._heartbeats.drop(name)
            self._addresses.release(name)

    def _addresses_of(self, name: str, node: Object | None) -> Sequence[str]:
        return (internal_addresses(node) if node else []) or self._addresses.of(name)

    def _adopt(self, node: Object) -> None:
        """The first sight of a node in this process is its kubelet's start."""
        name = name_of(node)
        if name in self._reported:
            return
        self._reported[name] = float("-inf")
        record = self._recorder(name).event
        record(node, "Normal", "Starting", "Starting kubelet.")
        for reason in _STATUS_REASONS:
            record(node, "Normal", reason, f"Node {name} status is now: {reason}")
        record(node, "Normal", "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")

    async def _label(self, node: Object) -> None:
        """Put the labels on the node that every node has."""
        labels = default_labels(name_of(node), self._settings) | labels_of(node)
        if labels != labels_of(node):
            await self._client.update(NODES, node | {"metadata": node["metadata"] | {"labels": labels}})

    async def _report(self, node: Object) -> Object:
        """Write the node's status if it says anything new or is due; the node as it is then."""
        name, now = name_of(node), self._clock.monotonic()
        addresses, trouble = self._addresses_of(name, node), self._faults.trouble(name)
        status = node_status(node, addresses, self._settings, now=self._clock.now(), trouble=trouble)
        due = self._reported[name] + REPORT_SECONDS
        if now < due and says_the_same(node.get("status") or {}, status):
            self.loop.queue.add_after(name, due - now)
            return node
        reported = await self._client.update(NODES, node | {"status": status}, subresource="status")
        self._reported[name] = now
        self.loop.queue.add_after(name, REPORT_SECONDS)
        self._tell_changes(node, reported)
        return reported

    def _tell_changes(self, before: Object, after: Object) -> None:
        """Tell of the conditions that have turned."""
        for reason in changed_conditions(before, after):
            message = f"Node {name_of(after)} status is now: {reason}"
            self._recorder(name_of(after)).event(after, "Normal", reason, message)
