"""The newer kind of events: a moment and an action, and a series of what repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from fauxkube.client.event_series import SeriesRecorder
from fauxkube.kinds.gvrs import EVENTS
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import ManualClock
from fauxkube.machinery.objects import Object
from support.fake_api import FakeApi

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7"},
    "spec": {},
}
Say = Callable[[str], Awaitable[None]]


def recorded(body: Callable[[Say, ManualClock], Awaitable[None]]) -> list[Object]:
    """The events that there are after `body` had the scheduler say things of a pod."""
    clock = ManualClock(datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))
    api = FakeApi(clock)

    async def main() -> None:
        recorder = SeriesRecorder(api, "default-scheduler", clock, Chance(1), "control-plane")

        async def say(message: str) -> None:
            recorder.event(POD, "Warning", "FailedScheduling", message, action="Scheduling")
            await recorder.flush()

        await body(say, clock)
        await recorder.close()

    asyncio.run(main())
    return list(api.all(EVENTS))


def test_an_event_has_a_moment_an_action_and_an_instance_that_reports_it() -> None:
    async def body(say: Say, clock: ManualClock) -> None:
        await say("no node")

    (event,) = recorded(body)
    assert event["eventTime"] == "2026-01-02T03:04:05.678901Z"
    assert (event["action"], event["reason"], event["type"]) == ("Scheduling", "FailedScheduling", "Warning")
    assert event["reportingComponent"] == "default-scheduler"
    assert event["reportingInstance"] == "default-scheduler-control-plane"
    assert event["involvedObject"]["name"] == "web"
    assert not {"count", "firstTimestamp", "lastTimestamp", "source"} & {name for name, value in event.items() if value}


def test_the_same_again_is_a_series_of_two_under_its_first_message() -> None:
    async def body(say: Say, clock: ManualClock) -> None:
        await say("no node")
        clock.advance(10)
        await say("still no node")
        clock.advance(10)
        await say("nor now")

    (event,) = recorded(body)
    assert event["message"] == "no node"
    assert event["series"] == {"count": 2, "lastObservedTime": "2026-01-02T03:04:15.678901Z"}


def test_a_series_that_lasts_is_told_again_after_half_an_hour() -> None:
    async def body(say: Say, clock: ManualClock) -> None:
        for _ in range(9):
            await say("no node")
            clock.advance(300)

    (event,) = recorded(body)
    assert event["series"] == {"count": 8, "lastObservedTime": "2026-01-02T03:39:05.678901Z"}


def test_what_was_not_seen_for_long_is_a_new_event() -> None:
    async def body(say: Say, clock: ManualClock) -> None:
        await say("no node")
        clock.advance(400)
        await say("no node")

    assert len(recorded(body)) == 2
