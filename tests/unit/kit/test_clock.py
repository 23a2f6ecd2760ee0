"""A clock calls what falls due at its own moment, in order; it runs, stands still or is moved as it is told."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fauxkube.kit.clock import Clock, ManualClock, SystemClock, VirtualClock

START = datetime(2026, 5, 1, tzinfo=UTC)


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

    def call_again() -> None:
        clock.call_later(1, lambda: calls.append(clock.monotonic()))

    clock.call_later(1, call_again)
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


def test_what_is_real_stays_so_whatever_a_virtual_clock_is_told() -> None:
    clock = VirtualClock(START, rate=0)
    assert abs(clock.real.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert (clock.now(), clock.frozen) == (START, True)


def test_a_virtual_clock_shows_real_time_unless_told_otherwise() -> None:
    clock = VirtualClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=1)
    assert not clock.frozen


def test_a_start_in_another_time_zone_is_shown_in_utc() -> None:
    clock = VirtualClock(datetime(2026, 5, 1, 2, tzinfo=timezone(timedelta(hours=2))), rate=0)
    assert (clock.now(), clock.now().utcoffset()) == (START, timedelta(0))


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    clock = VirtualClock()
    with pytest.raises(ValueError, match="a clock's rate must be 0 or more"):
        clock.set_rate(rate)
    assert clock.rate == 1


def test_a_thousandfold_clock_calls_a_thousand_times_as_soon() -> None:
    async def body(clock: VirtualClock) -> None:
        async with asyncio.timeout(5):
            await clock.sleep(30)
        assert clock.now() - START >= timedelta(seconds=30)

    run(body, rate=1000)


def test_a_clock_in_real_time_calls_not_a_moment_too_soon() -> None:
    async def body(clock: VirtualClock) -> None:
        for _ in range(5):
            began = clock.monotonic()
            await clock.sleep(0.003)
            assert clock.monotonic() - began >= 0.003

    run(body, rate=1)


def test_the_earliest_call_is_not_kept_waiting_by_a_later_one() -> None:
    async def body(clock: VirtualClock) -> None:
        calls: list[str] = []
        clock.call_later(60, lambda: calls.append("later"))
        clock.call_later(0.002, lambda: calls.append("cancelled")).cancel()
        async with asyncio.timeout(5):
            await clock.sleep(0.001)
        assert calls == []

    run(body, rate=1)


def test_freezing_stops_it_where_it_is_and_running_goes_on_from_there() -> None:
    async def body(clock: VirtualClock) -> None:
        calls: list[str] = []
        clock.call_later(0.5, lambda: calls.append("due"))
        clock.set_rate(0)
        frozen = clock.now()
        await asyncio.sleep(0.005)
        assert (clock.now(), calls) == (frozen, [])
        clock.set_rate(1000)
        async with asyncio.timeout(5):
            await clock.sleep(1)
        assert calls == ["due"]
        assert clock.now() >= frozen

    run(body, rate=1)


def test_a_clock_that_was_moved_goes_on_running_ahead_of_real_time() -> None:
    async def body(clock: VirtualClock) -> None:
        calls: list[str] = []
        clock.call_later(60, lambda: calls.append("due"))
        before = clock.now()
        clock.move_to(clock.monotonic() + 3600)
        assert calls == ["due"]
        assert timedelta(hours=1) <= clock.now() - before < timedelta(hours=1, minutes=1)
        await asyncio.wait_for(clock.sleep(0.001), 5)

    run(body, rate=1)


def test_moving_to_what_is_past_does_nothing() -> None:
    clock = VirtualClock(START, rate=0)
    clock.move_to(10)
    clock.move_to(5)
    assert clock.monotonic() == 10


def test_the_wall_clock_does_not_drift_from_the_steps_that_it_is_moved_in() -> None:
    clock = VirtualClock(START, rate=0)
    chance = random.Random(4)
    for moment in sorted(chance.uniform(0, 3600) for _ in range(10_000)):
        clock.move_to(moment)
    clock.move_to(3600)
    assert clock.now() == START + timedelta(hours=1)


def test_the_wall_clock_is_set_forward_only() -> None:
    clock = VirtualClock(START, rate=0)
    calls: list[datetime] = []
    clock.call_later(60, lambda: calls.append(clock.now()))
    clock.set_now(START + timedelta(days=1))
    assert calls == [START + timedelta(minutes=1)]
    assert clock.now() == START + timedelta(days=1)
    with pytest.raises(ValueError, match="a clock does not go back"):
        clock.set_now(START)


def test_a_call_that_fails_does_not_stop_the_clock() -> None:
    async def body(clock: VirtualClock) -> None:
        failures: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(str(context["exception"])))
        clock.call_later(0.001, lambda: (_ for _ in ()).throw(RuntimeError("bug")).__next__())
        await asyncio.wait_for(clock.sleep(0.002), 5)
        assert failures == ["bug"]

    run(body, rate=1)


@pytest.mark.parametrize("clock", [SystemClock(), VirtualClock(START, rate=0)], ids=["system", "virtual"])
def test_no_two_stamps_are_alike(clock: Clock) -> None:
    stamps = [clock.stamp() for _ in range(100)]
    assert stamps == sorted(set(stamps))
    assert abs(stamps[0] / 1e9 - clock.now().timestamp()) < 60


def test_a_fork_shows_the_same_time_and_goes_its_own_way() -> None:
    clock = VirtualClock(START, rate=0)
    calls: list[str] = []
    clock.call_later(1, lambda: calls.append("due"))
    clock.move_to(0.5)
    fork = clock.fork()
    assert (fork.now(), fork.monotonic(), fork.rate, fork.next_due()) == (clock.now(), 0.5, 0, None)
    fork.move_to(60)
    assert (calls, clock.monotonic()) == ([], 0.5)


def test_cancelled_calls_are_not_kept_until_they_would_have_been_due() -> None:
    class Held:
        def call(self) -> None: ...

    clock = VirtualClock(START, rate=0)
    held = [Held() for _ in range(1000)]
    refs = [weakref.ref(each) for each in held]
    for each in held:
        clock.call_later(3600, each.call).cancel()
    del each
    held.clear()
    gc.collect()
    assert not any(ref() for ref in refs)
    clock.call_later(7200, lambda: None)
    assert clock.next_due() == 7200


def test_a_closed_clock_makes_no_more_calls() -> None:
    async def body(clock: VirtualClock) -> None:
        calls: list[str] = []
        clock.call_later(0.001, lambda: calls.append("due"))
        clock.close()
        await asyncio.sleep(0.01)
        assert (calls, clock.next_due()) == ([], None)

    run(body, rate=1)


def run(body: Callable[[VirtualClock], Awaitable[None]], *, rate: float) -> None:
    async def main() -> None:
        await body(VirtualClock(START, rate=rate))

    asyncio.run(main())
