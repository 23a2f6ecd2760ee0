"""`Control`: everything that can be done with one cluster of a server, as plain data in and out.

Our HTTP endpoints and programs in the same process share these operations; `server.control.Control` says what each
promises. A control outlives resets of its cluster: `cluster` is the one of the moment. What only some operations need
is imported by them, for a server is to be ready soon.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Unpack

from fauxkube.cluster import kubeconfig
from fauxkube.cluster.beginnings.origin import Kept, Origin, restored
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.loopback.dataplane import ClusterDataplane
from fauxkube.cluster.loopback.dns import Dns
from fauxkube.cluster.refusals import refusing
from fauxkube.kinds.gvrs import CUSTOM_RESOURCE_DEFINITIONS
from fauxkube.machinery import status
from fauxkube.machinery.fields import Path
from fauxkube.machinery.objects import Object
from fauxkube.server.app import Application
from fauxkube.server.control import (
    ClockReading,
    ClusterEntry,
    Executed,
    LoadedObjects,
    LogLine,
    NameServer,
    SettledState,
    User,
)
from fauxkube.server.hosting import CLUSTERS, DEFAULT
from fauxkube.server.inspection import AddressUse, ClusterInfo, PoolUse
from fauxkube.simulation.logs import Logs
from fauxkube.simulation.requests.criteria import Asked
from fauxkube.simulation.users import KnownUser

if TYPE_CHECKING:
    from fauxkube.cluster.history import History
    from fauxkube.cluster.host import Host


class Control:
    """One cluster of `host`, from its start to its end."""

    def __init__(self, name: str, host: Host, origin: Origin, cluster: Cluster) -> None:
        self._name = name
        self._host = host
        self._origin = origin
        self._logs = Logs()
        self._replacing = asyncio.Lock()
        self._ended = False
        self.cluster = cluster
        self._dns = Dns(lambda: self.cluster)
        self._dataplane = ClusterDataplane(always=host.settings.dataplane)

    @property
    def name(self) -> str:
        return self._name

    @property
    def path(self) -> str:
        """Where the cluster's API begins, below the server's URL."""
        return "" if self._name == DEFAULT else f"{CLUSTERS}{self._name}"

    @property
    def application(self) -> Application:
        return self.cluster.application

    def enter(self) -> None:
        self._logs.enter()

    async def start(self) -> None:
        """Start the cluster; once."""
        await self._start(self.cluster)
        try:
            await self._dataplane.serve(self.cluster)
        except BaseException:
            await self.close()
            raise

    async def _start(self, cluster: Cluster) -> None:
        """Start it, or leave nothing of it."""
        try:
            with self._logs.capturing():
                await cluster.start()
        except BaseException:
            await cluster.close()
            raise

    async def close(self) -> None:
        """End the cluster and its watches; harmless when called again."""
        async with self._replacing:
            self._ended = True
            await self._dns.close()
            await self._dataplane.close()
            await self.cluster.close()

    def entry(self) -> ClusterEntry:
        settings = self.cluster.settings
        return ClusterEntry(
            self._name,
            self.path,
            settings.kubernetes_version,
            settings.nodes,
            self.cluster.store.revision,
            self._origin.source,
        )

    # What there is

    async def info(self) -> ClusterInfo:
        return self.cluster.inspection.info()

    async def pools(self) -> list[PoolUse]:
        return self.cluster.inspection.pools()

    async def address(self, address: str) -> AddressUse:
        from fauxkube.cluster.addresses import whose

        with refusing():
            return whose(self.cluster, await self.cluster.network.topology(), address)

    # Time

    async def settle(self, *, revision: int = 0, timeout: float = 30.0) -> SettledState:  # noqa: ASYNC109
        with refusing():
            settled = await self.cluster.time.settle(revision=revision, timeout=timeout)
        await self._dataplane.settled()
        return settled

    async def clock(self) -> ClockReading:
        return self.cluster.time.state()

    async def freeze(self, *, at: datetime | None = None) -> ClockReading:
        with refusing("at", at):
            return await self.cluster.time.freeze(at)

    async def run(self, *, rate: float = 1.0) -> ClockReading:
        with refusing("rate", rate):
            return await self.cluster.time.run(rate)

    async def advance(self, *, seconds: float) -> SettledState:
        with refusing("seconds", seconds):
            return await self.cluster.time.advance(seconds)

    # Faults and requests

    async def faults(self) -> list[Object]:
        return [fault.described() for fault in self.cluster.faults.list()]

    async def fault(self, id: str) -> Object:
        fault = self.cluster.faults.get(id)
        if fault is None:
            raise status.not_found("faults", id)
        return fault.described()

    async def add_fault(self, spec: Object) -> Object:
        with refusing():
            return self.cluster.faults.add(spec).described()

    async def remove_fault(self, id: str) -> None:
        if not self.cluster.faults.remove(id):
            raise status.not_found("faults", id)

    async def clear_faults(self) -> None:
        self.cluster.faults.clear()

    async def requests(self, **asked: Unpack[Asked]) -> list[Object]:
        with refusing():
            return self.cluster.requests.to_json(**asked)

    async def clear_requests(self) -> None:
        self.cluster.requests.clear()

    async def har(self) -> Object:
        return self.cluster.requests.to_har()

    async def findings(self) -> list[Object]:
        return self.cluster.requests.findings()

    # The network and what runs in it

    async def execute(
        self, pod: str, command: Sequence[str], *, namespace: str = "default", container: str = "", stdin: str = ""
    ) -> Executed:
        from fauxkube.cluster.executing import execute

        with refusing():
            return await execute(
                self.cluster, pod, command, namespace=namespace, container=container, stdin=stdin.encode()
            )

    async def trace(
        self,
        sender: str,
        target: str,
        *,
        namespace: str = "default",
        protocol: str = "",
        port: str = "",
        every: bool = False,
    ) -> Object:
        with refusing():
            return await self.cluster.network.trace(
                sender, target, namespace=namespace, protocol=protocol, port=port, every=every
            )

    async def install_network(self, name: str, *, cidr: str = "") -> LoadedObjects:
        from fauxkube.cluster.add_ons import installing

        return await self.load(installing(self.cluster.settings, name, cidr))

    async def check_network(self) -> Object:
        return await self.cluster.network.check()

    async def doctor(self, *, namespace: str = "") -> Object:
        with refusing():
            return await self.cluster.network.doctor(namespace=namespace)

    async def dataplane(self) -> Object:
        return await self._dataplane.described()

    async def dns(self, *, port: int = 0) -> NameServer:
        with refusing():
            return await self._dns.listening(port)

    # Beginnings

    async def snapshot(self) -> bytes:
        from fauxkube.cluster.beginnings import snapshots

        return snapshots.save(self.cluster)

    async def restore(self, data: bytes) -> None:
        self._require_memory()
        await self._begin(restored(data))

    async def load(self, text: str) -> LoadedObjects:
        from fauxkube.cluster.beginnings import loading
        from fauxkube.simulation.manifests import read_text

        with refusing():
            manifests, settings = read_text(text.encode(), "manifests"), self.cluster.settings
            defined = (await self.cluster.client.list(CUSTOM_RESOURCE_DEFINITIONS)).items
            beginning = await loading.begin(manifests, settings, defined=defined)
            if beginning.state is not None:
                await self._begin(Kept(beginning.settings, beginning.state))
            loaded = beginning.loaded + await loading.make(self.cluster, beginning.manifests)
        return LoadedObjects(loaded.created, loaded.changed, loaded.skipped, loaded.notes)

    async def reset(self) -> None:
        self._require_memory()
        await self._begin(self._origin)

    async def fork(self, name: str = "") -> ClusterEntry:
        control = await self._host.create(name, source=self._name)
        return control.entry()

    def _require_memory(self) -> None:
        if self.cluster.settings.data is not None:
            problem = "its state is kept in a file; only clusters in memory begin anew"
            raise status.forbidden("clusters", self._name, problem)

    async def _begin(self, origin: Origin) -> None:
        """Put a cluster that begins at `origin` in the place of the one that is there."""
        async with self._replacing:
            old = self.cluster
            if self._ended:
                raise status.not_found("clusters", self._name)
            new = await origin.cluster(after=old.store.revision)
            await self._start(new)
            self.cluster, self._origin = new, origin
            await self._dataplane.serve(new)
            await old.close()

    # The past

    async def history(self, *, resource: str, name: str, namespace: str = "") -> list[Object]:
        return await self._history().of(resource, name, namespace)

    async def past(self, *, revision: int, resource: str, namespace: str = "", name: str = "") -> Object:
        return await self._history().past(resource, revision, name=name, namespace=namespace)

    def _history(self) -> History:
        from fauxkube.cluster.history import History

        return History(self.cluster.registry)

    # Users and logs

    async def users(self) -> list[User]:
        return [_user(each) for each in self.cluster.users]

    async def add_user(self, name: str, groups: Sequence[str] = ()) -> User:
        if not name:
            raise status.unfit([Path("name").required().to_cause()])
        return _user(self.cluster.users.add(name, groups))

    async def logs(self, *, limit: int = 0) -> list[LogLine]:
        return [_line(record) for record in self._logs.records(limit)]

    async def kubeconfig(self, server: str, *, user: str = "") -> str:
        known = self.cluster.users.find(user) if user else None
        if user and known is None:
            raise status.not_found("users", user)
        token = known.token if known else ""
        name = kubeconfig.NAME if self._name == DEFAULT else f"{kubeconfig.NAME}-{self._name}"
        return kubeconfig.to_yaml(kubeconfig.kubeconfig(server.rstrip("/") + self.path, name, user=user, token=token))


def _user(user: KnownUser) -> User:
    return User(user.name, user.token, list(user.groups))


_FORMATTER = logging.Formatter()


def _line(record: logging.LogRecord) -> LogLine:
    traceback = _FORMATTER.formatException(record.exc_info) if record.exc_info else ""
    moment = datetime.fromtimestamp(record.created, UTC)
    return LogLine(moment, record.levelname, record.name, record.getMessage(), traceback)
