"""`Cluster`: every part of a control plane, wired together, started in order and stopped in order.

The store and the registry come first; control loops reach them through the client protocol alone. Nothing here is
global: any number of clusters live side by side in one process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from fauxkube.access.authentication import Authenticator
from fauxkube.admission.plugins import default_chain
from fauxkube.client.cache import Cache
from fauxkube.client.event_series import SeriesRecorder
from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import Bell, SharedInformers
from fauxkube.client.loop import Loop
from fauxkube.cluster.bootstrap import KubernetesServiceKeeper, bootstrap, install_ingress_class
from fauxkube.cluster.custom_kinds import serve_stored
from fauxkube.cluster.inprocess import InProcessClient
from fauxkube.cluster.inspection import ClusterInspection
from fauxkube.cluster.network import ClusterNetwork
from fauxkube.cluster.pausing import Pauses, pausable
from fauxkube.cluster.settings import Settings
from fauxkube.cluster.shared import schemas_of
from fauxkube.cluster.state import TRANSFORMS, State, new_state
from fauxkube.cluster.time import Time
from fauxkube.cluster.workloads import ClusterWorkloads
from fauxkube.controllers import Context, Controller, all_controllers
from fauxkube.ipam.families import cidrs_of
from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import VirtualClock
from fauxkube.kit.tasks import Tasks
from fauxkube.kit.turns import Rank, Turns
from fauxkube.machinery.objects import GVR
from fauxkube.nodes.addresses import NETWORKS
from fauxkube.nodes.context import Context as NodeContext
from fauxkube.nodes.kubelets import Kubelets
from fauxkube.nodes.settings import NodeSettings
from fauxkube.registry.lookup import StoreLookup
from fauxkube.registry.pools import LOAD_BALANCERS
from fauxkube.registry.registry import Registry
from fauxkube.scheduler.scheduler import Scheduler
from fauxkube.server.app import Application
from fauxkube.simulation.faults.engine import Faults
from fauxkube.simulation.requests import RequestLog
from fauxkube.simulation.simulation import Simulation
from fauxkube.simulation.strictness import as_text
from fauxkube.store.log import Log, NullLog

#: The host that the control plane's components say they run on.
_CONTROL_PLANE = "control-plane"


class Cluster:
    """A control plane with simulated nodes.

    `start` and `close` bracket its life; in between `client` speaks to it in process and `application` over HTTP.
    With `state`, which becomes its own, it goes on from there, with the clock and the chance that are part of it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: VirtualClock | None = None,
        chance: Chance | None = None,
        state: State | None = None,
    ) -> None:
        self.settings = settings
        state = state or new_state(settings, _log_of(settings), clock=clock, chance=chance)
        self.store, self.pools = state.store, state.pools
        self.clock, self.chance, self.users = state.clock, state.chance, state.users
        self.faults = Faults(self.clock, self.chance.of("faults"))
        catalogue = self._catalogue = default_catalogue()
        if self.store.is_open:
            serve_stored(catalogue, self.store)
        self.requests = RequestLog(catalogue, limit=settings.requests)
        lookup = StoreLookup(self.store, catalogue)
        self.registry = Registry(
            self.store,
            catalogue=catalogue,
            schemas=schemas_of(settings.kubernetes_version),
            admission=default_chain(lookup, self.chance),
            pools=self.pools,
            clock=self.clock,
            chance=self.chance,
        )
        self.client = InProcessClient(self.registry)
        self.turns = Turns()
        self.informers = SharedInformers(
            self.client.as_user_agent("shared-informers"),
            self.clock,
            transforms=TRANSFORMS,
            taken_over=state.collections,
            bells=self._bell,
        )
        self._events_client = self._background(Rank.EVENTS)
        self._recorders: dict[tuple[str, str], EventRecorder] = {}
        context = self._context()
        self._controllers: list[Controller] = [make(context) for make in all_controllers()]
        self._controllers.append(KubernetesServiceKeeper(context, _main_service_cidr(settings)))
        self.scheduler = Scheduler(replace(context, recorder=self._series_recorder))
        self._kubelets = Kubelets(
            NodeContext(
                self._background(Rank.CONTROL),
                self.informers,
                self.clock,
                self.chance,
                self._recorder,
                self.faults,
            ),
            pools=self.pools.of_pods,
            settings=_node_settings(settings),
            registers=state.registers,
        )
        self._pauses = Pauses(self.faults, pausable(self._controllers, self.scheduler))
        if state.faults is not None:
            self.faults.recall(state.faults)
        self.inspection = ClusterInspection(self)
        self.network = ClusterNetwork(self)
        self.workloads = ClusterWorkloads(self)
        self.application = Application(
            self.registry,
            containers=lambda: self.workloads.containers,
            inspection=self.inspection,
            clock=self.clock,
            chance=self.chance,
            authenticator=Authenticator(self.users, lookup.find, self.clock),
            reaching=self.workloads,
            simulation=Simulation(self.users, self.faults, self.requests, as_text(settings.strict)),
            writing=self.turns,
        )
        #: Those of all controllers and kubelets; the scheduler has a queue of its own.
        self.loops: Sequence[Loop] = (*(each.loop for each in self._controllers), *self._kubelets.loops)
        self.time = Time(self)
        self.started_at: float | None = None
        self.is_running = False
        self._resumes = bool(state.collections)
        self._tasks = Tasks("cluster")

    @property
    def recorders(self) -> Iterable[EventRecorder]:
        """The event recorders of all components."""
        return self._recorders.values()

    @property
    def state(self) -> State:
        """What the cluster consists of now; its own, so fork it."""
        return State(
            store=self.store,
            pools=self.pools,
            clock=self.clock,
            chance=self.chance,
            users=self.users,
            collections=self._collections(),
            faults=self.faults.memory(),
            registers=self._kubelets.unregistered,
        )

    def _collections(self) -> dict[GVR, Cache]:
        """What the informers show; those whose watch has nothing left to tell are as new as the store."""
        lagging = {reader.prefix for reader in self.store.lagging()}
        collections = {}
        for informer in self.informers.all():
            resource = self.registry.catalogue.find(*informer.gvr)
            if informer.idle and resource and resource.prefix not in lagging:
                informer.cache.resource_version = str(self.store.revision)
            if informer.cache.resource_version:
                collections[informer.gvr] = informer.cache
        return collections

    def fork(self) -> Cluster:
        """Another cluster, not started, in memory, that goes on from here: the same objects at the same revision.

        Both share what is stored until they change it. The fork has the same time and, if this one is seeded, draws
        the same names; writes on their way here are no part of it. Its start is none that anyone could see: no
        kubelet says that it has started, nothing is written that is not due.
        """
        return Cluster(replace(self.settings, data=None), state=self.state.fork())

    async def start(self) -> None:
        """Open the store, make what every cluster has, and set the control loops going.

        One that goes on from another's state is ready at once; its control loops are told in the background of what
        is there, and go to work after that.
        """
        if not self.store.is_open:
            await self.store.open()
            self.pools.load()
            if self.store.revision:
                # How much was drawn before the restart is not kept, and UIDs must not be given again.
                self.chance.move_on(str(self.store.revision))
            serve_stored(self._catalogue, self.store)
            self._go_on_in_time()
        await bootstrap(self.client, _main_service_cidr(self.settings))
        if self.settings.ingress:
            await install_ingress_class(self.client)
        self.started_at = self.clock.monotonic()
        if self._resumes:
            self._tasks.spawn(self._start_loops(), name="resume")
        else:
            await self._start_loops()

    def _go_on_in_time(self) -> None:
        """Begin no earlier than the newest write that is kept: an earlier run's clock may have been moved."""
        written = self.store.last_written
        if written is not None and written > self.clock.now():
            self.clock.set_now(written)

    async def _start_loops(self) -> None:
        await self.informers.start()
        for controller in self._controllers:
            controller.start()
        self.scheduler.start()
        await self._kubelets.start()
        self.is_running = True

    async def close(self) -> None:
        """Stop everything, the store last; harmless when called again."""
        self.is_running = False
        self.application.close()
        await self._tasks.close()
        await self.workloads.close()
        await self._kubelets.close()
        await self.scheduler.close()
        for controller in self._controllers:
            await controller.close()
        await asyncio.gather(*(recorder.close() for recorder in self._recorders.values() if not recorder.idle))
        for recorder in list(self._recorders.values()):
            await recorder.close()
        await self.informers.close()
        await self.store.close()
        self.clock.close()

    def recorder(self, component: str) -> EventRecorder:
        """What records events in the name of a component."""
        return self._recorder(component)

    def _background(self, rank: Rank) -> InProcessClient:
        """A client for control loops, whose writes stand back behind the requests from outside.

        Not so with a seed: what goes first would then hang on real time.
        """
        return InProcessClient(self.registry, turns=None if self.chance.seeded else self.turns, rank=rank)

    def _bell(self, gvr: GVR, ring: Callable[[int], None], after: int) -> Bell | None:
        """What tells informers of the first change of a collection."""
        resource = self._catalogue.find(*gvr)
        return self.registry.bell(resource, ring, after=after) if resource else None

    def _context(self) -> Context:
        return Context(
            client=self._background(Rank.CONTROL),
            informers=self.informers,
            clock=self.clock,
            chance=self.chance,
            recorder=self._recorder,
            load_balancer_pools=self.pools.by_family(LOAD_BALANCERS),
            catalogue=self._catalogue,
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
            client = self._events_client.as_user_agent(component)
            recorder = self._recorders[component, host] = make(client, component, self.clock, self.chance, host)
        return recorder


def _main_service_cidr(settings: Settings) -> str:
    """What the service `kubernetes` has its only address of (`SingleStack`)."""
    return cidrs_of(settings.ranges.service_cidr)[0]


def _node_settings(settings: Settings) -> NodeSettings:
    return NodeSettings(
        count=settings.nodes,
        zones=settings.zones,
        networks=tuple(NETWORKS[family] for family in settings.ranges.families),
        kubernetes_version=settings.kubernetes_version,
        pod_network=settings.network,
        image_pull_seconds=settings.image_pull_seconds,
        container_start_seconds=settings.container_start_seconds,
        stop_seconds=settings.stop_seconds,
    )


def _log_of(settings: Settings) -> Log:
    if settings.data is None:
        return NullLog()
    from fauxkube.store.sql import SqlLog

    return SqlLog(settings.data)
