"""Requests that go wrong on purpose, over a real socket: what clients get, and what has happened in the cluster."""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fauxkube.machinery.objects import Object
from support.api import (
    CONFIG_MAPS,
    DEFAULT,
    MERGE_PATCH,
    answered,
    config_map,
    fresh_name,
    made,
    names,
    refused,
    told,
    watching,
)
from support.faults import FaultyServer, faulty_server
from support.waiting import until

ALL_CONFIG_MAPS = "/api/v1/configmaps"


@pytest.fixture
def http(faulty: FaultyServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=faulty.url, timeout=10) as client:
        yield client


def there(faulty: FaultyServer, name: str) -> bool:
    """Whether a config map has come to be, asked without faults."""
    faulty.heal()
    return httpx.get(f"{faulty.url}{CONFIG_MAPS}/{name}").status_code == 200


# Errors.


def test_overload_is_told_in_plain_text_with_the_time_to_retry_after(faulty: FaultyServer, http: httpx.Client) -> None:
    faulty.fault({"type": "error", "code": 429}, count=1)
    response = http.get(CONFIG_MAPS)
    assert (response.status_code, response.text) == (429, "Too many requests, please try again later.\n")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["retry-after"] == "1"
    answered(http.get(CONFIG_MAPS))


def test_an_error_says_how_long_to_wait_where_the_fault_does(faulty: FaultyServer, http: httpx.Client) -> None:
    effect = {"type": "error", "code": 503, "message": "come back later", "retryAfter": "1500ms"}
    faulty.fault(effect, resource="cm", verb="list")
    response = http.get(CONFIG_MAPS)
    assert refused(response, 503, "ServiceUnavailable", "come back later") == {"retryAfterSeconds": 2}
    assert response.headers["retry-after"] == "2"


def test_a_write_that_is_answered_an_error_is_not_done(faulty: FaultyServer, http: httpx.Client) -> None:
    name = fresh_name()
    faulty.fault({"type": "error", "code": 500}, verb="create", resource="configmaps", namespace="default")
    refused(http.post(CONFIG_MAPS, json=config_map(name)), 500, "", "etcdserver: request timed out")
    assert not there(faulty, name)


def test_a_storm_of_conflicts_names_the_object_and_ends_after_so_many(faulty: FaultyServer, http: httpx.Client) -> None:
    name = fresh_name()
    made(http, CONFIG_MAPS, config_map(name))
    fault = faulty.fault({"type": "error", "code": 409}, count=3, verb="patch", name=name)
    codes = [
        http.patch(f"{CONFIG_MAPS}/{name}", json={"data": {"n": str(n)}}, headers=MERGE_PATCH).status_code
        for n in range(5)
    ]
    assert codes == [409, 409, 409, 200, 200]
    assert faulty.hits(fault) == 3


def test_a_conflict_at_creation_names_what_was_to_be_created(faulty: FaultyServer, http: httpx.Client) -> None:
    faulty.fault({"type": "error", "code": 409}, verb="create")
    refused(http.post(CONFIG_MAPS, json=config_map("web")), 409, "AlreadyExists", 'configmaps "web" already exists')


def test_paths_without_a_resource_fail_too(faulty: FaultyServer, http: httpx.Client) -> None:
    faulty.fault({"type": "error", "code": 503}, path="/openapi/*")
    faulty.fault({"type": "error", "code": 500}, path="/readyz")
    assert http.get("/openapi/v3").status_code == 503
    assert http.get("/readyz").status_code == 500
    assert http.get("/livez").status_code == 200


def test_only_the_user_agent_that_is_named_is_hit(faulty: FaultyServer, http: httpx.Client) -> None:
    faulty.fault({"type": "error", "code": 503}, userAgent="kubectl/*")
    assert http.get(CONFIG_MAPS, headers={"user-agent": "kubectl/v1.36.0"}).status_code == 503
    assert http.get(CONFIG_MAPS).status_code == 200


