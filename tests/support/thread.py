"""A cluster served from a thread of this process: a real socket, no process to start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.host import Host
from fauxkube.cluster.settings import Settings
from fauxkube.server.listener import Listener
from fauxkube.testing.loop_thread import LoopThread

T = TypeVar("T")

# libuv opens a pipe with its first loop and keeps it: it is there before any test's file descriptors are counted.
_first = LoopThread("first-loop")
_first.start()
_first.stop()


@dataclass(frozen=True)
class Served:
    """A running server, and the cluster at its root, which belongs to the server's thread."""

    url: str
    cluster: Cluster
    thread: LoopThread

    def call(self, function: Callable[[Cluster], T]) -> T:
        """What `function` says of the cluster, asked in the cluster's own thread."""

        async def run() -> T:
            return function(self.cluster)

        return self.thread.run(run())


@contextmanager
def served(settings: Settings | None = None) -> Iterator[Served]:
    """Run a server with a cluster of these settings."""
    host = Host(settings or Settings())
    listener = Listener(host.application)
    thread = LoopThread("served-cluster")
    thread.start()
    try:
        thread.run(_open(host, listener))
        yield Served(listener.url, host.control().cluster, thread)
    finally:
        thread.run(_close(host, listener))
        thread.stop()


async def _open(host: Host, listener: Listener) -> None:
    await listener.bind()
    await host.start()
    await listener.serve()


async def _close(host: Host, listener: Listener) -> None:
    await listener.stop()
    await host.close()


@contextmanager
def served_cluster(settings: Settings | None = None) -> Iterator[str]:
    """Run a cluster and yield its URL."""
    with served(settings) as server:
        yield server.url
