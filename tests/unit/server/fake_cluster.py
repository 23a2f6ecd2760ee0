"""A server for tests: an `Application` over pipelines that keep objects in a dictionary, called without a socket.

The pipelines know no rules: what is created is there, every write raises the revision, and watches see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from fauxkube.access.authentication import Authenticator
from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import ManualClock
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema import Schemas
from fauxkube.registry.options import (
    Deleted,
    DeleteOptions,
    ListQuery,
    ListResult,
    Patch,
    WatchQuery,
    WriteOptions,
    Written,
)
from fauxkube.server.app import Application
from fauxkube.server.inspection import Allocated, ClusterInfo, PoolUse
from fauxkube.simulation.faults.engine import Faults
from fauxkube.simulation.requests import RequestLog
from fauxkube.simulation.simulation import Simulation
from fauxkube.simulation.users import Users
from support.containers import FakeContainers


def _pod_row(pod: Object, now: datetime) -> list[Any]:
    return [pod["metadata"]["name"], pod.get("status", {}).get("phase", ""), "5s"]


STATUS_VERBS = ("get", "patch", "update")
PODS = Resource(
    kind="Pod",
    plural="pods",
    singular="pod",
    short_names=("po",),
    categories=("all",),
    subresources={"status": STATUS_VERBS, "binding": ("create",), "eviction": ("create",)},
    columns=(NAME_COLUMN, Column("Status"), AGE_COLUMN),
    row=_pod_row,
    returns_deleted=True,
)
NAMESPACES = Resource(
    kind="Namespace",
    plural="namespaces",
    singular="namespace",
    namespaced=False,
    subresources={"status": STATUS_VERBS, "finalize": ("update",)},
)
NODES = Resource(kind="Node", plural="nodes", singular="node", namespaced=False, short_names=("no",))
CONFIG_MAPS = Resource(kind="ConfigMap", plural="configmaps", singular="configmap", short_names=("cm",))
ENDPOINTS = Resource(
    kind="Endpoints", plural="endpoints", singular="endpoints", deprecation='use "EndpointSlice" instead'
)
DEPLOYMENTS = Resource(
    group="apps", kind="Deployment", plural="deployments", singular="deployment", subresources={"status": STATUS_VERBS}
)


def catalogue() -> Catalogue:
    return Catalogue((PODS, NAMESPACES, NODES, CONFIG_MAPS, ENDPOINTS, DEPLOYMENTS))


@dataclass
class FakeItem:
    type: str
    value: bytes
    revision: int
    attachment: Object | None = None
    frame: bytes | None = None


class FakeWatch:
    """A watch that the test feeds with batches."""

    def __init__(self, initial: list[FakeItem] | None, revision: int) -> None:
        self._batches: asyncio.Queue[list[FakeItem] | Exception | None] = asyncio.Queue()
        self.initial_events_end = initial is not None
        self.revision = revision
        self.ended = asyncio.Event()
        if initial is not None:
            self._batches.put_nowait(initial)

    def feed(self, *items: FakeItem) -> None:
        self.revision = max([self.revision, *(item.revision for item in items)])
        self._batches.put_nowait(list(items))

    def fail(self, error: Exception) -> None:
        self._batches.put_nowait(error)

    async def __aiter__(self) -> AsyncIterator[list[FakeItem]]:
        while True:
            batch = await self._batches.get()
            if batch is None:
                return
            if isinstance(batch, Exception):
                raise batch
            yield batch

    def progress(self) -> int:
        return self.revision

    def close(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self._batches.put_nowait(None)


@dataclass
class FakePipelines:
    """Objects by key; `calls` are the options and queries that came in, in order."""

    catalogue: Catalogue = field(default_factory=catalogue)
    schemas: Schemas = field(default_factory=Schemas)
    objects: dict[str, Object] = field(default_factory=dict)
    revision: int = 1
    calls: list[Any] = field(default_factory=list)
    watches: list[FakeWatch] = field(default_factory=list)
    watching: asyncio.Event = field(default_factory=asyncio.Event)
    warnings: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def put(self, resource: Resource, obj: Object) -> bytes:
        """Store an object as the next revision."""
        self.revision += 1
        added = {"resourceVersion": str(self.revision), "uid": f"uid-{self.revision}"}
        stored: Object = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {}} | obj
        metadata = stored["metadata"] = stored["metadata"] | added
        self.objects[resource.key(metadata.get("namespace", ""), metadata["name"])] = stored
        return orjson.dumps(stored)

    def _found(self, resource: Resource, namespace: str, name: str) -> Object:
        if self.failure is not None:
            raise self.failure
        obj = self.objects.get(resource.key(namespace, name))
        if obj is None:
            raise status.not_found(resource.group_resource, name)
        return obj

    async def get(
        self, resource: Resource, namespace: str, name: str, *, resource_version: str = "", subresource: str = ""
    ) -> bytes:
        return orjson.dumps(self._found(resource, namespace, name))

    async def list(self, resource: Resource, namespace: str, query: ListQuery) -> ListResult:
        self.calls.append(query)
        prefix = resource.key(namespace, "") if namespace else resource.prefix
        found = [orjson.dumps(obj) for key, obj in sorted(self.objects.items()) if key.startswith(prefix)]
        return ListResult(found, self.revision, "", None)

    def past(self, resource: Resource, *, changes: int, moment: datetime | None = None) -> int:
        return max(self.revision - changes, 1)

    async def watch(self, resource: Resource, namespace: str, query: WatchQuery) -> FakeWatch:
        self.calls.append(query)
        if self.failure is not None:
            raise self.failure
        initial: list[FakeItem] | None = None
        if query.send_initial_events or not query.resource_version:
            result = await self.list(resource, namespace, ListQuery())
            initial = [FakeItem("ADDED", value, self.revision) for value in result.values]
        self.watches.append(FakeWatch(initial, self.revision))
        self.watching.set()
        return self.watches[-1]

    async def create(
        self,
        resource: Resource,
        namespace: str,
        body: Object,
        options: WriteOptions,
        *,
        name: str = "",
        subresource: str = "",
    ) -> Written:
        self.calls.append(options)
        if subresource:
            success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
            return Written(orjson.dumps(success), success, [], created=True)
        if resource.namespaced:
            body.setdefault("metadata", {})["namespace"] = namespace
        return Written(self.put(resource, body), body, self.warnings, created=True)

    async def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Object,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Written:
        self.calls.append(options)
        self._found(resource, namespace, name)
        return Written(self.put(resource, body), body, self.warnings, created=False)

    async def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Patch,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Written:
        self.calls.append((*patch, options))
        obj = self._found(resource, namespace, name)
        return Written(
            self.put(resource, obj | (patch.content if patch.kind != "json" else {})), obj, self.warnings, created=False
        )

    async def delete(self, resource: Resource, namespace: str, name: str, options: DeleteOptions) -> Deleted:
        self.calls.append(options)
        obj = self._found(resource, namespace, name)
        gone = not obj["metadata"].get("finalizers")
        if gone:
            del self.objects[resource.key(namespace, name)]
        return Deleted(orjson.dumps(obj), obj, gone)

    async def delete_collection(
        self, resource: Resource, namespace: str, query: ListQuery, options: DeleteOptions
    ) -> ListResult:
        self.calls.append(options)
        return await self.list(resource, namespace, query)


@dataclass
class FakeInspection:
    """A cluster without anything in it."""

    healthy: bool = True

    def info(self) -> ClusterInfo:
        return ClusterInfo("0.1.0", "1.36", "10.244.0.0/16", "10.96.0.0/12", 3, 1.5)

    def pools(self) -> list[PoolUse]:
        return [PoolUse("services/nodeports", "30000-32767", 1, 2767, [Allocated("30008", "services/default/web")])]

    def checks(self) -> Mapping[str, Any]:
        return {"etcd": lambda: self.healthy}


@dataclass(frozen=True)
class Answer:
    """A complete answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(value.decode() for key, value in self.headers if key == name.encode())

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class FakePods:
    """What no request gets to."""

    async def reach(self, address: str, port: int, request: HttpRequest, *, scheme: str) -> HttpResponse:
        raise ConnectionRefusedError(f"dial tcp {address}:{port}: connect: connection refused")

    async def reach_out(self, address: str, port: int) -> Duplex:
        raise ConnectionRefusedError(f"dial tcp {address}:{port}: connect: connection refused")


class FakeCluster:
    """The pieces together, and a way to call them."""

    def __init__(self) -> None:
        self.pipelines = FakePipelines()
        self.clock = ManualClock()
        self.inspection = FakeInspection()
        self.faults = Faults(self.clock, Chance(1))
        self.requests = RequestLog(self.pipelines.catalogue)
        users = Users(Chance(1))
        self.application = Application(
            self.pipelines,
            containers=FakeContainers,
            inspection=self.inspection,
            clock=self.clock,
            chance=Chance(1),
            simulation=Simulation(users, self.faults, self.requests),
            authenticator=Authenticator(users, lambda *_: None, self.clock),
            reaching=FakePods(),
        )

    def call(
        self, method: str, target: str, body: bytes | Object = b"", *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request from beginning to end, in an event loop of its own."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return asyncio.run(self.request(method, target, data, headers or {}))

    async def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request from beginning to end."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
            "server": ("127.0.0.1", 8001),
        }
        sent: list[Any] = []
        pending = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return pending.pop() if pending else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], list(sent[0]["headers"]), content)
