"""`Cluster`: every part of a control plane, wired together, started in order and stopped in order.

The store and the registry come first; control loops reach them through the client protocol alone. Nothing here is
global: any number of clusters live side by side in one process.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fauxkube.admission.plugins import default_chain
from fauxkube.client.event_series import SeriesRecorder
from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import SharedInformers
from fauxkube.cluster.bootstrap import KubernetesServiceKeeper, bootstrap
from fauxkube.cluster.inprocess import InProcessClient
from fauxkube.cluster.inspection import ClusterInspection
from fauxkube.cluster.settings import Settings
from fauxkube.controllers import Context, Controller, all_controllers
from fauxkube.controllers.eventttl import timing
from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kinds.gvrs import EVENTS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import VirtualClock
from fauxkube.kit.turns import Rank, Turns
from fauxkube.machinery.schema import Schemas
from fauxkube.nodes.kubelets import Kubelets
from fauxkube.nodes.settings import NodeSettings
from fauxkube.registry.codec import Indexer
from fauxkube.registry.lookup import StoreLookup
from fauxkube.registry.pools import LOAD_BALANCERS, Pools
from fauxkube.registry.registry import Registry
from fauxkube.scheduler.scheduler import Scheduler
from fauxkube.server.app import Application
from fauxkube.store.log import Log, NullLog
from fauxkube.store.store import Store

#: The host that the control plane's components say they run on.
_CONTROL_PLANE = "control-plane"


class Cluster:
    """A control plane with simulated nodes.

    `start` and `close` bracket its life; in between `client` speaks to it in process and `application` over HTTP.
    """

    def __init__(self, settings: Settings, *, clock: VirtualClock | None = None, chance: Chance | None = None) -> None:
        self.settings = settings
        self.clock = clock or VirtualClock(settings.clock_start, rate=settings.clock_rate)
        self.chance = chance or Chance(settings.seed)
        catalogue = default_catalogue()
        self.store = Store(_log_of(settings), index=Indexer(catalogue), history=settings.history)
        self.pools = Pools(settings.ranges, self.store)
        self.registry = Registry(
            self.store,
            catalogue=catalogue,
            schemas=Schemas(settings.kubernetes_version),
            admission=default_chain(StoreLookup(self.store, catalogue), self.chance),
            pools=self.pools,
            clock=self.clock,
            chance=self.chance,
        )
        self.client = InProcessClient(self.registry)
        self.turns = Turns()
        self.informers = SharedInformers(
            self.client.as_user_agent("shared-informers"), self.clock, transforms={EVENTS: timing}
        )
        self._recorders: dict[tuple[str, str], EventRecorder] = {}
        context = self._context()
        self._controllers: list[Controller] = [make(context) for make in all_controllers()]
        self._controllers.append(KubernetesServiceKeeper(context, settings.ranges.service_cidr))
        self._scheduler = Scheduler(replace(context, recorder=self._series_recorder))
        self._kubelets = Kubelets(
            self._background(Rank.CONTROL),
            self.informers,
            clock=self.clock,
            chance=self.chance,
            recorder=self._recorder,
            pools=self.pools.of_pods,
            settings=NodeSettings(count=settings.nodes, kubernetes_version=settings.kubernetes_version),
        )
        self.inspection = ClusterInspection(self)
        self.application = Application(
            self.registry,
            inspection=self.inspection,
            kubernetes_version=settings.kubernetes_version,
            clock=self.clock,
            chance=self.chance,
            writing=self.turns,
        )
        self.started_at: float | None = None

    async def start(self) -> None:
        """Open the store, make what every cluster has, and set the control loops going."""
        await self.store.open()
        self.pools.load()
        await bootstrap(self.client, self.settings.ranges.service_cidr)
        await self.informers.start()
        for controller in self._controllers:
            controller.start()
        self._scheduler.start()
        await self._kubelets.start()
        self.started_at = self.clock.monotonic()

    async def close(self) -> None:
        """Stop everything, the store last; harmless when called again."""
        self.application.close()
        await asyncio.gather(
            self._kubelets.close(),
            self._scheduler.close(),
            *(controller.close() for controller in self._controllers),
        )
        await asyncio.gather(*(recorder.close() for recorder in self._recorders.values()))
        await self.informers.close()
        await self.store.close()
        self.clock.close()

    def _background(self, rank: Rank) -> InProcessClient:
        """A client for control loops, whose writes stand back behind the requests from outside."""
        return InProcessClient(self.registry, turns=self.turns, rank=rank)

    def _context(self) -> Context:
        return Context(
            client=self._background(Rank.CONTROL),
            informers=self.informers,
            clock=self.clock,
            chance=self.chance,
            recorder=self._recorder,
            load_balancer_pool=self.pools[LOAD_BALANCERS],
        )

    def _recorder(self, component: str, host: str = "") -> EventRecorder:
        """The event recorder of a component, on a node's host for kubelets; one each."""
        return self._recorder_of(EventRecorder, component, host)

    def _series_recorder(self, component: str) -> EventRecorder:
        """The recorder of a component that has moved to the newer kind of events."""
        return self._recorder_of(SeriesRecorder, component, _CONTROL_PLANE)

    def _recorder_of(self, make: type[EventRecorder], component: str, host: str) -> EventRecorder:
        recorder = self._recorders.get((component, host))
        if recorder is None:
            client = self._background(Rank.EVENTS).as_user_agent(component)
            recorder = self._recorders[component, host] = make(client, component, self.clock, self.chance, host)
        return recorder


def _log_of(settings: Settings) -> Log:
    if settings.data is None:
        return NullLog()
    from fauxkube.store.sql import SqlLog

    return SqlLog(settings.data)