def test_the_endpoints_of_the_simulation_itself_never_fail(faulty: FaultyServer, http: httpx.Client) -> None:
    faulty.fault({"type": "error", "code": 500})
    assert http.get("/version").status_code == 500
    assert http.get("/fauxkube/v1/ipam").status_code == 200


def test_chance_decides_where_a_fault_is_only_likely(faulty: FaultyServer, http: httpx.Client) -> None:
    fault = faulty.fault({"type": "error", "code": 503}, probability=0.5)
    codes = [http.get(CONFIG_MAPS).status_code for _ in range(60)]
    assert 5 < codes.count(503) < 55
    assert faulty.hits(fault) == codes.count(503)


# Delays.


def test_a_delayed_request_is_answered_once_the_time_has_passed(faulty: FaultyServer, http: httpx.Client) -> None:
    faulty.fault({"type": "latency", "delay": "200ms", "upTo": "300ms"}, resource="configmaps")
    name = fresh_name()
    started = time.monotonic()
    answered(http.post(CONFIG_MAPS, json=config_map(name, {"a": "b"})), 201)
    assert time.monotonic() - started >= 0.2
    assert there(faulty, name)


def test_a_delay_and_an_error_hit_the_same_request(faulty: FaultyServer, http: httpx.Client) -> None:
    faulty.fault({"type": "latency", "delay": 0.1})
    faulty.fault({"type": "error", "code": 500})
    started = time.monotonic()
    assert http.get(CONFIG_MAPS).status_code == 500
    assert time.monotonic() - started >= 0.1


# Connections.


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize(("when", "done"), [("request", False), ("answer", True), ("body", True)])
def test_a_connection_breaks_before_or_after_the_work_is_done(
    faulty: FaultyServer, http: httpx.Client, *, how: str, when: str, done: bool
) -> None:
    name = fresh_name()
    faulty.fault({"type": "reset", "when": when, "how": how}, verb="create", count=1)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        http.post(CONFIG_MAPS, json=config_map(name, {"text": "x" * 10_000}))
    assert there(faulty, name) is done
    answered(http.get(CONFIG_MAPS))


def asked(url: str, path: str) -> socket.socket:
    """A connection on which a path has been asked for."""
    address = httpx.URL(url)
    connection = socket.create_connection((address.host, address.port or 80), timeout=10)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


