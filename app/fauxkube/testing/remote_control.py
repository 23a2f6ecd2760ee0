"""The operations on a cluster over HTTP, at `/fauxkube/v1` below where its API begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote, urlsplit

import orjson

from fauxkube.client.http import error_of, unreachable
from fauxkube.machinery.objects import Object
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
from fauxkube.server.inspection import AddressUse, Allocated, ClusterInfo, PoolUse
from fauxkube.simulation.requests.criteria import Asked

if TYPE_CHECKING:
    import httpx

_OURS = "/fauxkube/v1"
#: Seconds that an answer may take beyond what was asked to be waited.
_PATIENCE = 10.0
#: More than the server gives a program.
_PROGRAM_PATIENCE = 90.0


class OwnAPI:
    """Requests to our own endpoints of a cluster; failures are `StatusError`, as everywhere in the API."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self.url = url

    async def ask(self, method: str, path: str, body: Any = None, *, params: Any = None, patience: float = 60.0) -> Any:
        """The answer's JSON; None where there is none."""
        answer = await self.send(method, path, json=body, params=params, timeout=patience)
        return answer.json() if answer.content else None

    async def send(self, method: str, path: str, **parts: Any) -> httpx.Response:
        """The whole answer, which is a success."""
        import httpx

        try:
            answer = await self._http.request(method, f"{self.url}{_OURS}{path}", **parts)
        except httpx.HTTPError as error:
            raise unreachable(error) from error
        if answer.is_error:
            raise error_of(_status_in(answer), answer.status_code)
        return answer


def _status_in(answer: httpx.Response) -> Object:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"message": answer.text}


