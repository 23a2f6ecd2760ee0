"""A loop works on its keys while there are any, tells which are pressing, and can be paused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fauxkube.client.loop import Loop, Requeue
from fauxkube.kit.backoff import Backoff
from fauxkube.kit.clock import ManualClock
from fauxkube.machinery.status import unavailable


class Rig:
    """A loop of two workers on a clock that stands still; `bad` keys fail, the others wait to be let go on."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.loop = Loop("rig", self.clock, self._sync, workers=2, backoff=Backoff(base=0.1))
        self.seen: list[str] = []
        self.go_on = asyncio.Event()

    async def _sync(self, key: str) -> None:
        self.seen.append(key)
        if key == "bad":
            raise unavailable("no")
        if key == "later":
            raise Requeue(0.1)
        await self.go_on.wait()


def run(body: Callable[[Rig], Awaitable[None]]) -> None:
    async def main() -> None:
        rig = Rig()
        rig.loop.start()
        try:
            await body(rig)
        finally:
            await rig.loop.close()

    asyncio.run(main())


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_an_idle_loop_has_no_tasks() -> None:
    async def body(rig: Rig) -> None:
        await turns()
        assert len(asyncio.all_tasks()) == 1
        rig.loop.queue.add("a")
        assert len(asyncio.all_tasks()) == 2
        rig.go_on.set()
        await turns()
        assert (rig.seen, len(asyncio.all_tasks())) == (["a"], 1)

    run(body)


def test_keys_that_wait_or_are_worked_on_press() -> None:
    async def body(rig: Rig) -> None:
        assert rig.loop.pressing(1) == set()
        for key in "abc":
            rig.loop.queue.add(key)
        await turns()
        assert rig.seen == ["a", "b"]
        assert rig.loop.pressing(0) == {"a", "b", "c"}
        rig.go_on.set()
        await turns()
        assert rig.loop.pressing(0) == set()

    run(body)


def test_a_key_that_failed_presses_while_it_is_tried_again_soon() -> None:
    async def body(rig: Rig) -> None:
        rig.loop.queue.add("bad")
        await turns()
        assert rig.loop.idle
        assert rig.loop.pressing(0.2) == {"bad"}
        rig.clock.advance(0.1)
        await turns()
        rig.clock.advance(0.2)
        await turns()
        assert rig.seen == ["bad"] * 3
        assert rig.loop.pressing(0.2) == set()

    run(body)


def test_what_is_to_be_done_after_a_time_does_not_press() -> None:
    async def body(rig: Rig) -> None:
        rig.loop.queue.add("later")
        await turns()
        assert (rig.seen, rig.loop.pressing(1)) == (["later"], set())

    run(body)


def test_in_a_pause_keys_gather_and_do_not_press() -> None:
    async def body(rig: Rig) -> None:
        rig.loop.queue.add("a")
        await turns()
        rig.loop.pause()
        rig.loop.queue.add("b")
        rig.loop.queue.add("c")
        assert rig.loop.pressing(0) == {"a"}
        rig.go_on.set()
        await turns()
        assert (rig.seen, rig.loop.paused, rig.loop.pressing(0), rig.loop.idle) == (["a"], True, set(), False)
        rig.loop.resume()
        await turns()
        assert (rig.seen, rig.loop.idle) == (["a", "b", "c"], True)

    run(body)


def test_a_key_that_comes_again_while_it_is_worked_on_is_dropped_by_close() -> None:
    async def body(rig: Rig) -> None:
        rig.loop.queue.add("a")
        await turns()
        rig.loop.queue.add("a")
        await rig.loop.close()
        await turns()
        assert (rig.seen, len(asyncio.all_tasks())) == (["a"], 1)

    run(body)
