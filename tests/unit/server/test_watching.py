"""Watches over a real socket: what is sent when, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from fauxkube.machinery import status
from fauxkube.server.listener import Listener
from unit.server.fake_cluster import PODS, FakeCluster, FakeItem, FakeWatch

TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
METADATA = {"accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}


def item(type_: str, name: str, revision: int) -> FakeItem:
    metadata = {"name": name, "namespace": "default", "resourceVersion": str(revision)}
    return FakeItem(type_, orjson.dumps({"kind": "Pod", "apiVersion": "v1", "metadata": metadata}), revision)


class Client:
    """A client on a running server, and the watches that it opened there."""

    def __init__(self, cluster: FakeCluster, listener: Listener, http: httpx.AsyncClient) -> None:
        self.cluster = cluster
        self.listener = listener
        self.http = http

    @asynccontextmanager
    async def watch(
        self, query: str = "resourceVersion=1", headers: dict[str, str] | None = None
    ) -> AsyncIterator[tuple[FakeWatch, AsyncIterator[Any]]]:
        """An open watch as the server sees it, and its events as they arrive."""
        async with self.http.stream("GET", f"/api/v1/pods?watch=true&{query}", headers=headers) as response:
            assert response.status_code == 200
            yield self.cluster.pipelines.watches[-1], self._events(response)

    async def _events(self, response: httpx.Response) -> AsyncIterator[Any]:
        async for line in response.aiter_lines():
            yield orjson.loads(line)


def on_server(test: Callable[[Client], Awaitable[None]]) -> None:
    """Run `test` with a server on a free port."""

    async def run() -> None:
        cluster = FakeCluster()
        listener = Listener(cluster.application)
        await listener.serve()
        try:
            async with httpx.AsyncClient(base_url=listener.url, timeout=5) as http:
                await test(Client(cluster, listener, http))
        finally:
            await listener.stop()

    asyncio.run(run())


def test_events_are_sent_as_they_happen() -> None:
    async def test(client: Client) -> None:
        async with client.watch() as (watch, events):
            watch.feed(item("ADDED", "a", 2))
            assert await anext(events) == {
                "type": "ADDED",
                "object": {
                    "kind": "Pod",
                    "apiVersion": "v1",
                    "metadata": {"name": "a", "namespace": "default", "resourceVersion": "2"},
                },
            }
            watch.feed(item("MODIFIED", "a", 3), item("DELETED", "a", 4))
            assert [(await anext(events))["type"] for _ in range(2)] == ["MODIFIED", "DELETED"]

    on_server(test)


def test_a_frame_is_made_once_for_all_watchers() -> None:
    async def test(client: Client) -> None:
        shared = item("ADDED", "a", 2)
        async with client.watch() as (first, first_events), client.watch() as (second, second_events):
            first.feed(shared)
            await anext(first_events)
            frame = shared.frame
            second.feed(shared)
            await anext(second_events)
            assert frame is not None
            assert shared.frame is frame

    on_server(test)


def test_the_legacy_path_watches_one_object() -> None:
    async def test(client: Client) -> None:
        async with client.http.stream("GET", "/api/v1/watch/namespaces/default/pods/a?resourceVersion=1"):
            assert client.cluster.pipelines.calls[-1].field_selector == "metadata.name=a"

    on_server(test)


def test_the_state_so_far_ends_with_an_annotated_bookmark() -> None:
    async def test(client: Client) -> None:
        client.cluster.pipelines.put(PODS, {"metadata": {"name": "a", "namespace": "default"}})
        query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        async with client.watch(query) as (_, events):
            assert (await anext(events))["type"] == "ADDED"
            assert await anext(events) == {
                "type": "BOOKMARK",
                "object": {
                    "kind": "Pod",
                    "apiVersion": "v1",
                    "metadata": {"resourceVersion": "2", "annotations": {"k8s.io/initial-events-end": "true"}},
                },
            }

    on_server(test)


def test_an_empty_state_so_far_ends_with_its_bookmark_too() -> None:
    async def test(client: Client) -> None:
        query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        async with client.watch(query) as (_, events):
            assert (await anext(events))["type"] == "BOOKMARK"

    on_server(test)


def test_bookmarks_tell_how_far_the_watch_has_come_every_minute_and_at_the_end() -> None:
    async def test(client: Client) -> None:
        clock = client.cluster.clock
        async with client.watch("resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=90") as (watch, events):
            watch.revision = 7
            clock.advance(60)
            assert (await anext(events))["object"]["metadata"] == {"resourceVersion": "7"}
            watch.revision = 8
            clock.advance(30)
            assert (await anext(events))["object"]["metadata"] == {"resourceVersion": "8"}
            assert [event async for event in events] == []
            assert watch.ended.is_set()

    on_server(test)


def test_no_bookmark_is_sent_to_those_who_did_not_ask() -> None:
    async def test(client: Client) -> None:
        async with client.watch("resourceVersion=1&timeoutSeconds=60") as (_, events):
            client.cluster.clock.advance(60)
            assert [event async for event in events] == []

    on_server(test)


def test_a_watch_without_a_timeout_lasts_half_an_hour_at_least() -> None:
    async def test(client: Client) -> None:
        clock = client.cluster.clock
        async with client.watch() as (watch, events):
            clock.advance(1799)
            watch.feed(item("ADDED", "a", 2))
            assert (await anext(events))["type"] == "ADDED"
            assert not watch.ended.is_set()
            clock.advance(1801)
            assert [event async for event in events] == []

    on_server(test)


def test_a_stream_that_fails_ends_with_an_error_event() -> None:
    async def test(client: Client) -> None:
        async with client.watch() as (watch, events):
            watch.feed(item("ADDED", "a", 2))
            watch.fail(status.expired("too old resource version: 1 (5)"))
            told = [event async for event in events]
            assert [event["type"] for event in told] == ["ADDED", "ERROR"]
            assert told[1]["object"]["code"] == 410

    on_server(test)


def test_a_fault_in_a_stream_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    async def test(client: Client) -> None:
        async with client.watch() as (watch, events):
            watch.fail(RuntimeError("the secret"))
            told = [event async for event in events]
            assert told[0]["object"]["reason"] == "InternalError"
            assert "secret" not in str(told)

    on_server(test)
    assert "the secret" in caplog.text


@pytest.mark.parametrize(("code", "told"), [(410, 200), (400, 400)])
def test_a_watch_from_too_long_ago_is_told_in_the_stream(code: int, told: int) -> None:
    async def test(client: Client) -> None:
        failure = status.expired("too old") if code == 410 else status.bad_request("bad")
        client.cluster.pipelines.failure = failure
        response = await client.http.get("/api/v1/pods?watch=true&resourceVersion=1")
        assert response.status_code == told
        status_object = response.json()["object"] if told == 200 else response.json()
        assert status_object["code"] == code

    on_server(test)


def test_a_client_that_leaves_ends_its_watch() -> None:
    async def test(client: Client) -> None:
        async with client.watch() as (watch, _):
            assert not watch.ended.is_set()
        async with asyncio.timeout(5):
            await watch.ended.wait()

    on_server(test)


def test_only_the_first_table_names_its_columns() -> None:
    async def test(client: Client) -> None:
        async with client.watch(headers=TABLE) as (watch, events):
            watch.feed(item("ADDED", "a", 2), item("ADDED", "b", 3))
            first, second = await anext(events), await anext(events)
            assert [column["name"] for column in first["object"]["columnDefinitions"]] == ["Name", "Status", "Age"]
            assert second["object"]["columnDefinitions"] is None
            assert second["object"]["rows"][0]["cells"][0] == "b"
            assert second["object"]["metadata"] == {"resourceVersion": "3"}

    on_server(test)


def test_metadata_alone_is_watched() -> None:
    async def test(client: Client) -> None:
        async with client.watch("resourceVersion=1&allowWatchBookmarks=true", METADATA) as (watch, events):
            watch.feed(item("ADDED", "a", 2))
            assert (await anext(events))["object"]["kind"] == "PartialObjectMetadata"
            client.cluster.clock.advance(60)
            marked = (await anext(events))["object"]
            assert (marked["kind"], marked["metadata"]) == ("PartialObjectMetadata", {"resourceVersion": "2"})

    on_server(test)


def test_a_watch_is_not_served_as_yaml() -> None:
    async def test(client: Client) -> None:
        response = await client.http.get("/api/v1/pods?watch=1", headers={"accept": "application/yaml"})
        assert response.status_code == 406

    on_server(test)


def test_stopping_ends_open_watches_at_once_and_opens_no_more() -> None:
    async def test(client: Client) -> None:
        async with client.watch() as (_, events):
            async with asyncio.timeout(1):
                await client.listener.stop()
            assert [event async for event in events] == []
        answer = await client.cluster.request("GET", "/api/v1/pods?watch=true")
        assert answer.status == 503

    on_server(test)
