"""A server in a thread of this process: clusters are steered without HTTP, and served by it on a free port."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from fauxkube.cluster.control import Control
from fauxkube.cluster.host import Host
from fauxkube.cluster.inprocess import InProcessClient
from fauxkube.cluster.settings import Settings
from fauxkube.server.listener import Listener
from fauxkube.simulation.requests import RequestLog
from fauxkube.testing.loop_thread import LoopThread
from fauxkube.testing.objects import Objects
from fauxkube.testing.servers import USER_AGENT

if TYPE_CHECKING:
    from fauxkube.kit.exchange import Handler
    from fauxkube.network.local_ports import LocalPort

T = TypeVar("T")


class LocalMember:
    """A `servers.Member` in this process."""

    def __init__(self, control: Control, server_url: str) -> None:
        self.control = control
        self.url = server_url + control.path

    def objects(self) -> Objects:
        """Through every step of the API's pipelines but no socket: seen by no fault and no record of requests."""
        registry = self.control.cluster.registry
        client = InProcessClient(registry, USER_AGENT, typed=False)
        return Objects(client, registry.catalogue, registry.schemas)

    async def request_log(self) -> RequestLog:
        return self.control.cluster.requests

    async def serve(
        self, who: str | Mapping[str, str], answer: Handler | LocalPort, *, namespace: str, port: int
    ) -> Callable[[], None]:
        """Have `answer` answer for pods until what is returned is called, or the cluster ends or is reset."""
        return self.control.cluster.workloads.serve(who, answer, namespace=namespace, port=port)


class LocalServer:
    """A `servers.Server` in a thread."""

    def __init__(self) -> None:
        self._loop = LoopThread("fauxkube-server")
        self._host = Host(Settings())
        self._listener = Listener(self._host.application)

    def start(self) -> None:
        self._loop.start()
        try:
            self._loop.run(self._open())
        except BaseException:
            self._loop.stop()
            raise

    async def _open(self) -> None:
        await self._listener.bind()
        await self._host.start()
        await self._listener.serve()

    def stop(self) -> None:
        if self._loop.is_running:
            self._loop.run(self._close())
            self._loop.stop()

    async def _close(self) -> None:
        await self._listener.stop()
        await self._host.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._loop.run(coroutine)

    async def create(self, name: str, overrides: Mapping[str, object], source: str) -> LocalMember:
        control = await self._host.create(name, overrides=overrides, source=source)
        return LocalMember(control, self._listener.url)

    async def delete(self, name: str) -> None:
        await self._host.delete(name)
