"""Watches over HTTP: where they start, what they tell, in which order, and how they end."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from fauxkube.cluster.settings import Settings
from fauxkube.machinery.objects import Object
from support.api import (
    CONFIG_MAPS,
    CORE,
    DEFAULT,
    MERGE_PATCH,
    SERVICES,
    answered,
    config_map,
    fresh_name,
    made,
    refused,
    revision,
    service,
    told,
    watching,
)
from support.thread import served_cluster

BOTH = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}


@pytest.fixture
def path(shared_http: httpx.Client) -> str:
    """The config maps of a namespace of the test's own, of which `first` is there."""
    name = fresh_name()
    made(shared_http, f"{CORE}/namespaces", {"metadata": {"name": name}})
    path = f"{CORE}/namespaces/{name}/configmaps"
    made(shared_http, path, config_map("first"))
    return path


@pytest.mark.parametrize("start", [{}, {"resourceVersion": "0"}])
def test_without_a_revision_the_state_so_far_comes_first(
    shared_http: httpx.Client, path: str, start: dict[str, str]
) -> None:
    with watching(shared_http, path, **start) as events:
        assert told(events, 1) == [("ADDED", "first")]
        made(shared_http, path, config_map("second"))
        assert told(events, 1) == [("ADDED", "second")]


def test_from_a_revision_everything_after_it_is_told_once_in_order(shared_http: httpx.Client, path: str) -> None:
    before = revision(shared_http)
    made(shared_http, path, config_map("second"))
    shared_http.patch(f"{path}/first", json={"data": {"a": "1"}}, headers=MERGE_PATCH)
    with watching(shared_http, path, resourceVersion=before) as events:
        shared_http.delete(f"{path}/first")
        made(shared_http, path, config_map("third"))
        listed = list(itertools.islice(events, 4))
    assert [(each["type"], each["object"]["metadata"]["name"]) for each in listed] == [
        ("ADDED", "second"),
        ("MODIFIED", "first"),
        ("DELETED", "first"),
        ("ADDED", "third"),
    ]
    versions = [int(each["object"]["metadata"]["resourceVersion"]) for each in listed]
    assert versions == sorted(set(versions))
    assert versions[0] > int(before)
    assert listed[2]["object"]["data"] == {"a": "1"}


def test_an_event_carries_the_object_as_a_read_gives_it(shared_http: httpx.Client, path: str) -> None:
    with watching(shared_http, path) as events:
        event = next(events)
    assert event == {"type": "ADDED", "object": answered(shared_http.get(f"{path}/first"))}


def test_selectors_make_objects_come_and_go(shared_http: httpx.Client, path: str) -> None:
    def label(value: str | None, **data: str) -> Object:
        body = {"metadata": {"labels": {"team": value}}, "data": data}
        return answered(shared_http.patch(f"{path}/first", json=body, headers=MERGE_PATCH))

    start = revision(shared_http)
    with watching(shared_http, path, resourceVersion=start, labelSelector="team=blue") as events:
        label("red")
        label("blue")
        label("blue", a="1")
        last = label("red", a="1")
        label("red", a="2")
        label("blue", a="2")
        shared_http.delete(f"{path}/first")
        listed = list(itertools.islice(events, 5))
    assert [each["type"] for each in listed] == ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"]
    gone = listed[2]["object"]
    assert gone["metadata"]["labels"] == {"team": "blue"}
    assert gone["metadata"]["resourceVersion"] == last["metadata"]["resourceVersion"]


def test_a_field_selector_watches_one_object(shared_http: httpx.Client, path: str) -> None:
    with watching(shared_http, path, fieldSelector="metadata.name=second") as events:
        made(shared_http, path, config_map("third"))
        made(shared_http, path, config_map("second"))
        assert told(events, 1) == [("ADDED", "second")]