class RemoteControl:
    """A `server.control.Operations` on the cluster called `name`, over HTTP."""

    def __init__(self, api: OwnAPI, name: str) -> None:
        self._api = api
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    async def info(self) -> ClusterInfo:
        return ClusterInfo(**await self._api.ask("GET", "/info"))

    async def pools(self) -> list[PoolUse]:
        return [_pool(pool) for pool in await self._api.ask("GET", "/ipam")]

    async def address(self, address: str) -> AddressUse:
        found = await self._api.ask("GET", f"/addresses/{quote(address)}")
        return AddressUse(**found | {"since": _moment(found["since"])})

    async def settle(self, *, revision: int = 0, timeout: float = 30.0) -> SettledState:  # noqa: ASYNC109
        wanted = {"revision": revision, "timeout": timeout}
        return _settled(await self._api.ask("POST", "/settle", wanted, patience=timeout + _PATIENCE))

    async def clock(self) -> ClockReading:
        return _reading(await self._api.ask("GET", "/clock"))

    async def freeze(self, *, at: datetime | None = None) -> ClockReading:
        return _reading(await self._api.ask("POST", "/clock/freeze", {"at": at.isoformat() if at else None}))

    async def run(self, *, rate: float = 1.0) -> ClockReading:
        return _reading(await self._api.ask("POST", "/clock/run", {"rate": rate}))

    async def advance(self, *, seconds: float) -> SettledState:
        return _settled(await self._api.ask("POST", "/clock/advance", {"seconds": seconds}, patience=600))

    async def faults(self) -> list[Object]:
        faults: list[Object] = await self._api.ask("GET", "/faults")
        return faults

    async def fault(self, id: str) -> Object:
        fault: Object = await self._api.ask("GET", f"/faults/{quote(id, safe='')}")
        return fault

    async def add_fault(self, spec: Object) -> Object:
        fault: Object = await self._api.ask("POST", "/faults", spec)
        return fault

    async def remove_fault(self, id: str) -> None:
        await self._api.ask("DELETE", f"/faults/{quote(id, safe='')}")

    async def clear_faults(self) -> None:
        await self._api.ask("DELETE", "/faults")

    async def requests(self, **asked: Unpack[Asked]) -> list[Object]:
        params = {name: orjson.dumps(value).decode() if name == "body" else value for name, value in asked.items()}
        seen: list[Object] = await self._api.ask("GET", "/requests", params=params)
        return seen

    async def clear_requests(self) -> None:
        await self._api.ask("DELETE", "/requests")

    async def har(self) -> Object:
        archive: Object = await self._api.ask("GET", "/requests.har")
        return archive

    async def findings(self) -> list[Object]:
        found: list[Object] = await self._api.ask("GET", "/findings")
        return found

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
        asked = {"from": sender, "to": target, "namespace": namespace, "protocol": protocol, "port": port}
        traced: Object = await self._api.ask("GET", "/trace", params={**asked, "every": every})
        return traced

    async def execute(
        self, pod: str, command: Sequence[str], *, namespace: str = "default", container: str = "", stdin: str = ""
    ) -> Executed:
        asked = {"pod": pod, "command": list(command), "namespace": namespace, "container": container, "stdin": stdin}
        return Executed(**await self._api.ask("POST", "/exec", asked, patience=_PROGRAM_PATIENCE))

    async def install_network(self, name: str, *, cidr: str = "") -> LoadedObjects:
        return LoadedObjects(**await self._api.ask("POST", "/network/install", {"name": name, "cidr": cidr}))

    async def dataplane(self) -> Object:
        found: Object = await self._api.ask("GET", "/dataplane")
        return found

    async def check_network(self) -> Object:
        found: Object = await self._api.ask("GET", "/network/check")
        return found

    async def doctor(self, *, namespace: str = "") -> Object:
        found: Object = await self._api.ask("GET", "/doctor", params={"namespace": namespace})
        return found

    async def dns(self, *, port: int = 0) -> NameServer:
        return NameServer(**await self._api.ask("GET", "/dns", params={"port": port}))

    async def snapshot(self) -> bytes:
        return (await self._api.send("GET", "/snapshot")).content

    async def restore(self, data: bytes) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        await self._api.send("PUT", "/snapshot", content=data, headers=headers)

    async def load(self, text: str) -> LoadedObjects:
        headers = {"Content-Type": "application/yaml"}
        return LoadedObjects(**(await self._api.send("POST", "/load", content=text.encode(), headers=headers)).json())

    async def reset(self) -> None:
        await self._api.ask("POST", f"/clusters/{quote(self._name)}/reset")

    async def fork(self, name: str = "") -> ClusterEntry:
        made = await self._api.ask("POST", "/clusters", {"name": name, "source": self._name})
        return ClusterEntry(path=urlsplit(made.pop("url")).path, **made)

    async def history(self, *, resource: str, name: str, namespace: str = "") -> list[Object]:
        params = {"resource": resource, "name": name, "namespace": namespace}
        history: list[Object] = await self._api.ask("GET", "/history", params=params)
        return history

    async def past(self, *, revision: int, resource: str, namespace: str = "", name: str = "") -> Object:
        params = {"revision": revision, "resource": resource, "namespace": namespace, "name": name}
        found: Object = await self._api.ask("GET", "/past", params=params)
        return found

    async def users(self) -> list[User]:
        return [User(**each) for each in await self._api.ask("GET", "/users")]

    async def add_user(self, name: str, groups: Sequence[str] = ()) -> User:
        return User(**await self._api.ask("POST", "/users", {"name": name, "groups": list(groups)}))

    async def logs(self, *, limit: int = 0) -> list[LogLine]:
        lines = await self._api.ask("GET", "/logs", params={"limit": limit})
        return [LogLine(**line | {"time": datetime.fromisoformat(line["time"])}) for line in lines]

    async def kubeconfig(self, server: str, *, user: str = "") -> str:
        return (await self._api.send("GET", "/kubeconfig", params={"server": server, "user": user})).text


def _pool(body: Any) -> PoolUse:
    held = [Allocated(**each | {"since": _moment(each["since"])}) for each in body["allocations"]]
    return PoolUse(**body | {"allocations": held})


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _settled(body: Any) -> SettledState:
    return SettledState(body["revision"], datetime.fromisoformat(body["now"]))


def _reading(body: Any) -> ClockReading:
    return ClockReading(**body | {"now": datetime.fromisoformat(body["now"])})
