"""`Cluster`: an isolated Kubernetes cluster for a test, there in milliseconds and gone at the end.

    with Cluster() as cluster:
        cluster.apply("manifests/")
        cluster.wait("deployment/web", "Available")
        program_under_test(cluster.kubeconfig)
        cluster.expect("service/web").to_have_endpoints(3)

All clusters of a process share one server, in a thread of that process; each has objects, addresses and a time of its
own. What the handle itself does goes past the faults and the record of requests, which are for the program under test.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import orjson

from fauxkube.machinery.status import StatusError
from fauxkube.server.control import LoadedObjects, LogLine, SettledState
from fauxkube.server.inspection import AddressUse, PoolUse
from fauxkube.simulation.strictness import as_text
from fauxkube.testing.access import Access
from fauxkube.testing.clock import Clock, clock_overrides
from fauxkube.testing.faults import Faults
from fauxkube.testing.holding import SECONDS, Holding
from fauxkube.testing.network import Network
from fauxkube.testing.requests import Requests
from fauxkube.testing.servers import Member, Server, server_of
from fauxkube.testing.serving import ServingPods
from fauxkube.testing.sources import Source, objects_in

if TYPE_CHECKING:
    from types import TracebackType

    from fauxkube.testing.asynchronous import AsyncCluster

T = TypeVar("T")

_GONE_ALREADY = 404


class Cluster(Access, ServingPods, Holding):
    """A cluster of its own. Everything but `start` needs it to be started; failures of requests are `StatusError`.

    `nodes`, `version` (of Kubernetes), `network`, `seed`, `strict` and `requests` are the settings of `fauxkube up`;
    `settings` names others (`cluster_cidr`, ...). `clock` is a time to be frozen at, `"frozen"`, or a pace. By default
    it lives in a thread of this process, with `process` in a child process, with `url` on the server that runs there.
    With `dns` its names are answered on loopback from the start, else once `dns_address` is asked for.
    """

    def __init__(  # noqa: PLR0913 - one parameter a setting
        self,
        *,
        nodes: int | None = None,
        version: str | None = None,
        network: str | None = None,
        seed: int | None = None,
        clock: datetime | str | float | None = None,
        strict: str | Mapping[str, str] | None = None,
        requests: int | None = None,
        dns: bool = False,
        settings: Mapping[str, object] | None = None,
        name: str = "",
        process: bool = False,
        url: str = "",
    ) -> None:
        super().__init__("", name)
        given: dict[str, object] = {
            "nodes": nodes,
            "kubernetes_version": version,
            "network": network,
            "seed": seed,
            "strict": strict if strict is None else as_text(strict),
            "requests": requests,
        }
        self._overrides = {key: value for key, value in given.items() if value is not None}
        self._overrides |= clock_overrides(clock) | dict(settings or {})
        self._process, self._at = process, url
        self._source = ""
        self._wants_dns = dns
        self._server: Server | None = None
        self._made: Member | None = None

    # Life

    def start(self) -> Self:
        """Make the cluster; harmless when it is there already."""
        if self._made is None:
            server = self._server = server_of(process=self._process, url=self._at)
            self._made = server.run(server.create(self.name, self._overrides, self._source))
            self.name, self.url = self._made.control.name, self._made.url
            if self._wants_dns:
                _ = self.dns_address
        return self

    def stop(self) -> None:
        """End the cluster and forget all of it; harmless when it is not there."""
        self.close()
        server, made = self._server, self._made
        self._server = self._made = None
        if server is None or made is None:
            return
        try:
            server.run(server.delete(made.control.name))
        except StatusError as error:
            if error.code != _GONE_ALREADY:
                raise

    @classmethod
    def from_snapshot(cls, path: str | PathLike[str], *, process: bool = False, url: str = "") -> Self:
        """A started cluster that is what a snapshot holds, settings and time included; the caller stops it."""
        cluster = cls(process=process, url=url).start()
        try:
            cluster.restore(path)
        except BaseException:
            cluster.stop()
            raise
        return cluster

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> AsyncCluster:
        return await self.asynchronous.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.asynchronous.__aexit__(kind, error, trace)

    @property
    def asynchronous(self) -> AsyncCluster:
        """The same cluster, its methods awaited: for asyncio and trio, whose loop is not held up."""
        from fauxkube.testing.asynchronous import AsyncCluster

        return AsyncCluster(self)

    def reset(self) -> None:
        """Put the cluster back to how it began, at the same URL; open watches end."""
        self.run(self.member.control.reset())

    def fork(self, name: str = "") -> Cluster:
        """A started cluster that begins as this one is now; whoever forks it stops it (`with cluster.fork() as other`).

        It is copied as either of them changes, so even a large one is there in milliseconds.
        """
        other = Cluster(name=name, process=self._process, url=self._at)
        other._source = self.member.control.name
        return other.start()

    def load(self, source: Source) -> LoadedObjects:
        """Make what manifests describe, all of it or, when something cannot be made, nothing: what became of it.

        What was read from a real cluster (`kubectl get -A -o yaml`) becomes the whole of this one.
        """
        text = "\n---\n".join(orjson.dumps(obj).decode() for obj in objects_in(source))
        return self.run(self.member.control.load(text))

    def snapshot(self, path: str | PathLike[str]) -> None:
        """Save all that the cluster is to a file."""
        Path(path).write_bytes(self.run(self.member.control.snapshot()))

    def restore(self, path: str | PathLike[str]) -> None:
        """Make the cluster what a snapshot holds; open watches end."""
        self.run(self.member.control.restore(Path(path).read_bytes()))

    # Time, people, what was said

    def settle(self, *, timeout: float = SECONDS) -> SettledState:
        """Return once no control loop has anything to do that needs no time to pass."""
        return self.run(self.member.control.settle(timeout=timeout))

    @property
    def clock(self) -> Clock:
        """The cluster's time: `.now`, `.freeze()`, `.run(rate)`, `.advance(minutes=5)`."""
        return Clock(self.member.control, self.run)

    @property
    def network(self) -> Network:
        """What there is of a network: `.install("flannel")`, `.check()`."""
        return Network(self.member.control, self.run)

    @property
    def faults(self) -> Faults:
        """What is to go wrong: `.add(...)`, `.inject(...)` for a block, `.clear()`."""
        return Faults(self)

    @property
    def requests(self) -> Requests:
        """The requests that programs have made: `.assert_called(verb="create", resource="pods")`, ..."""
        return Requests(self)

    def ipam(self) -> list[PoolUse]:
        """Every pool of addresses, blocks and ports, with what is held out of it, by whom and since when."""
        return self.run(self.member.control.pools())

    def whose(self, address: str) -> AddressUse:
        """Whose an address is, and which ranges it comes out of."""
        return self.run(self.member.control.address(address))

    @property
    def dns_address(self) -> tuple[str, int]:
        """Host and port at which the cluster's names are answered, over UDP and TCP, as long as it is there."""
        names = self.run(self.member.control.dns())
        return names.host, names.port

    def logs(self) -> list[LogLine]:
        """What the control plane logged, the oldest first."""
        return self.run(self.member.control.logs())

    def add_user(self, name: str, groups: tuple[str, ...] = ()) -> Access:
        """Somebody else's access to the cluster, whose requests are known by that name; close it, or leave it."""
        user = self.run(self.member.control.add_user(name, groups))
        return Access(self.url, self.name, user=user.name, token=user.token)

    @property
    def is_started(self) -> bool:
        """Whether the cluster is there."""
        return self._made is not None

    @property
    def member(self) -> Member:
        """The cluster in its server; RuntimeError unless it is started."""
        if self._made is None:
            raise RuntimeError("the cluster is not started: use it in a with statement, or call start() first")
        return self._made

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What comes of a coroutine in the loop of the cluster's server."""
        if self._server is None:
            coroutine.close()
            raise RuntimeError("the cluster is not started")
        return self._server.run(coroutine)