def test_the_old_watch_paths_do_the_same(shared_http: httpx.Client, path: str) -> None:
    namespaced = path.removeprefix(CORE)
    for old in (f"{CORE}/watch{namespaced}", f"{CORE}/watch{namespaced}/first"):
        with watching(shared_http, old) as events:
            assert told(events, 1) == [("ADDED", "first")]


def test_the_state_so_far_ends_with_a_marked_bookmark(shared_http: httpx.Client, path: str) -> None:
    with watching(shared_http, path, **BOTH) as events:
        added, mark = itertools.islice(events, 2)
        made(shared_http, path, config_map("second"))
        assert told(events, 1) == [("ADDED", "second")]
    assert added["type"] == "ADDED"
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert mark["object"].keys() == {"kind", "apiVersion", "metadata"}


def test_no_initial_events_means_none(shared_http: httpx.Client, path: str) -> None:
    query = {"sendInitialEvents": "false", "resourceVersionMatch": "NotOlderThan"}
    with watching(shared_http, path, **query) as events:
        made(shared_http, path, config_map("second"))
        assert told(events, 1) == [("ADDED", "second")]


def test_a_watch_ends_when_its_time_is_up_with_a_last_bookmark(shared_http: httpx.Client, path: str) -> None:
    query = {"timeoutSeconds": "1", "allowWatchBookmarks": "true"}
    with watching(shared_http, path, **query) as events:
        ended = list(events)
    assert [each["type"] for each in ended] == ["ADDED", "BOOKMARK"]
    assert int(ended[-1]["object"]["metadata"]["resourceVersion"]) <= int(revision(shared_http))


def test_without_bookmarks_there_are_none(shared_http: httpx.Client, path: str) -> None:
    with watching(shared_http, path, timeoutSeconds="1") as events:
        assert [each["type"] for each in events] == ["ADDED"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"sendInitialEvents": "true"},
         "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ({"resourceVersionMatch": "NotOlderThan"},
         "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
    ],
)  # fmt: skip
def test_combinations_that_make_no_sense_are_refused(
    shared_http: httpx.Client, query: dict[str, str], message: str
) -> None:
    response = shared_http.get(CONFIG_MAPS, params={"watch": "1", **query})
    refused(response, 422, "Invalid", f'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: {message}')


def test_a_watch_from_the_future_is_told_so_in_the_stream(shared_http: httpx.Client) -> None:
    with watching(shared_http, CONFIG_MAPS, resourceVersion="999999") as events:
        (event,) = events
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 504, "Timeout")


def test_all_watchers_are_told_the_same_in_the_same_order(http: httpx.Client) -> None:
    start, writers, each = revision(http), 4, 25
    total = writers * each

    def watch(_: int) -> list[str]:
        with httpx.Client(base_url=http.base_url) as own, watching(own, CONFIG_MAPS, resourceVersion=start) as events:
            return [event["object"]["metadata"]["resourceVersion"] for event in itertools.islice(events, total)]

    def write(writer: int) -> None:
        with httpx.Client(base_url=http.base_url) as own:
            for n in range(each):
                made(own, CONFIG_MAPS, config_map(f"w{writer}-{n}"))

    with ThreadPoolExecutor(2 * writers) as pool:
        watches = [pool.submit(watch, n) for n in range(4)]
        for done in [pool.submit(write, n) for n in range(writers)]:
            done.result()
        orders = [done.result() for done in watches]
    assert len(orders[0]) == total
    assert all(order == orders[0] for order in orders)
    assert [int(each) for each in orders[0]] == sorted({int(each) for each in orders[0]})


