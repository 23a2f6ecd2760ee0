"""Events expire an hour after they were last written."""

from __future__ import annotations

import asyncio

from fauxkube.controllers.eventttl import EventTTLController
from fauxkube.kinds.gvrs import EVENTS
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import internal
from fauxkube.machinery.times import to_time
from support.control_loops import ControlLoops


def event(loops: ControlLoops, name: str) -> Object:
    now = to_time(loops.clock.now())
    return {"metadata": {"name": name, "namespace": "default"}, "lastTimestamp": now, "reason": "R", "message": "m"}


def names(loops: ControlLoops) -> list[str]:
    return [each["metadata"]["name"] for each in loops.api.all(EVENTS)]


def test_each_event_goes_an_hour_after_it_was_written() -> None:
    async def main() -> None:
        async with ControlLoops(EventTTLController) as loops:
            loops.api.seed(EVENTS, event(loops, "first"))
            await loops.advance(600)
            loops.api.seed(EVENTS, event(loops, "second"))
            await loops.settle()
            await loops.advance(2999)
            assert names(loops) == ["first", "second"]
            await loops.advance(1)
            assert names(loops) == ["second"]
            await loops.advance(600)
            assert names(loops) == []

    asyncio.run(main())


def test_an_event_that_is_counted_again_lives_on() -> None:
    async def main() -> None:
        async with ControlLoops(EventTTLController) as loops:
            loops.api.seed(EVENTS, event(loops, "again"))
            await loops.settle()
            await loops.advance(3000)
            loops.api.change(EVENTS, "default/again", {"count": 2, "lastTimestamp": to_time(loops.clock.now())})
            await loops.settle()
            await loops.advance(3599)
            assert names(loops) == ["again"]
            await loops.advance(1)
            assert names(loops) == []

    asyncio.run(main())


def test_events_from_before_the_start_expire_by_their_own_times() -> None:
    async def main() -> None:
        loops = ControlLoops(EventTTLController)
        loops.api.seed(EVENTS, event(loops, "old"))
        loops.clock.advance(3000)
        loops.api.seed(EVENTS, event(loops, "new"))
        async with loops:
            await loops.settle()
            await loops.advance(600)
            assert names(loops) == ["new"]

    asyncio.run(main())


def test_a_deletion_that_fails_is_tried_again() -> None:
    async def main() -> None:
        async with ControlLoops(EventTTLController) as loops:
            loops.api.seed(EVENTS, event(loops, "stubborn"))
            await loops.settle()
            loops.api.fail("delete", EVENTS, internal("busy"))
            await loops.advance(3600)
            assert names(loops) == ["stubborn"]
            await loops.advance(1)
            assert names(loops) == []

    asyncio.run(main())
