"""The HTTP client against a tiny server on a real socket, which answers what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

import orjson
import pytest

from fauxkube.client.http import HttpClient, path_of
from fauxkube.client.informer import Informer
from fauxkube.kinds.gvrs import DEPLOYMENTS, NODES, PODS
from fauxkube.kit.clock import SystemClock
from fauxkube.kit.tasks import Tasks
from fauxkube.machinery.objects import GVR, Object, name_of
from fauxkube.machinery.status import StatusError, not_found

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "7"}}


class Asked(NamedTuple):
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any


class TinyServer:
    """Notes each request and answers with the next of `answers`: (code, chunks of the body)."""

    def __init__(self, *answers: tuple[int, list[bytes]]) -> None:
        self.asked: list[Asked] = []
        self._answers = list(answers)
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> TinyServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exit: object) -> None:
        self._server.close()
        await asyncio.gather(*self._connections)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                content = await reader.readexactly(int(headers.get("content-length", "0")))
                self.asked.append(Asked(method, target, headers, orjson.loads(content) if content else None))
                await self._answer(writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        code, chunks = self._answers.pop(0)
        writer.write(f"HTTP/1.1 {code} X\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for chunk in chunks:
            if chunk == b"":
                writer.transport.abort()
                return
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            await writer.drain()
        writer.write(b"0\r\n\r\n")


def answer(body: Any, code: int = 200) -> tuple[int, list[bytes]]:
    return code, [orjson.dumps(body)]


def talk(body: Callable[[HttpClient], Awaitable[Any]], *answers: tuple[int, list[bytes]]) -> tuple[Any, list[Asked]]:
    """What `body` returns, and what the server was asked meanwhile."""

    async def main() -> tuple[Any, list[Asked]]:
        async with TinyServer(*answers) as server:
            client = HttpClient(server.url + "/")
            try:
                return await body(client.as_user_agent("test-controller")), server.asked
            finally:
                await client.close()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("gvr", "parts", "path"),
    [
        (PODS, (), "/api/v1/pods"),
        (PODS, ("shop",), "/api/v1/namespaces/shop/pods"),
        (PODS, ("shop", "web", "status"), "/api/v1/namespaces/shop/pods/web/status"),
        (NODES, ("", "node-1"), "/api/v1/nodes/node-1"),
        (DEPLOYMENTS, ("shop", "web"), "/apis/apps/v1/namespaces/shop/deployments/web"),
        (
            GVR("rbac.authorization.k8s.io", "v1", "clusterroles"),
            ("", "a/b:c"),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%2Fb%3Ac",
        ),
    ],
)
def test_paths(gvr: GVR, parts: tuple[str, ...], path: str) -> None:
    assert path_of(gvr, *parts) == path


def test_get_asks_for_one_object_in_the_components_name() -> None:
    got, [asked] = talk(lambda client: client.get(PODS, "web", "shop"), answer(POD))
    assert got == POD
    assert (asked.method, asked.target) == ("GET", "/api/v1/namespaces/shop/pods/web")
    assert asked.headers["user-agent"] == "test-controller"


def test_list_passes_selectors_and_gives_items_their_kind() -> None:
    listed = {
        "apiVersion": "v1",
        "kind": "PodList",
        "metadata": {"resourceVersion": "42"},
        "items": [{"metadata": {"name": "web"}}],
    }
    got, [asked] = talk(
        lambda client: client.list(PODS, label_selector="a=b,c", field_selector="spec.nodeName=n"), answer(listed)
    )
    assert got == ([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}], "42")
    assert asked.target == "/api/v1/pods?labelSelector=a%3Db%2Cc&fieldSelector=spec.nodeName%3Dn"


@pytest.mark.parametrize(
    ("call", "method", "target", "media_type", "body"),
    [
        (lambda c: c.create(PODS, POD), "POST", "/api/v1/namespaces/shop/pods", "application/json", POD),
        (
            lambda c: c.create(PODS, {"a": 1}, namespace="shop", subresource="binding", name="web"),
            "POST", "/api/v1/namespaces/shop/pods/web/binding", "application/json", {"a": 1},
        ),
        (lambda c: c.update(PODS, POD), "PUT", "/api/v1/namespaces/shop/pods/web", "application/json", POD),
        (
            lambda c: c.update(PODS, POD, subresource="status"),
            "PUT", "/api/v1/namespaces/shop/pods/web/status", "application/json", POD,
        ),
        (
            lambda c: c.patch(PODS, "web", {"a": None}, namespace="shop", subresource="status"),
            "PATCH", "/api/v1/namespaces/shop/pods/web/status", "application/merge-patch+json", {"a": None},
        ),
        (
            lambda c: c.patch(PODS, "web", [], namespace="shop", kind="json"),
            "PATCH", "/api/v1/namespaces/shop/pods/web", "application/json-patch+json", [],
        ),
        (
            lambda c: c.patch(NODES, "n", {}, kind="strategic"),
            "PATCH", "/api/v1/nodes/n", "application/strategic-merge-patch+json", {},
        ),
        (
            lambda c: c.delete(PODS, "web", namespace="shop", grace_period_seconds=0, uid="u", propagation="Orphan"),
            "DELETE", "/api/v1/namespaces/shop/pods/web", "application/json",
            {
                "apiVersion": "v1",
                "kind": "DeleteOptions",
                "gracePeriodSeconds": 0,
                "preconditions": {"uid": "u"},
                "propagationPolicy": "Orphan",
            },
        ),
        (
            lambda c: c.delete_collection(PODS, "shop", label_selector="a=b"),
            "DELETE", "/api/v1/namespaces/shop/pods?labelSelector=a%3Db", None, None,
        ),
    ],
)  # fmt: skip
def test_writes(
    call: Callable[[HttpClient], Awaitable[Any]], method: str, target: str, media_type: str | None, body: Any
) -> None:
    _, [asked] = talk(call, answer(POD))
    assert (asked.method, asked.target, asked.headers.get("content-type"), asked.body) == (
        method,
        target,
        media_type,
        body,
    )


def failure(call: Callable[[HttpClient], Awaitable[Any]], *answers: tuple[int, list[bytes]]) -> StatusError:
    with pytest.raises(StatusError) as caught:
        talk(call, *answers)
    return caught.value


def test_a_status_is_raised_as_it_was_answered() -> None:
    status = not_found("pods", "web")
    error = failure(lambda client: client.get(PODS, "web", "shop"), answer(status.to_object(), 404))
    assert error.to_object() == status.to_object()


@pytest.mark.parametrize(("code", "body"), [(502, b"<html>bad gateway</html>"), (200, b"not json"), (200, b"[]")])
def test_an_answer_that_is_no_object_is_an_error(code: int, body: bytes) -> None:
    error = failure(lambda client: client.get(PODS, "web"), (code, [body]))
    assert (error.code, error.message) == (code, body.decode())


def test_a_server_that_is_not_there_is_unavailable() -> None:
    async def main() -> None:
        async with TinyServer() as server:
            url = server.url
        client = HttpClient(url)
        with pytest.raises(StatusError) as caught:
            await client.get(PODS, "web")
        assert (caught.value.code, caught.value.reason) == (503, "ServiceUnavailable")
        await client.close()

    asyncio.run(main())


async def _names(client: HttpClient) -> list[tuple[str, str]]:
    watch = client.watch(PODS, resource_version="5")
    return [(event.type, name_of(event.object)) async for event in watch]


def line(type: str, name: str, revision: int = 1) -> bytes:
    return orjson.dumps({"type": type, "object": pod(name, revision)}) + b"\n"


def pod(name: str, revision: int) -> Object:
    return {"kind": "Pod", "metadata": {"name": name, "resourceVersion": str(revision)}}


def test_a_watch_is_read_line_by_line_wherever_the_chunks_break() -> None:
    stream = line("ADDED", "a") + line("MODIFIED", "b\u2028c") + line("BOOKMARK", "")
    pieces = [stream[start : start + 7] for start in range(0, len(stream), 7)]
    got, [asked] = talk(_names, (200, pieces))
    assert got == [("ADDED", "a"), ("MODIFIED", "b\u2028c"), ("BOOKMARK", "")]
    assert asked.target == "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=5"


def test_an_error_event_is_raised() -> None:
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 5 (9)"}
    stream = line("ADDED", "a") + orjson.dumps({"type": "ERROR", "object": status}) + b"\n"
    error = failure(_names, (200, [stream]))
    assert (error.code, error.reason) == (410, "Expired")


def test_a_watch_that_is_refused_is_raised() -> None:
    assert failure(_names, answer({"message": "no", "reason": "Forbidden"}, 403)).code == 403


def test_a_watch_that_breaks_is_unavailable() -> None:
    assert failure(_names, (200, [line("ADDED", "a"), b""])).code == 503


def test_an_informer_runs_on_it() -> None:
    listed = {
        "apiVersion": "v1",
        "kind": "PodList",
        "metadata": {"resourceVersion": "5"},
        "items": [pod("a", 3)],
    }

    async def body(client: HttpClient) -> list[str]:
        informer = Informer(client, PODS, SystemClock())
        seen = asyncio.Event()
        informer.on_change(lambda _, new: seen.set() if new and name_of(new) == "b" else None)
        tasks = Tasks("test")
        tasks.spawn(informer.run(), name="informer")
        async with asyncio.timeout(5):
            await seen.wait()
        await tasks.close()
        return [name_of(obj) for obj in informer.items()]

    forever = (200, [line("ADDED", "b", 6)])
    got, _ = talk(body, answer(listed), forever, answer({}, 500))
    assert got == ["a", "b"]
