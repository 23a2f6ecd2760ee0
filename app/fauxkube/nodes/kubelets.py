"""The kubelets of all simulated nodes in one: loops over nodes, their leases, and the pods on them.

A kubelet's work is small and the same everywhere, so it is not split by node: one queue of pods serves all of them,
and a hundred nodes cost no more than three. The cluster is reached through the client only, as a kubelet would.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from fauxkube.client.loop import Loop
from fauxkube.kinds.core.node_network import ROUTED
from fauxkube.kinds.gvrs import NODES
from fauxkube.nodes.add_on_agents import Agents
from fauxkube.nodes.add_on_sync import AddOnSync
from fauxkube.nodes.cni import Cni, Pools
from fauxkube.nodes.context import COMPONENT, Context
from fauxkube.nodes.eviction_sync import Evictions
from fauxkube.nodes.heartbeat import Heartbeats
from fauxkube.nodes.node_faults import NodeFaults
from fauxkube.nodes.node_sync import NodeSync
from fauxkube.nodes.pod_events import PodEvents
from fauxkube.nodes.pod_faults import KIND as POD
from fauxkube.nodes.pod_faults import PodFaults
from fauxkube.nodes.pod_sync import PodSync
from fauxkube.nodes.runtime import Runtime
from fauxkube.nodes.settings import NodeSettings
from fauxkube.nodes.static_pods import StaticPods
from fauxkube.simulation.faults.engine import Fault


class Kubelets:
    """Every simulated kubelet, from `start` to `close`.

    `pools` gives the pod addresses of a node's block. The informers must be started (and synced) by their owner before
    `start`. `registers` names the nodes to be made, those of the settings unless given.
    """

    def __init__(
        self, context: Context, *, pools: Pools, settings: NodeSettings, registers: Iterable[str] | None = None
    ) -> None:
        context = replace(context, client=context.client.as_user_agent(COMPONENT))
        events = cache(lambda node: PodEvents(context.recorder(COMPONENT, node)))
        disturbed = NodeFaults(context.faults, context.informers.of(NODES))
        agents = Agents(context.client, used=settings.pod_network != ROUTED)
        runtime = Runtime(
            clock=context.clock, events=events, faults=PodFaults(context.faults), settings=settings, agents=agents
        )
        self._add_ons = AddOnSync(context, settings.pod_network)
        self._heartbeats = Heartbeats(context, disturbed)
        self._nodes = NodeSync(
            context,
            self._heartbeats,
            disturbed,
            settings=settings,
            registers=settings.names if registers is None else registers,
        )
        self._pods = PodSync(
            context,
            cni=Cni(pools, settings.pod_network),
            events=events,
            runtime=runtime,
            faults=disturbed,
            settings=settings,
            agents=agents,
            add_ons=self._add_ons,
        )
        self._static_pods = StaticPods(context, disturbed)
        self._evictions = Evictions(context, events=events, faults=disturbed)
        context.faults.on_change(self._disturbed)

    def _disturbed(self, fault: Fault) -> None:
        """A fault of pods came or went."""
        if fault.kind == POD:
            self._pods.look_at_all()

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Those over nodes, their pods, their leases, those that run short, their network add-ons and static pods."""
        nodes = self._nodes.loop, self._pods.loop, self._heartbeats.loop, self._evictions.loop
        return *nodes, self._add_ons.loop, self._static_pods.loop

    @property
    def unregistered(self) -> frozenset[str]:
        """The nodes that are still to be made."""
        return frozenset(self._nodes.unregistered)

    @property
    def idle(self) -> bool:
        """Whether nothing can be done now; what waits for time to pass does not count."""
        return all(loop.idle for loop in self.loops)

    async def start(self) -> None:
        """Register the nodes and set every loop going; returns at once."""
        self._nodes.register()
        for loop in self.loops:
            loop.start()

    async def close(self) -> None:
        """Stop them all; nothing is written any more when this returns."""
        for loop in self.loops:
            await loop.close()
