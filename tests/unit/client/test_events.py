"""Events as a component records them and as the server gets them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.client.events import QUEUE_MAX, EventRecorder, reference_to
from fauxkube.kinds.gvrs import EVENTS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import ManualClock
from fauxkube.machinery.objects import GVR, Object, name_of
from fauxkube.machinery.status import forbidden, internal, not_found
from support.fake_api import FakeApi

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7", "labels": {"a": "b"}},
    "spec": {},
}
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "uid": "node-1"}}


def run(
    body: Callable[[FakeApi, EventRecorder, ManualClock], Awaitable[None]],
    *,
    host: str = "",
    api: FakeApi | None = None,
    seed: int | None = None,
) -> FakeApi:
    clock = ManualClock(datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))
    server = api or FakeApi(clock)

    async def main() -> None:
        recorder = EventRecorder(server, "kubelet", clock, Chance(seed), host)
        await body(server, recorder, clock)
        await recorder.close()
        assert recorder.idle

    asyncio.run(main())
    return server


def test_with_a_seed_an_events_name_does_not_depend_on_what_else_was_told() -> None:
    async def alone(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        recorder.event(POD, "Normal", "Started", "Started container c")

    async def second(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        recorder.event(NODE, "Normal", "Starting", "Starting kubelet.")
        clock.advance(1)
        recorder.event(POD, "Normal", "Started", "Started container c")

    names = [{name_of(event) for event in run(body, seed=7).all(EVENTS)} for body in (alone, second)]
    assert len(names[0]) == 1
    assert names[0] < names[1]


def test_an_event_says_what_happened_to_whom_and_who_says_so() -> None:
    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        recorder.event(POD, "Normal", "Started", "Started container c", field_path="spec.containers{c}")
        await recorder.flush()

    [event] = run(body, host="node-1").all(EVENTS)
    stamp = int(datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC).timestamp() * 1_000_000) * 1000
    metadata = event.pop("metadata")
    assert (metadata["name"], metadata["namespace"]) == (f"web.{stamp:016x}", "shop")
    assert event == {
        "apiVersion": "v1",
        "kind": "Event",
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": "shop",
            "name": "web",
            "uid": "u1",
            "resourceVersion": "7",
            "fieldPath": "spec.containers{c}",
        },
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": "2026-01-02T03:04:05Z",
        "lastTimestamp": "2026-01-02T03:04:05Z",
        "count": 1,
        "type": "Normal",
        "reason": "Started",
        "message": "Started container c",
        "reportingComponent": "kubelet",
        "reportingInstance": "node-1",
    }


def test_events_of_cluster_scoped_objects_go_to_the_default_namespace() -> None:
    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        recorder.event(NODE, "Normal", "NodeReady", "Node node-1 status is now: NodeReady", related=POD)

    [event] = run(body).all(EVENTS)
    assert event["metadata"]["namespace"] == "default"
    assert "namespace" not in event["involvedObject"]
    assert event["source"] == {"component": "kubelet"}
    assert event["related"] == reference_to(POD)


def test_two_events_of_one_moment_have_two_names() -> None:
    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        recorder.event(POD, "Normal", "Pulling", "a")
        recorder.event(POD, "Normal", "Pulled", "b")

    assert [event["reason"] for event in run(body).all(EVENTS)] == ["Pulling", "Pulled"]


def test_an_object_whose_name_makes_no_events_name_gets_a_uuid() -> None:
    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a:b"}}
        recorder.event(role, "Normal", "R", "m")

    [event] = run(body).all(EVENTS)
    assert len(event["metadata"]["name"]) == 36


def test_a_repeated_event_raises_the_count_of_the_first() -> None:
    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        for _ in range(3):
            recorder.event(POD, "Warning", "BackOff", "again")
            await recorder.flush()
            clock.advance(10)

    api = run(body)
    [event] = api.all(EVENTS)
    assert event["count"] == 3
    assert event["firstTimestamp"] == "2026-01-02T03:04:05Z"
    assert event["lastTimestamp"] == "2026-01-02T03:04:25Z"
    assert [verb for verb, _, _ in api.calls] == ["create", "patch", "patch"]


def test_repeats_that_wait_together_are_one_write() -> None:
    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        for _ in range(5):
            recorder.event(POD, "Warning", "BackOff", "again")

    api = run(body)
    assert [event["count"] for event in api.all(EVENTS)] == [5]
    assert len(api.calls) == 1


def test_a_repeat_of_an_event_that_is_gone_is_written_anew() -> None:
    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        recorder.event(POD, "Warning", "BackOff", "again")
        await recorder.flush()
        [event] = api.all(EVENTS)
        api.remove(EVENTS, f"shop/{event['metadata']['name']}")
        recorder.event(POD, "Warning", "BackOff", "again")

    [event] = run(body).all(EVENTS)
    assert event["count"] == 2


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (forbidden("events", "", "namespace is being terminated"), None),
        (not_found("namespaces", "shop"), None),
        (internal("disk full"), "WARNING"),
    ],
)
def test_an_event_that_cannot_be_written_is_dropped(
    error: Exception, level: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        api.fail("create", EVENTS, error)  # type: ignore[arg-type]
        recorder.event(POD, "Normal", "Lost", "m")
        await recorder.flush()
        recorder.event(POD, "Normal", "Kept", "m")

    with caplog.at_level(logging.INFO):
        api = run(body)
    assert [event["reason"] for event in api.all(EVENTS)] == ["Kept"]
    assert [record.levelname for record in caplog.records] == ([level] if level else [])


class Stuck(FakeApi):
    """Answers no create before `release`, or fails in a way that no server does."""

    def __init__(self, *, bug: bool = False) -> None:
        super().__init__()
        self.release = asyncio.Event()
        self.bug = bug

    async def create(self, gvr: GVR, obj: Object, **options: Any) -> Object:
        if self.bug:
            raise TypeError("bug")
        await self.release.wait()
        return await super().create(gvr, obj, **options)


def test_a_slow_server_blocks_nobody_and_what_is_too_much_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    server = Stuck()

    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        recorder.event(POD, "Normal", "First", "m")
        await asyncio.sleep(0)
        for _ in range(QUEUE_MAX):
            recorder.event(POD, "Normal", "More", "m")
        assert not caplog.records
        recorder.event(POD, "Normal", "TooMuch", "m")
        assert [record.getMessage() for record in caplog.records] == [
            "unable to record event: too many queued events, dropped TooMuch of web"
        ]
        server.release.set()

    run(body, api=server)
    assert "TooMuch" not in {event["reason"] for event in server.all(EVENTS)}


def test_close_does_not_wait_for_a_server_that_does_not_answer() -> None:
    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        recorder.event(POD, "Normal", "First", "m")
        await asyncio.sleep(0)
        await recorder.close()
        recorder.event(POD, "Normal", "Late", "m")
        assert recorder.idle

    assert run(body, api=Stuck()).all(EVENTS) == []


def test_a_bug_in_the_client_is_loud_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    server = Stuck(bug=True)

    async def body(api: FakeApi, recorder: EventRecorder, clock: ManualClock) -> None:
        recorder.event(POD, "Normal", "First", "m")
        await recorder.flush()
        server.bug = False
        server.release.set()
        recorder.event(POD, "Normal", "Second", "m")

    assert [event["reason"] for event in run(body, api=server).all(EVENTS)] == ["Second"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
