"""Requests go first, control loops next, events last, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import itertools

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


def test_a_few_units_go_ahead_in_each_round_while_requests_keep_coming() -> None:
    async def scenario() -> list[int]:
        queue, done = Turns(), list[int]()

        async def unit(number: int) -> None:
            await queue.wait(Rank.CONTROL)
            done.append(number)

        queue.request()
        tasks = [asyncio.create_task(unit(number)) for number in range(12)]
        after_rounds = []
        for _ in range(4):
            queue.request()
            await _rounds(1)
            after_rounds.append(len(done))
        await asyncio.gather(*tasks)
        assert done == sorted(done)
        return after_rounds

    counts = asyncio.run(scenario())
    assert all(later - earlier <= 2 for earlier, later in itertools.pairwise(counts))
    assert counts[-1] < 12


def test_events_stand_back_behind_control_loops() -> None:
    async def scenario() -> list[str]:
        queue, done = Turns(), list[str]()

        async def unit(rank: Rank) -> None:
            await queue.wait(rank)
            done.append(rank.name)

        queue.request()
        ranks = [Rank.EVENTS] * 3 + [Rank.CONTROL] * 3
        await asyncio.gather(*(asyncio.create_task(unit(rank)) for rank in ranks))
        return done

    assert asyncio.run(scenario()) == ["CONTROL"] * 3 + ["EVENTS"] * 3


def test_patience_ends_a_wait_however_many_requests_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(turns.PATIENCE, Rank.CONTROL, 0.0)

    async def scenario() -> int:
        queue = Turns()
        queue.request()
        tasks = [asyncio.create_task(queue.wait(Rank.CONTROL)) for _ in range(50)]
        await _rounds(2)
        queue.request()
        await _rounds(2)
        return sum(task.done() for task in tasks)

    assert asyncio.run(scenario()) == 50


def test_a_unit_that_gave_up_takes_no_ones_turn() -> None:
    async def scenario() -> None:
        queue = Turns()
        queue.request()
        given_up = [asyncio.create_task(queue.wait(Rank.CONTROL)) for _ in range(20)]
        await _rounds(1)
        for task in given_up:
            task.cancel()
        await asyncio.wait_for(queue.wait(Rank.CONTROL), 1)
        await asyncio.gather(*given_up, return_exceptions=True)

    asyncio.run(scenario())
