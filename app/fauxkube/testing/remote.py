"""A server that runs already, at a URL: `fauxkube up`, in whatever language's test, container or terminal."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from fauxkube.client.http import HttpClient, new_http
from fauxkube.kinds.catalogue import default_catalogue
from fauxkube.machinery.schema import Schemas
from fauxkube.simulation.requests import RequestLog
from fauxkube.simulation.requests.records import from_json
from fauxkube.testing.loop_thread import LoopThread
from fauxkube.testing.objects import Objects
from fauxkube.testing.remote_control import OwnAPI, RemoteControl
from fauxkube.testing.servers import USER_AGENT

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class RemoteMember:
    """A `servers.Member` at the other end of a URL."""

    def __init__(self, http: httpx.AsyncClient, entry: Mapping[str, Any], schemas: Schemas) -> None:
        self.url = str(entry["url"])
        self.control = RemoteControl(OwnAPI(http, self.url), str(entry["name"]))
        client = HttpClient(self.url, user_agent=USER_AGENT, http=http, field_validation="Strict")
        self._objects = Objects(client, default_catalogue(), schemas, learns=True)

    def objects(self) -> Objects:
        return self._objects

    async def request_log(self) -> RequestLog:
        calls = [from_json(each) for each in await self.control.requests()]
        return RequestLog.of(self._objects.catalogue, calls)


class RemoteServer:
    """A `servers.Server` that is not ours to stop."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._loop = LoopThread("fauxkube-client")
        self._http: httpx.AsyncClient | None = None
        self._schemas: dict[str, Schemas] = {}

    def start(self) -> None:
        self._loop.start()
        self._http = self._loop.run(_connected())

    def stop(self) -> None:
        if self._http is not None:
            self._loop.run(self._http.aclose())
            self._loop.stop()
            self._http = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._loop.run(coroutine)

    async def create(self, name: str, overrides: Mapping[str, object], source: str) -> RemoteMember:
        wanted = {"name": name, "source": source, "overrides": _plain(overrides)}
        entry = await self._api().ask("POST", "/clusters", wanted)
        version = entry["kubernetes_version"]
        schemas = self._schemas.setdefault(version, Schemas(version))
        return RemoteMember(self._connections(), entry, schemas)

    async def delete(self, name: str) -> None:
        await self._api().ask("DELETE", f"/clusters/{name}")

    def _api(self) -> OwnAPI:
        return OwnAPI(self._connections(), self.url)

    def _connections(self) -> httpx.AsyncClient:
        if self._http is None:
            raise RuntimeError(f"the connection to {self.url} is closed")
        return self._http


async def _connected() -> httpx.AsyncClient:
    return new_http()


def _plain(overrides: Mapping[str, object]) -> dict[str, object]:
    """Times as text."""
    return {name: getattr(value, "isoformat", lambda value=value: value)() for name, value in overrides.items()}