def rest_of(connection: socket.socket) -> bytes:
    """All that still comes on a connection, until its end."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def received(url: str, path: str) -> bytes:
    """All that comes back on a connection of its own."""
    return rest_of(asked(url, path))


def test_a_reset_is_a_reset_and_a_close_is_not(faulty: FaultyServer) -> None:
    faulty.fault({"type": "reset"}, count=1)
    with pytest.raises(ConnectionResetError):
        received(faulty.url, CONFIG_MAPS)
    faulty.fault({"type": "reset", "how": "close"}, count=1)
    assert received(faulty.url, CONFIG_MAPS) == b""


def test_half_of_an_answer_comes_before_the_connection_is_closed(faulty: FaultyServer) -> None:
    faulty.fault({"type": "reset", "when": "body", "how": "close"}, resource="configmaps")
    head, _, body = received(faulty.url, CONFIG_MAPS).partition(b"\r\n\r\n")
    length = int(next(line for line in head.split(b"\r\n") if line.startswith(b"content-length")).split()[1])
    assert b" 200 OK" in head
    assert len(body) == length // 2


def test_a_write_is_done_though_its_client_is_told_of_a_time_out(faulty: FaultyServer, http: httpx.Client) -> None:
    name = fresh_name()
    fault = faulty.fault("commit-then-timeout")
    answered(http.get(CONFIG_MAPS))
    refused(
        http.post(CONFIG_MAPS, json=config_map(name)),
        504,
        "Timeout",
        "Timeout: request did not complete within requested timeout - context deadline exceeded",
    )
    assert faulty.hits(fault) == 1
    assert there(faulty, name)


# Stale reads.


def data(http: httpx.Client, name: str, **query: str) -> Any:
    return answered(http.get(f"{CONFIG_MAPS}/{name}", params=query))["data"]["n"]


def versions(http: httpx.Client, count: int) -> tuple[str, list[str]]:
    """A config map of so many versions: its name, and their resource versions."""
    name = fresh_name()
    found = [made(http, CONFIG_MAPS, config_map(name, {"n": "0"}))["metadata"]["resourceVersion"]]
    for n in range(1, count):
        patched = http.patch(f"{CONFIG_MAPS}/{name}", json={"data": {"n": str(n)}}, headers=MERGE_PATCH)
        found.append(answered(patched)["metadata"]["resourceVersion"])
    return name, found


def test_a_stale_read_shows_what_was_there_some_changes_before(faulty: FaultyServer, http: httpx.Client) -> None:
    name, revisions = versions(http, 3)
    made(http, f"{DEFAULT}/secrets", {"metadata": {"name": fresh_name()}})
    faulty.fault({"type": "stale", "changes": 2}, resource="configmaps")
    assert data(http, name) == "0"
    listed = answered(http.get(CONFIG_MAPS))
    assert int(revisions[0]) <= int(listed["metadata"]["resourceVersion"]) < int(revisions[1])
    assert [item["data"]["n"] for item in listed["items"] if item["metadata"]["name"] == name] == ["0"]
    made(http, CONFIG_MAPS, config_map(fresh_name()))
    assert data(http, name) == "1"


def test_a_stale_read_is_not_older_than_what_the_client_asks_for(faulty: FaultyServer, http: httpx.Client) -> None:
    name, revisions = versions(http, 3)
    faulty.fault({"type": "stale", "changes": 2}, resource="configmaps")
    assert data(http, name, resourceVersion=revisions[1]) == "1"
    assert data(http, name, resourceVersion="0") == "0"
    exact = {"resourceVersion": revisions[2], "resourceVersionMatch": "Exact"}
    assert answered(http.get(CONFIG_MAPS, params=exact))["metadata"]["resourceVersion"] == revisions[2]


def test_a_stale_read_does_not_know_what_has_just_come_and_still_knows_what_has_gone(
    faulty: FaultyServer, http: httpx.Client
) -> None:
    name = fresh_name()
    made(http, CONFIG_MAPS, config_map(name))
    faulty.fault({"type": "stale"}, verb=["get", "list"])
    refused(http.get(f"{CONFIG_MAPS}/{name}"), 404, "NotFound", f'configmaps "{name}" not found')
    assert name not in names(answered(http.get(CONFIG_MAPS)))
    answered(http.delete(f"{CONFIG_MAPS}/{name}"))
    answered(http.get(f"{CONFIG_MAPS}/{name}"))


def test_a_stale_read_may_be_so_long_behind(faulty: FaultyServer, http: httpx.Client) -> None:
    name = fresh_name()
    made(http, CONFIG_MAPS, config_map(name))
    answered(http.post("/fauxkube/v1/clock/advance", json={"seconds": 60}))
    answered(http.patch(f"{CONFIG_MAPS}/{name}", json={"data": {"n": "1"}}, headers=MERGE_PATCH))
    faulty.fault({"type": "stale", "age": "30s"}, verb="get", name=name)
    assert "data" not in answered(http.get(f"{CONFIG_MAPS}/{name}"))
    answered(http.post("/fauxkube/v1/clock/advance", json={"seconds": 60}))
    assert data(http, name) == "1"


def test_a_list_that_goes_on_page_by_page_stays_at_the_stale_revision(faulty: FaultyServer, http: httpx.Client) -> None:
    for _ in range(4):
        made(http, CONFIG_MAPS, config_map(fresh_name()))
    faulty.fault({"type": "stale", "changes": 2}, verb="list")
    first = answered(http.get(CONFIG_MAPS, params={"limit": "1"}))
    rest = answered(http.get(CONFIG_MAPS, params={"continue": first["metadata"]["continue"]}))
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_watch_out_of_a_stale_cache_begins_with_the_past_and_catches_up(
    faulty: FaultyServer, http: httpx.Client
) -> None:
    name, revisions = versions(http, 3)
    faulty.fault({"type": "stale", "changes": 2}, verb="watch")
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    with watching(http, CONFIG_MAPS, fieldSelector=f"metadata.name={name}", **query) as events:
        seen = [(each["type"], each["object"]["metadata"]["resourceVersion"]) for each in itertools.islice(events, 4)]
    assert seen == [
        ("ADDED", revisions[0]),
        ("BOOKMARK", revisions[0]),
        ("MODIFIED", revisions[1]),
        ("MODIFIED", revisions[2]),
    ]


# Watches.


def changing(http: httpx.Client, count: int) -> tuple[str, dict[str, str]]:
    """So many versions of a config map, and the query of a watch that tells them all."""
    before = answered(http.get(ALL_CONFIG_MAPS))["metadata"]["resourceVersion"]
    name, _ = versions(http, count)
    return name, {"resourceVersion": before, "fieldSelector": f"metadata.name={name}"}


def test_a_watch_ends_after_so_many_events(faulty: FaultyServer, http: httpx.Client) -> None:
    name, query = changing(http, 4)
    faulty.fault({"type": "watch-drop", "afterEvents": 2}, count=1)
    with watching(http, CONFIG_MAPS, **query) as events:
        assert list(told(events, 5)) == [("ADDED", name), ("MODIFIED", name)]
    with watching(http, CONFIG_MAPS, **query) as events:
        assert len(told(events, 4)) == 4


def test_a_watch_ends_after_some_time(faulty: FaultyServer, http: httpx.Client) -> None:
    _, query = changing(http, 2)
    faulty.fault({"type": "watch-drop", "afterTime": "100ms"})
    started = time.monotonic()
    with watching(http, CONFIG_MAPS, **query) as events:
        assert len(list(events)) == 2
    assert 0.1 <= time.monotonic() - started < 5


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_watch_breaks_off(faulty: FaultyServer, http: httpx.Client, how: str) -> None:
    _, query = changing(http, 2)
    faulty.fault({"type": "watch-drop", "afterTime": "50ms", "how": how})
    with (
        pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)),
        watching(http, CONFIG_MAPS, **query) as events,
    ):
        list(events)


@pytest.mark.parametrize("after", [0, 1])
def test_a_watch_is_told_that_its_history_is_gone(faulty: FaultyServer, http: httpx.Client, after: int) -> None:
    _, query = changing(http, 3)
    faulty.fault({"type": "watch-expired", "afterEvents": after})
    with watching(http, CONFIG_MAPS, **query) as events:
        *before, last = events
    assert len(before) == after
    status = last["object"]
    assert (last["type"], status["code"], status["reason"]) == ("ERROR", 410, "Expired")
    assert status["message"] == "The resourceVersion for the provided watch is too old."


def test_a_silent_watch_stays_open_and_tells_nothing(faulty: FaultyServer, http: httpx.Client) -> None:
    _, query = changing(http, 3)
    faulty.fault({"type": "watch-silence", "afterEvents": 1})
    query |= {"allowWatchBookmarks": "true", "timeoutSeconds": "1"}
    started = time.monotonic()
    with watching(http, CONFIG_MAPS, **query) as events:
        assert len(list(events)) == 1
    assert time.monotonic() - started >= 1


def test_a_watch_that_was_silent_tells_what_it_missed_once_the_fault_is_over(
    faulty: FaultyServer, http: httpx.Client
) -> None:
    name, query = changing(http, 3)
    fault = faulty.fault({"type": "watch-silence", "afterEvents": 1})
    with watching(http, CONFIG_MAPS, **query) as events:
        assert told(events, 1) == [("ADDED", name)]
        assert faulty.hits(fault) == 1
        answered(http.delete(f"{CONFIG_MAPS}/{name}"))
        faulty.heal()
        assert told(events, 3) == [("MODIFIED", name), ("MODIFIED", name), ("DELETED", name)]


def test_a_state_that_would_not_be_told_to_its_end_is_not_begun(faulty: FaultyServer, http: httpx.Client) -> None:
    for _ in range(3):
        made(http, CONFIG_MAPS, config_map(fresh_name()))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    faulty.fault({"type": "watch-drop", "afterEvents": 2}, count=1)
    with watching(http, CONFIG_MAPS, **query) as events:
        assert list(events) == []
    faulty.fault({"type": "watch-silence", "afterEvents": 2})
    with watching(http, CONFIG_MAPS, **query) as events:
        faulty.heal()
        assert [event["type"] for event in itertools.islice(events, 4)].count("ADDED") >= 3


def test_events_come_late(faulty: FaultyServer, http: httpx.Client) -> None:
    _, query = changing(http, 2)
    faulty.fault({"type": "watch-delay", "delay": "150ms"})
    started = time.monotonic()
    with watching(http, CONFIG_MAPS, **query) as events:
        assert len(told(events, 2)) == 2
        assert time.monotonic() - started >= 0.15


def test_events_come_twice_in_their_order(faulty: FaultyServer, http: httpx.Client) -> None:
    name, query = changing(http, 2)
    faulty.fault("watch-duplicates")
    with watching(http, CONFIG_MAPS, **query) as events:
        assert told(events, 4) == [("ADDED", name), ("ADDED", name), ("MODIFIED", name), ("MODIFIED", name)]


def bookmarks(events: Iterator[Object]) -> list[Object]:
    return [event for event in events if event["type"] == "BOOKMARK"]


def test_bookmarks_come_as_often_as_told_and_never_promise_what_is_held_back(
    faulty: FaultyServer, http: httpx.Client
) -> None:
    name, query = changing(http, 2)
    faulty.fault({"type": "bookmarks", "every": "50ms"})
    faulty.fault({"type": "watch-delay", "delay": "500ms"})
    query |= {"allowWatchBookmarks": "true", "timeoutSeconds": "1"}
    with watching(http, CONFIG_MAPS, **query) as events:
        seen = [(event["type"], int(event["object"]["metadata"]["resourceVersion"])) for event in events]
    first = next(index for index, (kind, _) in enumerate(seen) if kind == "ADDED")
    assert first >= 3
    assert {revision for _, revision in seen[:first]} == {int(query["resourceVersion"])}
    assert [revision for _, revision in seen] == sorted(revision for _, revision in seen)
    assert seen[-1][0] == "BOOKMARK"
    assert name


def test_bookmarks_may_never_come(faulty: FaultyServer, http: httpx.Client) -> None:
    _, query = changing(http, 1)
    faulty.fault({"type": "bookmarks"})
    query |= {"allowWatchBookmarks": "true", "timeoutSeconds": "1"}
    with watching(http, CONFIG_MAPS, **query) as events:
        assert not bookmarks(events)


def test_faults_of_watches_leave_other_requests_alone(faulty: FaultyServer, http: httpx.Client) -> None:
    fault = faulty.fault("watch-drop")
    answered(http.get(CONFIG_MAPS))
    answered(http.post(CONFIG_MAPS, json=config_map(fresh_name())), 201)
    assert faulty.hits(fault) == 0


# Closing.


def test_a_server_that_closes_ends_delays_and_silent_watches_at_once() -> None:
    with faulty_server() as server, httpx.Client(base_url=server.url, timeout=10) as http:
        delayed = server.fault({"type": "latency", "delay": "1h"}, verb="list")
        silent = server.fault({"type": "watch-silence"})
        late = server.fault({"type": "watch-delay", "delay": "1h"}, name="late")
        late_path = "/api/v1/watch/namespaces/default/configmaps/late"
        paths = (CONFIG_MAPS, f"{CONFIG_MAPS}?watch=1", late_path)
        connections = [asked(server.url, path) for path in paths]
        until(lambda: all(server.hits(each) for each in (delayed, silent, late)))
        assert http.get("/livez").status_code == 200
        started = time.monotonic()
    assert time.monotonic() - started < 3
    answers = [rest_of(connection) for connection in connections]
    assert answers[0].startswith(b"HTTP/1.1 200 OK")
    assert json.loads(answers[0].partition(b"\r\n\r\n")[2])["kind"] == "ConfigMapList"
