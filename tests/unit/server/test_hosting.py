"""The way from a path to a cluster, without a cluster: each sees its own part of the path."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from fauxkube.server.asgi import Receive, Request, Scope, Send
from fauxkube.server.hosting import Hosting
from fauxkube.server.listener import Listener


class Echo:
    """A cluster that answers with its name and the path that it saw."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = "" if name == "default" else f"/clusters/{name}"
        self.application = self
        self.entered = 0
        self.closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = orjson.dumps([self.name, request.root, request.path])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    def close(self) -> None:
        self.closed = True

    def enter(self) -> None:
        self.entered += 1


class Echoes:
    """A host of such clusters."""

    def __init__(self, *names: str) -> None:
        self.clusters = {name: Echo(name) for name in names}

    def find(self, name: str) -> Any:
        return self.clusters.get(name)

    def controls(self) -> Sequence[Any]:
        return [*self.clusters.values()]


def called(application: Any, **scope: Any) -> list[Any]:
    """The messages that answer one request."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    whole = {"type": "http", "method": "GET", "query_string": b"", "headers": [], "root_path": ""} | scope
    asyncio.run(application(whole, receive, send))
    return sent


def answer(application: Any, path: str, **scope: Any) -> Any:
    return orjson.loads(called(application, path=path, **scope)[1]["body"])


@pytest.fixture
def echoes() -> Echoes:
    return Echoes("default", "shop", "api")


@pytest.mark.parametrize(
    ("path", "cluster", "root", "below"),
    [
        ("/", "default", "", "/"),
        ("/api/v1/pods", "default", "", "/api/v1/pods"),
        ("/clusters", "default", "", "/clusters"),
        ("/clusters/default/api", "default", "/clusters/default", "/api"),
        ("/clusters/shop", "shop", "/clusters/shop", "/"),
        ("/clusters/shop/", "shop", "/clusters/shop", "/"),
        ("/clusters/shop/api/v1/pods", "shop", "/clusters/shop", "/api/v1/pods"),
        ("/clusters/api/api/v1", "api", "/clusters/api", "/api/v1"),
        ("/clusters/shop/clusters/api", "shop", "/clusters/shop", "/clusters/api"),
    ],
)
def test_a_path_names_a_cluster_and_what_is_below_it(
    echoes: Echoes, path: str, cluster: str, root: str, below: str
) -> None:
    assert answer(Hosting(echoes), path) == [cluster, root, below]
    assert [each.name for each in echoes.clusters.values() if each.entered] == [cluster]


def test_a_server_can_be_mounted_below_a_path_itself(echoes: Echoes) -> None:
    hosting = Hosting(echoes)
    assert answer(hosting, "/k8s/api", root_path="/k8s") == ["default", "/k8s", "/api"]
    assert answer(hosting, "/k8s/clusters/shop/api", root_path="/k8s") == ["shop", "/k8s/clusters/shop", "/api"]


@pytest.mark.parametrize("path", ["/clusters/nobody", "/clusters/nobody/api/v1", "/clusters/", "/clusters//api"])
def test_a_cluster_that_is_not_there_is_told_with_those_that_are(echoes: Echoes, path: str) -> None:
    start, body = called(Hosting(echoes), path=path)
    status = orjson.loads(body["body"])
    assert (start["status"], status["kind"], status["reason"]) == (404, "Status", "NotFound")
    assert "but default, shop, api: POST /fauxkube/v1/clusters makes one" in status["message"]


def test_the_end_of_a_server_ends_the_watches_of_all_clusters(echoes: Echoes) -> None:
    Hosting(echoes).close()
    assert all(each.closed for each in echoes.clusters.values())


def test_lifespan_is_followed_and_websockets_are_not_served(echoes: Echoes) -> None:
    (closed,) = called(Hosting(echoes), type="websocket", path="/")
    assert (closed["type"], closed["code"]) == ("websocket.close", 1003)
    messages = iter(["lifespan.startup", "lifespan.shutdown"])
    sent: list[str] = []

    async def receive() -> Any:
        return {"type": next(messages)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(Hosting(echoes)({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_the_listener_takes_any_application_that_can_be_closed() -> None:
    async def run() -> None:
        echo = Echo("default")
        listener = Listener(echo)
        await listener.serve()
        await listener.stop()
        assert echo.closed

    asyncio.run(run())
