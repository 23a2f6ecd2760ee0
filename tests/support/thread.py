"""A cluster served from a thread of this process: a real socket, no process to start."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.host import Host
from fauxkube.cluster.settings import Settings
from fauxkube.server.listener import Listener

T = TypeVar("T")


@dataclass(frozen=True)
class Served:
    """A running server, and the cluster at its root, which belongs to the server's thread."""

    url: str
    cluster: Cluster
    loop: asyncio.AbstractEventLoop

    def call(self, function: Callable[[Cluster], T]) -> T:
        """What `function` says of the cluster, asked in the cluster's own thread."""

        async def run() -> T:
            return function(self.cluster)

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(timeout=20)


class _Thread(threading.Thread):
    """Runs a server until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="served-cluster")
        self.settings = settings
        self.started = threading.Event()
        self.served: Served | None = None
        self.failure: BaseException | None = None
        self._stopped = asyncio.Event()

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self.failure = error
        finally:
            self.started.set()

    async def _serve(self) -> None:
        host = Host(self.settings)
        listener = Listener(host.application, host="127.0.0.1", port=0)
        await listener.bind()
        await host.start()
        await listener.serve()
        self.served = Served(listener.url, host.control().cluster, asyncio.get_running_loop())
        self.started.set()
        await self._stopped.wait()
        await listener.stop()
        await host.close()

    def stop(self) -> None:
        if self.served is not None and not self.served.loop.is_closed():
            self.served.loop.call_soon_threadsafe(self._stopped.set)
        self.join(timeout=20)


@contextmanager
def served(settings: Settings | None = None) -> Iterator[Served]:
    """Run a server with a cluster of these settings."""
    thread = _Thread(settings or Settings())
    thread.start()
    thread.started.wait()
    try:
        if thread.served is not None:
            yield thread.served
    finally:
        thread.stop()
        if thread.failure is not None:
            raise thread.failure


@contextmanager
def served_cluster(settings: Settings | None = None) -> Iterator[str]:
    """Run a cluster and yield its URL."""
    with served(settings) as server:
        yield server.url
