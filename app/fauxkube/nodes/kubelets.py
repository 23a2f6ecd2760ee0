"""The kubelets of all simulated nodes in one: three loops, over nodes, their leases, and the pods on them.

A kubelet's work is small and the same everywhere, so it is not split by node: one queue of pods serves all of them,
and a hundred nodes cost no more than three. The cluster is reached through the client only, as a kubelet would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import cache

from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import SharedInformers
from fauxkube.client.loop import Loop
from fauxkube.client.protocol import Client
from fauxkube.kinds.gvrs import LEASES, NODES, PODS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.nodes.cni import Cni, Pools
from fauxkube.nodes.heartbeat import Heartbeats
from fauxkube.nodes.node_sync import NodeSync
from fauxkube.nodes.pod_events import PodEvents
from fauxkube.nodes.pod_sync import PodSync
from fauxkube.nodes.settings import NodeSettings

COMPONENT = "kubelet"


class Kubelets:
    """Every simulated kubelet, from `start` to `close`.

    `recorder` gives the event recorder of a component on a host, `pools` the pod addresses of a node's block. The
    informers must be started (and synced) by their owner before `start`. `registers` names the nodes to be made, those
    of the settings unless given.
    """

    def __init__(
        self,
        client: Client,
        informers: SharedInformers,
        *,
        clock: Clock,
        chance: Chance,
        recorder: Callable[[str, str], EventRecorder],
        pools: Pools,
        settings: NodeSettings,
        registers: Iterable[str] | None = None,
    ) -> None:
        client = client.as_user_agent(COMPONENT)
        pods, nodes = informers.of(PODS), informers.of(NODES)
        self._heartbeats = Heartbeats(client, nodes, informers.of(LEASES), clock=clock, chance=chance)
        self._nodes = NodeSync(
            client,
            nodes,
            self._heartbeats,
            clock=clock,
            recorder=lambda node: recorder(COMPONENT, node),
            settings=settings,
            registers=settings.names if registers is None else registers,
        )
        self._pods = PodSync(
            client,
            pods=pods,
            nodes=nodes,
            cni=Cni(pools),
            clock=clock,
            events=cache(lambda node: PodEvents(recorder(COMPONENT, node))),
            settings=settings,
        )

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The loops over nodes, over the pods on them, and over the nodes' leases."""
        return self._nodes.loop, self._pods.loop, self._heartbeats.loop

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
        await asyncio.gather(*(loop.close() for loop in self.loops))
