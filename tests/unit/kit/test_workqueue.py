"""The work queue's promises, on a clock that stands still."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.kit.backoff import Backoff
from fauxkube.kit.clock import ManualClock, VirtualClock
from fauxkube.kit.workers import Workers
from fauxkube.kit.workqueue import WorkQueue


class Rig:
    """A queue on a clock that stands still, and how often it said that there is a key to take."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.told = 0
        self.queue = WorkQueue(self.clock, Backoff(base=1, cap=100), ready=self._tell)

    def _tell(self) -> None:
        self.told += 1

    def take_all(self) -> list[str]:
        """The keys that wait, each worked on at once."""
        taken = []
        while (key := self.queue.take()) is not None:
            taken.append(key)
            self.queue.done(key)
        return taken


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_key_waits_once_and_keys_keep_their_order(rig: Rig) -> None:
    for key in ("b", "a", "b"):
        rig.queue.add(key)
    assert (len(rig.queue), rig.told) == (2, 2)
    assert [rig.queue.take(), rig.queue.take(), rig.queue.take()] == ["b", "a", None]


def test_a_key_added_while_in_process_comes_again_after_done(rig: Rig) -> None:
    rig.queue.add("a")
    assert rig.queue.take() == "a"
    rig.queue.add("a")
    rig.queue.add("a")
    assert (rig.queue.take(), rig.told) == (None, 1)
    rig.queue.done("a")
    assert (rig.queue.take(), rig.told) == ("a", 2)
    rig.queue.done("a")
    assert rig.queue.idle


def test_idle_means_nothing_waits_and_nothing_is_in_process(rig: Rig) -> None:
    assert rig.queue.idle
    rig.queue.add("a")
    assert not rig.queue.idle
    rig.queue.take()
    assert not rig.queue.idle
    rig.queue.done("a")
    assert rig.queue.idle


def test_of_several_later_moments_the_earliest_counts(rig: Rig) -> None:
    for seconds in (10, 5, 20):
        rig.queue.add_after("a", seconds)
    rig.clock.advance(4.9)
    assert len(rig.queue) == 0
    rig.clock.advance(0.2)
    assert rig.take_all() == ["a"]
    rig.clock.advance(100)
    assert rig.queue.idle


def test_the_pause_grows_with_every_failure_until_forgotten(rig: Rig) -> None:
    for pause in (1, 2, 4):
        rig.queue.add_rate_limited("a")
        rig.clock.advance(pause - 0.1)
        assert len(rig.queue) == 0
        rig.clock.advance(0.1)
        assert rig.take_all() == ["a"]
    rig.queue.forget("a")
    rig.queue.add_rate_limited("a")
    rig.clock.advance(1)
    assert len(rig.queue) == 1


def test_success_calls_off_what_was_to_be_tried_again(rig: Rig) -> None:
    rig.queue.add_rate_limited("a")
    rig.queue.forget("a")
    rig.clock.advance(100)
    assert rig.queue.idle


def test_what_failed_is_tried_again_though_the_cluster_s_clock_stands_still() -> None:
    async def main() -> None:
        tried = asyncio.Event()
        queue = WorkQueue(VirtualClock(rate=0), ready=tried.set)
        queue.add_after("later", 0.001)
        queue.add_rate_limited("failed")
        assert queue.retried_within(0.25) == ["failed"]
        await asyncio.wait_for(tried.wait(), 5)
        assert queue.waiting == {"failed"}

    asyncio.run(main())


def test_what_failed_is_tried_again_when_the_cluster_s_clock_is_moved_on() -> None:
    async def main() -> None:
        clock = VirtualClock(rate=0)
        queue = WorkQueue(clock, Backoff(base=60), ready=lambda: None)
        queue.add_rate_limited("failed")
        assert queue.retried_within(0.25) == []
        clock.move_to(60)
        assert queue.waiting == {"failed"}
        queue.close()

    asyncio.run(main())


def test_no_time_at_all_adds_at_once(rig: Rig) -> None:
    rig.queue.add_after("a", 0)
    assert len(rig.queue) == 1


def test_close_hands_out_what_waits_and_takes_no_more(rig: Rig) -> None:
    rig.queue.add("a")
    rig.queue.add_after("later", 1)
    rig.queue.add_rate_limited("failed")
    rig.queue.close()
    rig.queue.close()
    rig.queue.add("b")
    rig.queue.add_rate_limited("c")
    rig.clock.advance(200)
    assert rig.take_all() == ["a"]


@given(seed=st.integers(0, 2**32), limit=st.integers(1, 5))
def test_every_add_is_followed_by_work_and_no_key_is_worked_on_twice_at_a_time(seed: int, limit: int) -> None:
    chance = random.Random(seed)
    wanted = dict.fromkeys("abc", 0)
    seen = dict(wanted)
    busy: set[str] = set()

    async def work(key: str) -> None:
        assert key not in busy
        busy.add(key)
        seen[key] = wanted[key]
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        busy.remove(key)
        queue.done(key)

    def take() -> str | None:
        return queue.take()

    async def main() -> None:
        workers.start()
        for _ in range(40):
            key = chance.choice("abc")
            wanted[key] += 1
            queue.add(key)
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        while not queue.idle:  # noqa: ASYNC110  idle is the very thing on trial
            await asyncio.sleep(0)
        await workers.close()
        assert seen == wanted

    workers: Workers[str] = Workers("test", limit=limit, take=take, work=work)
    queue = WorkQueue(ManualClock(), ready=workers.wake)
    asyncio.run(main())
