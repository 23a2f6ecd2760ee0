"""The work queue's promises, on a clock that stands still."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.kit.backoff import Backoff
from fauxkube.kit.clock import ManualClock
from fauxkube.kit.workqueue import Closed, WorkQueue


def run(body: Callable[[WorkQueue, ManualClock], Awaitable[None]]) -> None:
    async def main() -> None:
        clock = ManualClock()
        await body(WorkQueue(clock, Backoff(base=1, cap=100)), clock)

    asyncio.run(main())


def test_a_key_waits_once_and_keys_keep_their_order() -> None:
    async def body(queue: WorkQueue, clock: ManualClock) -> None:
        for key in ("b", "a", "b"):
            queue.add(key)
        assert len(queue) == 2
        assert [await queue.get(), await queue.get()] == ["b", "a"]

    run(body)


def test_a_key_added_while_in_process_comes_again_after_done() -> None:
    async def body(queue: WorkQueue, clock: ManualClock) -> None:
        queue.add("a")
        assert await queue.get() == "a"
        queue.add("a")
        queue.add("a")
        waiting = asyncio.ensure_future(queue.get())
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.done("a")
        assert await waiting == "a"
        queue.done("a")
        assert queue.idle

    run(body)


def test_idle_means_nothing_waits_and_nothing_is_in_process() -> None:
    async def body(queue: WorkQueue, clock: ManualClock) -> None:
        assert queue.idle
        queue.add("a")
        assert not queue.idle
        await queue.get()
        assert not queue.idle
        queue.done("a")
        assert queue.idle

    run(body)


def test_of_several_later_moments_the_earliest_counts() -> None:
    async def body(queue: WorkQueue, clock: ManualClock) -> None:
        queue.add_after("a", 10)
        queue.add_after("a", 5)
        queue.add_after("a", 20)
        clock.advance(4.9)
        assert len(queue) == 0
        clock.advance(0.2)
        assert await queue.get() == "a"
        queue.done("a")
        clock.advance(100)
        assert queue.idle

    run(body)


def test_the_pause_grows_with_every_failure_until_forgotten() -> None:
    async def body(queue: WorkQueue, clock: ManualClock) -> None:
        for pause in (1, 2, 4):
            queue.add_rate_limited("a")
            clock.advance(pause - 0.1)
            assert len(queue) == 0
            clock.advance(0.1)
            queue.done(await queue.get())
        queue.forget("a")
        queue.add_rate_limited("a")
        clock.advance(1)
        assert len(queue) == 1

    run(body)


def test_no_time_at_all_adds_at_once() -> None:
    async def body(queue: WorkQueue, clock: ManualClock) -> None:
        queue.add_after("a", 0)
        assert len(queue) == 1

    run(body)


def test_close_hands_out_what_waits_and_then_wakes_everyone_with_closed() -> None:
    async def body(queue: WorkQueue, clock: ManualClock) -> None:
        queue.add("a")
        queue.add_after("later", 1)
        queue.close()
        queue.close()
        queue.add("b")
        clock.advance(2)
        assert await queue.get() == "a"
        for _ in range(2):
            with pytest.raises(Closed):
                await queue.get()

    run(body)


def test_close_wakes_those_that_wait() -> None:
    async def body(queue: WorkQueue, clock: ManualClock) -> None:
        waiting = [asyncio.ensure_future(queue.get()) for _ in range(3)]
        await asyncio.sleep(0)
        queue.close()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, Closed) for outcome in outcomes)

    run(body)


def test_a_cancelled_get_takes_no_key_with_it() -> None:
    async def body(queue: WorkQueue, clock: ManualClock) -> None:
        waiting = asyncio.ensure_future(queue.get())
        await asyncio.sleep(0)
        queue.add("a")
        waiting.cancel()
        await asyncio.wait([waiting])
        assert await queue.get() == "a"

    run(body)


@given(seed=st.integers(0, 2**32), workers=st.integers(1, 5))
def test_every_add_is_followed_by_work_and_no_key_is_worked_on_twice_at_a_time(seed: int, workers: int) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        queue = WorkQueue(ManualClock())
        wanted = dict.fromkeys("abc", 0)
        seen = dict(wanted)
        busy: set[str] = set()

        async def work() -> None:
            while True:
                try:
                    key = await queue.get()
                except Closed:
                    return
                assert key not in busy
                busy.add(key)
                seen[key] = wanted[key]
                for _ in range(chance.randrange(3)):
                    await asyncio.sleep(0)
                busy.remove(key)
                queue.done(key)

        running = [asyncio.ensure_future(work()) for _ in range(workers)]
        for _ in range(40):
            key = chance.choice("abc")
            wanted[key] += 1
            queue.add(key)
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        while not queue.idle:  # noqa: ASYNC110  idle is the very thing on trial
            await asyncio.sleep(0)
        queue.close()
        await asyncio.gather(*running)
        assert seen == wanted

    asyncio.run(main())
