"""What the server's own endpoints ask of a cluster and of the server's clusters, and what they are answered.

The same operations serve programs in the same process, without HTTP: arguments and results are plain data, and what
goes wrong is a `StatusError`, as everywhere in the API. Once published, these signatures are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Unpack

from fauxkube.machinery.objects import Object
from fauxkube.server.asgi import ASGIApplication
from fauxkube.server.inspection import AddressUse, ClusterInfo, PoolUse
from fauxkube.simulation.requests.criteria import Asked


@dataclass(frozen=True, slots=True)
class ClusterEntry:
    """A cluster of this server. `path` is where its API begins, below the server's URL: empty for `default`.

    `source` is the cluster it was forked from, or empty.
    """

    name: str
    path: str
    kubernetes_version: str
    nodes: int
    revision: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class SettledState:
    """Where a cluster came to rest: its newest revision and its own time."""

    revision: int
    now: datetime


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A cluster's time, how many of its seconds pass in a real one (0: frozen), and in how many the next thing is due.

    `next_due` is None when nothing waits for a time to come.
    """

    now: datetime
    rate: float
    frozen: bool
    next_due: float | None


@dataclass(frozen=True, slots=True)
class NameServer:
    """Where a cluster's DNS listens, over UDP and TCP; its names are below `domain`.

    `cluster_ip` is the address that stands in pods' resolv.conf.
    """

    host: str
    port: int
    domain: str
    cluster_ip: str


