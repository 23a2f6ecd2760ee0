"""Workers are there only while there is work, and never more of them than allowed."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

import pytest

from fauxkube.kit.workers import Workers


class Rig:
    """Three workers on a line of numbers; each waits to be let go on."""

    def __init__(self) -> None:
        self.line: deque[int] = deque()
        self.under_way: list[int] = []
        self.done: list[int] = []
        self.go_on = asyncio.Event()
        self.workers: Workers[int] = Workers("rig", limit=3, take=self._take, work=self._work)

    def add(self, *numbers: int) -> None:
        for number in numbers:
            self.line.append(number)
            self.workers.wake()

    def _take(self) -> int | None:
        return self.line.popleft() if self.line else None

    async def _work(self, number: int) -> None:
        self.under_way.append(number)
        await self.go_on.wait()
        if number < 0:
            raise RuntimeError("bug")
        self.under_way.remove(number)
        self.done.append(number)


def run(body: Callable[[Rig], Awaitable[None]]) -> None:
    async def main() -> None:
        rig = Rig()
        try:
            await body(rig)
        finally:
            await rig.workers.close()

    asyncio.run(main())


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def tasks() -> int:
    return len([task for task in asyncio.all_tasks() if task.get_name().startswith("rig/")])


def test_there_are_none_while_there_is_no_work() -> None:
    async def body(rig: Rig) -> None:
        rig.go_on.set()
        rig.workers.start()
        await turns()
        assert tasks() == 0
        rig.add(1, 2, 3, 4, 5)
        assert tasks() == 3
        await turns()
        assert (rig.done, tasks()) == ([1, 2, 3, 4, 5], 0)

    run(body)


def test_no_more_work_is_under_way_than_is_allowed() -> None:
    async def body(rig: Rig) -> None:
        rig.workers.start()
        rig.add(*range(10))
        await turns()
        assert rig.under_way == [0, 1, 2]

    run(body)


def test_what_came_in_before_the_start_is_done_after_it() -> None:
    async def body(rig: Rig) -> None:
        rig.go_on.set()
        rig.add(1, 2)
        await turns()
        assert rig.done == []
        rig.workers.start()
        await turns()
        assert rig.done == [1, 2]

    run(body)


def test_a_pause_ends_what_is_under_way_and_takes_no_more_until_they_resume() -> None:
    async def body(rig: Rig) -> None:
        rig.workers.start()
        rig.add(1)
        await turns()
        rig.workers.pause()
        rig.add(2, 3, 4, 5)
        rig.go_on.set()
        await turns()
        assert (rig.done, tasks(), rig.workers.paused) == ([1], 0, True)
        rig.workers.resume()
        await turns()
        assert (rig.done, tasks()) == ([1, 2, 3, 4, 5], 0)

    run(body)


def test_close_ends_what_is_under_way_and_starts_no_more() -> None:
    async def body(rig: Rig) -> None:
        rig.workers.start()
        rig.add(1)
        await turns()
        await rig.workers.close()
        rig.add(2)
        await turns()
        assert (rig.under_way, rig.done, tasks()) == ([1], [], 0)

    run(body)


def test_a_failure_that_work_lets_out_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def body(rig: Rig) -> None:
        rig.go_on.set()
        rig.workers.start()
        rig.add(-1)
        await turns()
        rig.add(2)
        await turns()
        assert rig.done == [2]

    with caplog.at_level(logging.ERROR):
        run(body)
    assert "task rig/worker failed" in caplog.text
