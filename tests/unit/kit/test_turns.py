"""Writes from outside go first, control loops next, events last, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from fauxkube.kit import turns
from fauxkube.kit.turns import Rank, Turns


async def _rounds(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_background_work_does_not_wait_while_no_request_is_about() -> None:
    async def scenario() -> None:
        waiting = Turns()
        for _ in range(100):
            await waiting.wait(Rank.CONTROL)

    asyncio.run(scenario())


def test_only_a_trickle_goes_ahead_while_a_request_is_being_answered() -> None:
    async def scenario() -> tuple[int, list[int]]:
        queue, done = Turns(), list[int]()

        async def unit(number: int) -> None:
            await queue.wait(Rank.CONTROL)
            done.append(number)

        with queue:
            tasks = [asyncio.create_task(unit(number)) for number in range(40)]
            await tasks[2]
            while_busy = len(done)
        await asyncio.gather(*tasks)
        return while_busy, done

    while_busy, done = asyncio.run(scenario())
    assert while_busy < 10
    assert done == list(range(40))


def test_events_stand_back_behind_control_loops() -> None:
    async def scenario() -> list[str]:
        queue, done = Turns(), list[str]()

        async def unit(rank: Rank) -> None:
            await queue.wait(rank)
            done.append(rank.name)

        ranks = [Rank.EVENTS] * 3 + [Rank.CONTROL] * 3
        with queue:
            await asyncio.gather(*(asyncio.create_task(unit(rank)) for rank in ranks))
        return done

    assert asyncio.run(scenario()) == ["CONTROL"] * 3 + ["EVENTS"] * 3


def test_patience_ends_a_wait_however_many_requests_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(turns.PATIENCE, Rank.CONTROL, 0.0)

    async def scenario() -> int:
        queue = Turns()
        with queue:
            tasks = [asyncio.create_task(queue.wait(Rank.CONTROL)) for _ in range(50)]
            await _rounds(4)
            return sum(task.done() for task in tasks)

    assert asyncio.run(scenario()) == 50


def test_a_unit_that_gave_up_takes_no_ones_turn() -> None:
    async def scenario() -> None:
        queue = Turns()
        with queue:
            given_up = [asyncio.create_task(queue.wait(Rank.CONTROL)) for _ in range(20)]
            await _rounds(1)
            for task in given_up:
                task.cancel()
        await asyncio.wait_for(queue.wait(Rank.CONTROL), 1)
        await asyncio.gather(*given_up, return_exceptions=True)

    asyncio.run(scenario())


def test_nobody_is_held_back_while_someone_waits_for_the_background_work() -> None:
    async def scenario() -> int:
        queue = Turns()
        with queue:
            tasks = [asyncio.create_task(queue.wait(Rank.EVENTS)) for _ in range(40)]
            await _rounds(1)
            with queue.hurry():
                await _rounds(6)
                done = sum(task.done() for task in tasks)
                await queue.wait(Rank.CONTROL)
            late = asyncio.create_task(queue.wait(Rank.CONTROL))
            await _rounds(6)
            assert not late.done()
        await late
        return done

    assert asyncio.run(scenario()) == 40
