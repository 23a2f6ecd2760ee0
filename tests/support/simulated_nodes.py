"""The scheduler and the simulated kubelets running against a `FakeApi`, on a clock that stands still.

async with SimulatedNodes(count=2) as nodes:
    nodes.create_pod("web")
    await nodes.settle()
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from types import TracebackType
from typing import Any

from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import SharedInformers
from fauxkube.ipam.allocator import Allocator
from fauxkube.ipam.ranges import AddressRange
from fauxkube.kinds.gvrs import EVENTS, NODES, PODS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock, ManualClock
from fauxkube.machinery.objects import Object
from fauxkube.nodes.context import Context as NodeContext
from fauxkube.nodes.kubelets import Kubelets
from fauxkube.nodes.settings import NodeSettings
from fauxkube.scheduler.scheduler import Scheduler
from fauxkube.simulation.faults.engine import Faults
from support.fake_api import FakeApi

#: Turns of the event loop without work after which everything counts as done.
_QUIET_TURNS = 40


@dataclasses.dataclass(frozen=True)
class _Context:
    client: FakeApi
    informers: SharedInformers
    clock: Clock
    chance: Chance
    recorder: Callable[[str], EventRecorder]


class SimulatedNodes:
    """A scheduler and kubelets on one fake API server; nodes get their pod CIDRs when `cidrs` names them."""

    def __init__(
        self,
        *,
        api: FakeApi | None = None,
        clock: ManualClock | None = None,
        cidrs: dict[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self.clock = clock or ManualClock()
        self.api = api or FakeApi(self.clock)
        self.settings = NodeSettings(**settings)
        self._cidrs = cidrs
        self._chance = Chance(2)
        self._informers = SharedInformers(self.api, self.clock)
        self._recorders: dict[tuple[str, str], EventRecorder] = {}
        self.pools: dict[str, Allocator] = {}
        self.scheduler = Scheduler(_Context(self.api, self._informers, self.clock, self._chance, self._recorder))
        self.faults = Faults(self.clock, self._chance)
        context = NodeContext(self.api, self._informers, self.clock, self._chance, self._recorder, self.faults)
        self.kubelets = Kubelets(context, pools=self._pool, settings=self.settings)
        self._informers.of(NODES).on_change(self._give_cidr)
        self._informers.of(PODS).on_change(self._claim)
        #: Every state of every pod, as a watcher sees them.
        self.seen: list[Object] = []
        self._informers.of(PODS).on_change(lambda old, new: self.seen.append(new or old or {}))

    async def __aenter__(self) -> SimulatedNodes:
        await self._informers.start()
        self.scheduler.start()
        await self.kubelets.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(self.kubelets.close(), self.scheduler.close())
        await asyncio.gather(*(recorder.close() for recorder in self._recorders.values()))
        await self._informers.close()

    # Hands.

    def create_pod(self, name: str = "web", *, node: str = "", metadata: Object | None = None, **spec: Any) -> Object:
        """Create a pod of one nginx container, unless `spec` says otherwise."""
        given = {"containers": [{"name": "nginx", "image": "nginx", "imagePullPolicy": "Always"}]} | spec
        if node:
            given["nodeName"] = node
        given.setdefault("terminationGracePeriodSeconds", 30)
        return self.api.seed(
            PODS,
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": "default"} | (metadata or {}),
                "spec": given,
                "status": {"phase": "Pending", "qosClass": "BestEffort"},
            },
        )

    def pod(self, name: str = "web") -> Object:
        """A pod as it is now."""
        pod = self.api.find(PODS, f"default/{name}")
        assert pod is not None, f"pod {name} is not there"
        return pod

    def node(self, name: str = "node-1") -> Object:
        """A node as it is now."""
        node = self.api.find(NODES, name)
        assert node is not None, f"node {name} is not there"
        return node

    def told(self, name: str = "web") -> list[tuple[str, str]]:
        """(reason, message) of every event on the object of that name, in order."""
        events = [each for each in self.api.all(EVENTS) if each["involvedObject"]["name"] == name]
        return [(each["reason"], each["message"]) for each in events]

    def writes(self, resource: str) -> list[tuple[str, str]]:
        """(verb, key) of every write tried on a resource."""
        return [(verb, key) for verb, written, key in self.api.calls if written == resource]

    async def settle(self) -> None:
        """Return once nothing moves any more, for some turns of the loop."""
        quiet = 0
        async with asyncio.timeout(5):
            while quiet < _QUIET_TURNS:
                await asyncio.sleep(0)
                loops = self.kubelets.idle and self.scheduler.idle
                quiet = quiet + 1 if loops and all(each.idle for each in self._recorders.values()) else 0

    async def advance(self, seconds: float) -> None:
        """Move the clock, then settle."""
        self.clock.advance(seconds)
        await self.settle()

    # What the API server does beside storing.

    def _recorder(self, component: str, host: str = "") -> EventRecorder:
        key = component, host
        if key not in self._recorders:
            self._recorders[key] = EventRecorder(self.api, component, self.clock, self._chance, host)
        return self._recorders[key]

    def _pool(self, node: str, cidr: str) -> Allocator:
        return self.pools.setdefault(node, Allocator(AddressRange(cidr, head=2)))

    def _give_cidr(self, old: Object | None, new: Object | None) -> None:
        if new is None or new["spec"].get("podCIDR"):
            return
        name = new["metadata"]["name"]
        number = int(name.rpartition("-")[2]) if name.rpartition("-")[2].isdigit() else 99
        cidr = f"10.244.{number}.0/24" if self._cidrs is None else self._cidrs.get(name, "")
        if cidr:
            self.api.change(NODES, name, {"spec": {"podCIDR": cidr, "podCIDRs": [cidr]}})

    def _claim(self, old: Object | None, new: Object | None) -> None:
        """Follow what pods hold, as the registry does with each write."""
        for pod, settle in ((old, Allocator.release), (new, Allocator.claim)):
            address = (pod or {}).get("status", {}).get("podIP")
            pool = self.pools.get((pod or {}).get("spec", {}).get("nodeName") or "")
            if pod is None or pool is None or not address or pod["spec"].get("hostNetwork"):
                continue
            if settle is Allocator.claim and pod["status"]["phase"] not in {"Succeeded", "Failed"}:
                pool.claim(address, pod["metadata"]["name"])
            elif settle is Allocator.release and (new is None or new["status"]["phase"] in {"Succeeded", "Failed"}):
                pool.release(address)