def test_a_list_and_a_watch_from_it_miss_and_repeat_nothing(http: httpx.Client) -> None:
    stop = threading.Event()

    def write() -> int:
        with httpx.Client(base_url=http.base_url) as own:
            for n in itertools.count():
                made(own, CONFIG_MAPS, config_map(f"c{n}"))
                if stop.is_set():
                    return n + 1
        raise AssertionError

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        listed: list[Object] = []
        while len(listed) < 10:
            page = answered(http.get(CONFIG_MAPS))
            listed = page["items"]
        with watching(http, CONFIG_MAPS, resourceVersion=page["metadata"]["resourceVersion"]) as events:
            stop.set()
            count = writing.result()
            rest = told(events, count - len(listed))
    seen = [item["metadata"]["name"] for item in listed] + [name for _, name in rest]
    assert sorted(seen) == sorted(f"c{n}" for n in range(count))


def test_tables_are_watched_row_by_row(shared_http: httpx.Client, path: str) -> None:
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    made(shared_http, path, config_map("second"))
    with shared_http.stream("GET", path, params={"watch": "1"}, headers=accept) as response:
        lines = response.iter_lines()
        first, second = (httpx.Response(200, content=next(lines)).json() for _ in range(2))
    assert [each["name"] for each in first["object"]["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert first["object"]["rows"][0]["cells"][0] == "first"
    assert second["object"]["columnDefinitions"] is None


def test_deleted_services_are_told_with_their_last_state(shared_http: httpx.Client) -> None:
    name = fresh_name()
    last = made(shared_http, SERVICES, service(name))
    start = revision(shared_http)
    shared_http.delete(f"{SERVICES}/{name}")
    with watching(shared_http, SERVICES, resourceVersion=start, fieldSelector=f"metadata.name={name}") as events:
        event = next(events)
    assert event["type"] == "DELETED"
    assert event["object"]["spec"] == last["spec"]
    assert int(event["object"]["metadata"]["resourceVersion"]) > int(start)


def test_events_are_watched_as_what_they_are_asked_for(shared_http: httpx.Client) -> None:
    name = fresh_name()
    body = {"metadata": {"name": name}, "involvedObject": {"namespace": "default"}, "reason": "Test"}
    made(shared_http, f"{DEFAULT}/events", body)
    found = []
    for path in (f"{DEFAULT}/events", "/apis/events.k8s.io/v1/namespaces/default/events"):
        with watching(shared_http, path, fieldSelector=f"metadata.name={name}") as events:
            found.append(next(events)["object"]["apiVersion"])
    assert found == ["v1", "events.k8s.io/v1"]


# What has been compacted


@pytest.fixture
def forgetful() -> Iterator[httpx.Client]:
    """A server that remembers only the newest 32 changes."""
    with served_cluster(Settings(history=32)) as url, httpx.Client(base_url=url) as http:
        yield http


def test_what_has_been_compacted_is_gone(forgetful: httpx.Client) -> None:
    http = forgetful
    for n in range(3):
        made(http, CONFIG_MAPS, config_map(f"c{n}"))
    page = answered(http.get(CONFIG_MAPS, params={"limit": "1"}))["metadata"]
    for n in range(50):
        made(http, CONFIG_MAPS, config_map(f"d{n}"))
    with watching(http, CONFIG_MAPS, resourceVersion="1") as events:
        (event,) = events
    status = event["object"]
    assert (event["type"], status["kind"], status["code"], status["reason"]) == ("ERROR", "Status", 410, "Expired")
    assert status["message"].startswith("too old resource version: 1 (")
    exact = {"resourceVersion": page["resourceVersion"], "resourceVersionMatch": "Exact"}
    refused(http.get(CONFIG_MAPS, params=exact), 410, "Expired")
    expired = http.get(CONFIG_MAPS, params={"limit": "2", "continue": page["continue"]})
    body = answered(expired, 410)
    assert body["reason"] == "Expired"
    assert body["message"].startswith("The provided continue parameter is too old to display a consistent list result.")
    rest = answered(http.get(CONFIG_MAPS, params={"limit": "2", "continue": body["metadata"]["continue"]}))
    assert [item["metadata"]["name"] for item in rest["items"]] == ["c1", "c2"]
    assert int(rest["metadata"]["resourceVersion"]) > int(page["resourceVersion"])