@dataclass(frozen=True, slots=True)
class LoadedObjects:
    """What became of the objects that were loaded, by kind and name; `notes` tell what a dump was found to lack."""

    created: list[str]
    changed: list[str]
    skipped: list[str]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Executed:
    """What a program in a container printed, and the exit code that it ended with."""

    stdout: str
    stderr: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class User:
    """Somebody whose requests are told apart by the bearer token that comes with them."""

    name: str
    token: str
    groups: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a part of the control plane logged: `time` is real time, `traceback` empty unless something failed."""

    time: datetime
    level: str
    logger: str
    message: str
    traceback: str = ""


class Operations(Protocol):
    """What can be done with one cluster of a server, here or over HTTP."""

    @property
    def name(self) -> str:
        """What the cluster is called."""

    async def info(self) -> ClusterInfo:
        """What the cluster is: versions, ranges, the number of its nodes, its uptime."""

    async def pools(self) -> list[PoolUse]:
        """Every pool of addresses, blocks and ports, with what is held out of it and by whom."""

    async def address(self, address: str) -> AddressUse:
        """Whose an address is, and which ranges it comes out of; 422 for what is no address."""

    async def settle(self, *, revision: int = 0, timeout: float = 30.0) -> SettledState:  # noqa: ASYNC109
        """Return once every control loop is idle, at or past `revision`; 504 names what is busy after `timeout`."""

    async def clock(self) -> ClockReading:
        """The cluster's time and its pace."""

    async def freeze(self, *, at: datetime | None = None) -> ClockReading:
        """Stop the clock, first moving it on to `at` if that is given."""

    async def run(self, *, rate: float = 1.0) -> ClockReading:
        """Let the clock go, `rate` of its seconds in each real one."""

    async def advance(self, *, seconds: float) -> SettledState:
        """Move the clock on, letting everything due on the way happen in order, and settle."""

    async def faults(self) -> list[Object]:
        """The faults that were added, in their order, each with its `id`, `state` and `hits`."""

    async def fault(self, id: str) -> Object:
        """One of them."""

    async def add_fault(self, spec: Object) -> Object:
        """Let something go wrong from now on, as `simulation.faults` reads the spec; 422 when that is no fault."""

    async def remove_fault(self, id: str) -> None:
        """End a fault."""

    async def clear_faults(self) -> None:
        """End every fault."""

    async def requests(self, **asked: Unpack[Asked]) -> list[Object]:
        """The requests on record that meet all criteria (see `simulation.requests`), in the order of their arrival."""

    async def clear_requests(self) -> None:
        """Forget them, and what was found wrong with them."""

    async def har(self) -> Object:
        """The whole record as an HTTP archive (HAR 1.2)."""

    async def findings(self) -> list[Object]:
        """The mistakes of clients that the strict rules found."""

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
        """What becomes of a packet, hop by hop, as `network.hops.Trace`; with `every` each way that it may take.

        The texts are those of `network.places`. 400 when they cannot be understood, or nobody is there to send.
        """

    async def execute(
        self, pod: str, command: Sequence[str], *, namespace: str = "default", container: str = "", stdin: str = ""
    ) -> Executed:
        """Run a program in a pod's container to its end, as `pods/exec` does; the first container if none is named.

        404 without such a pod, 400 when it does not run, 500 in the runtime's words when there is no such program,
        504 when it does not end within a minute.
        """

    async def install_network(self, name: str, *, cidr: str = "") -> LoadedObjects:
        """Install a network add-on by manifests of our own, as `load` does; empty `cidr`: the cluster's own range.

        422 for a name or a range that cannot be, 409 where the network is routed already.
        """

    async def dataplane(self) -> Object:
        """Where the cluster is served on loopback: `enabled`, its `nodes` and its `listeners`."""

    async def check_network(self) -> Object:
        """What Kubernetes requires of a network, proved or refuted, as `network.check.Check`."""

    async def doctor(self, *, namespace: str = "") -> Object:
        """What is wrong with the network of the cluster, or of a namespace, and what is likely the mistake."""

    async def dns(self, *, port: int = 0) -> NameServer:
        """Where the cluster's DNS listens on loopback, from now on if it did not: at `port`, or a free one for 0."""

    async def snapshot(self) -> bytes:
        """The whole cluster as it is now, as a file that can be restored here or elsewhere."""

    async def restore(self, data: bytes) -> None:
        """Make the cluster what a snapshot holds, to which it is reset from then on; open watches end."""

    async def load(self, text: str) -> LoadedObjects:
        """Make what manifests describe: YAML or JSON, many documents, lists, what `helm template` prints.

        Objects of a real cluster's dump (they have UIDs) put a cluster that begins with them in this one's place.
        400 for what is no manifest, 422 with every problem when something cannot be made: then nothing is.
        """

    async def reset(self) -> None:
        """Put the cluster back to how it began, at the same URL; open watches end, revisions go on upward."""

    async def fork(self, name: str = "") -> ClusterEntry:
        """A new cluster that begins as this one is now."""

    async def history(self, *, resource: str, name: str, namespace: str = "") -> list[Object]:
        """Who changed what of an object, field by field, the oldest change first."""

    async def past(self, *, revision: int, resource: str, namespace: str = "", name: str = "") -> Object:
        """An object, or a list without `name`, as it was at a revision that is still held."""

    async def users(self) -> list[User]:
        """The users that were added."""

    async def add_user(self, name: str, groups: Sequence[str] = ()) -> User:
        """Add a user, or give one other groups; the same name has the same token."""

    async def logs(self, *, limit: int = 0) -> list[LogLine]:
        """What the control plane logged last, the oldest first; `limit` 0 is all that is kept."""

    async def kubeconfig(self, server: str, *, user: str = "") -> str:
        """A kubeconfig file's text (YAML) for this cluster of the server at that URL, as `user` if one is named."""


class Control(Operations, Protocol):
    """One cluster, seen from its server; it stays the same when the cluster is reset."""

    @property
    def path(self) -> str:
        """Where its API begins, below the server's URL: empty for `default`."""

    @property
    def application(self) -> ASGIApplication:
        """What answers the cluster's requests at the moment."""

    def enter(self) -> None:
        """Let what the current task logs from now on count as this cluster's."""

    def entry(self) -> ClusterEntry:
        """The cluster in the list of its server's."""


class ClusterHost(Protocol):
    """The clusters of one server."""

    def find(self, name: str) -> Control | None:
        """The cluster of that name."""

    def controls(self) -> Sequence[Control]:
        """Every cluster, `default` first."""

    async def create(
        self, name: str = "", *, overrides: Mapping[str, object] | None = None, source: str = ""
    ) -> Control:
        """Start another cluster: a fork of `source` where that is named, else a new one, its settings as overridden.

        Without a name it gets one. 409 when the name is taken or there are too many, 404 for a `source` that is not
        there, 422 for a name or a setting that cannot be.
        """

    async def delete(self, name: str) -> None:
        """End a cluster and its watches and forget all of it; 404, and 403 for `default`."""
