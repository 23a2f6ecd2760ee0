"""The order in which pods are tried, and when they are tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fauxkube.kit.clock import ManualClock
from fauxkube.scheduler.pod_info import PodInfo, pod_info
from fauxkube.scheduler.queue import Entry, SchedulingQueue


def pod(name: str, *, priority: int = 0, uid: str = "") -> PodInfo:
    metadata = {"name": name, "namespace": "default", "uid": uid or name}
    return pod_info({"metadata": metadata, "spec": {"containers": [], "priority": priority}})


def run(body: Callable[[SchedulingQueue, ManualClock], Awaitable[None]]) -> None:
    async def main() -> None:
        clock = ManualClock()
        await body(SchedulingQueue(clock), clock)

    asyncio.run(main())


async def take(queue: SchedulingQueue) -> Entry:
    return await asyncio.wait_for(queue.get(), 1)


async def has_none(queue: SchedulingQueue) -> bool:
    waiting = asyncio.create_task(queue.get())
    for _ in range(5):
        await asyncio.sleep(0)
    found = waiting.done()
    waiting.cancel()
    return not found


def test_pods_come_by_priority_then_by_age() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
            queue.put(pod(name, priority=priority))
            clock.advance(1)
        assert [(await take(queue)).pod.key for _ in range(4)] == [f"default/{name}" for name in "bdac"]
        assert not queue.idle

    run(body)


def test_a_pod_that_was_removed_is_not_tried() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        queue.put(pod("a"))
        queue.remove("default/a")
        assert queue.idle
        assert await has_none(queue)

    run(body)


def test_a_parked_pod_waits_for_what_may_help_it() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        for name in "ab":
            queue.put(pod(name))
        for _ in range(2):
            queue.park(await take(queue))
        assert queue.idle
        queue.wake(lambda each: each.key == "default/b")
        assert (await take(queue)).pod.key == "default/b"
        assert await has_none(queue)

    run(body)


def test_a_pod_that_backs_off_is_tried_only_when_no_other_is_active() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        queue.put(pod("early", priority=9))
        queue.park(await take(queue))
        queue.wake(lambda _: True)
        queue.put(pod("late"))
        assert (await take(queue)).pod.key == "default/late"
        assert (await take(queue)).pod.key == "default/early"

    run(body)


def test_a_pod_whose_backoff_is_over_comes_by_its_priority_again() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        queue.put(pod("early", priority=9))
        queue.park(await take(queue))
        queue.wake(lambda _: True)
        queue.put(pod("late"))
        clock.advance(1)
        assert (await take(queue)).pod.key == "default/early"

    run(body)


def test_a_pod_is_parked_for_five_minutes_at_most() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        queue.put(pod("a"))
        queue.park(await take(queue))
        clock.advance(299)
        queue.wake_overdue()
        assert await has_none(queue)
        clock.advance(1)
        queue.wake_overdue()
        assert (await take(queue)).pod.key == "default/a"

    run(body)


def test_an_error_waits_for_a_backoff_that_doubles_up_to_ten_seconds() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        queue.put(pod("a"))
        for seconds in (1, 2, 4, 8, 10, 10):
            queue.retry(await take(queue))
            clock.advance(seconds - 0.1)
            assert await has_none(queue)
            clock.advance(0.1)
        assert (await take(queue)).attempts == 7

    run(body)


def test_a_change_of_a_parked_pod_wakes_it_and_a_refresh_does_not() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        queue.put(pod("a"))
        queue.park(await take(queue))
        queue.refresh(pod("a", priority=3))
        assert await has_none(queue)
        queue.put(pod("a", priority=4))
        assert (await take(queue)).pod.priority == 4

    run(body)


def test_a_pod_of_the_same_name_starts_afresh() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        queue.put(pod("a"))
        old = await take(queue)
        queue.put(pod("a", uid="another"))
        queue.park(old)
        new = await take(queue)
        assert (new.pod.uid, new.attempts) == ("another", 1)

    run(body)


def test_a_pod_that_went_while_it_was_tried_does_not_come_back() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        queue.put(pod("a"))
        entry = await take(queue)
        queue.remove("default/a")
        assert queue.idle
        queue.retry(entry)
        clock.advance(60)
        assert await has_none(queue)

    run(body)


def test_a_retry_is_called_off_when_its_pod_goes() -> None:
    async def body(queue: SchedulingQueue, clock: ManualClock) -> None:
        queue.put(pod("a"))
        queue.retry(await take(queue))
        queue.remove("default/a")
        clock.advance(60)
        assert await has_none(queue)

    run(body)
