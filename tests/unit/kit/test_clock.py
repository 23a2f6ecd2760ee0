"""A manual clock stands still until it is moved, and calls what falls due at its own moment, in order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from fauxkube.kit.clock import ManualClock, SystemClock


def test_it_stands_still() -> None:
    clock = ManualClock(datetime(2026, 5, 1, tzinfo=UTC))
    assert (clock.now(), clock.monotonic()) == (clock.now(), clock.monotonic())


def test_what_falls_due_is_called_in_order_at_its_own_moment() -> None:
    clock = ManualClock()
    calls: list[tuple[str, float]] = []
    clock.call_later(3, lambda: calls.append(("third", clock.monotonic())))
    clock.call_later(1, lambda: calls.append(("first", clock.monotonic())))
    clock.call_later(1, lambda: calls.append(("second", clock.monotonic())))
    clock.call_later(9, lambda: calls.append(("late", clock.monotonic())))
    clock.advance(5)
    assert calls == [("first", 1), ("second", 1), ("third", 3)]
    assert clock.monotonic() == 5


def test_a_call_made_on_the_way_is_called_if_it_falls_due_too() -> None:
    clock = ManualClock()
    calls: list[float] = []
    clock.call_later(1, lambda: clock.call_later(1, lambda: calls.append(clock.monotonic())) and None)
    clock.advance(2)
    assert calls == [2]


def test_a_cancelled_call_is_not_made() -> None:
    clock = ManualClock()
    calls: list[str] = []
    clock.call_later(1, lambda: calls.append("kept"))
    clock.call_later(1, lambda: calls.append("cancelled")).cancel()
    clock.advance(1)
    assert calls == ["kept"]


def test_a_sleeper_wakes_when_its_time_has_come() -> None:
    async def scenario() -> None:
        clock = ManualClock()
        sleeper = asyncio.create_task(clock.sleep(10))
        await asyncio.sleep(0)
        clock.advance(9.9)
        await asyncio.sleep(0)
        assert not sleeper.done()
        clock.advance(0.2)
        await asyncio.wait_for(sleeper, 1)

    asyncio.run(scenario())


def test_moving_it_moves_both_of_its_times() -> None:
    clock = ManualClock()
    before = clock.now()
    clock.advance(90)
    assert clock.now() - before == timedelta(seconds=90)


def test_the_systems_time_is_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
