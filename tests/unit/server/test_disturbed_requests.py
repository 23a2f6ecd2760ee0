"""Faults where a server is no uvicorn, and watches that go wrong by themselves, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fauxkube.kit.chance import Chance
from fauxkube.machinery.status import StatusError
from fauxkube.server.disturbed_watches import CutWatch, DoubledWatch, LateWatch, SilentWatch
from fauxkube.server.pipelines import Watch
from unit.server.fake_cluster import CONFIG_MAPS, FakeCluster, FakeItem, FakeWatch

PATH = "/api/v1/namespaces/default/configmaps"


def items(*revisions: int) -> list[FakeItem]:
    return [FakeItem("MODIFIED", b"{}", revision) for revision in revisions]


def cut(watch: Watch, how: str, *, events: int | None = None, seconds: float | None = None) -> CutWatch:
    return CutWatch(watch, how, events=events, seconds=seconds, break_off=lambda _: None)


async def told(watch: Any, batches: int = 100) -> list[list[int]]:
    """The revisions that a watch tells, batch by batch, until it ends or has told so many."""
    seen: list[list[int]] = []
    events: AsyncIterator[list[FakeItem]] = aiter(watch)
    async for batch in events:
        seen.append([item.revision for item in batch])
        if len(seen) == batches:
            break
    return seen


def test_a_connection_that_cannot_be_reached_ends_in_an_error() -> None:
    cluster = FakeCluster()
    cluster.faults.add({"kind": "request", "effect": "reset", "match": {"verb": "create"}})
    with pytest.raises(ConnectionResetError):
        cluster.call("POST", PATH, {"metadata": {"name": "a"}})
    assert not cluster.pipelines.objects
    assert cluster.call("GET", PATH).status == 200


def test_a_write_that_timed_out_is_done_once() -> None:
    cluster = FakeCluster()
    cluster.faults.add({"kind": "request", "effect": "commit-then-timeout"})
    assert cluster.call("POST", PATH, {"metadata": {"name": "a"}}).status == 504
    assert list(cluster.pipelines.objects) == [CONFIG_MAPS.key("default", "a")]


def test_a_fault_strikes_no_more_often_than_it_may() -> None:
    cluster = FakeCluster()
    fault = cluster.faults.add({"kind": "request", "effect": {"type": "error", "code": 500}, "count": 1})
    assert [cluster.call("GET", PATH).status for _ in range(2)] == [500, 200]
    assert fault.hits == 1


def test_a_cut_watch_tells_no_more_than_it_may() -> None:
    async def scenario() -> None:
        watch = FakeWatch(None, 1)
        watch.feed(*items(2, 3))
        watch.feed(*items(4, 5))
        assert await told(cut(watch, "end", events=3)) == [[2, 3], [4]]
        assert await told(cut(watch, "end")) == []
        with pytest.raises(StatusError, match="too old"):
            await told(cut(watch, "expired"))

    asyncio.run(scenario())


def test_a_cut_watch_that_is_closed_first_does_not_fail() -> None:
    async def scenario() -> None:
        watch = FakeWatch(None, 1)
        around = cut(watch, "expired", events=5)
        around.close()
        assert await told(around) == []

    asyncio.run(scenario())


def test_a_silent_watch_tells_all_it_missed_in_order_once_it_speaks() -> None:
    async def scenario() -> None:
        watch = FakeWatch(None, 1)
        watch.feed(*items(2, 3, 4))
        silent = SilentWatch(watch, 2, None)
        telling = asyncio.create_task(told(silent, 3))
        await asyncio.sleep(0)
        watch.feed(*items(5))
        assert not telling.done()
        silent.speak()
        assert await telling == [[2, 3], [4], [5]]

    asyncio.run(scenario())


def test_a_late_watch_never_claims_what_it_holds_back() -> None:
    async def scenario() -> None:
        watch = FakeWatch(None, 1)
        late = LateWatch(watch, lambda: 3600.0)
        assert late.progress() == 1
        telling = asyncio.create_task(told(late))
        watch.feed(*items(2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (watch.progress(), late.progress()) == (2, 1)
        late.close()
        assert await telling == []

    asyncio.run(scenario())


def test_a_share_of_events_is_told_twice() -> None:
    async def scenario() -> None:
        watch = FakeWatch(None, 1)
        watch.feed(*items(*range(2, 102)))
        ((*seen,),) = await told(DoubledWatch(watch, 0.5, Chance(1)), 1)
        assert sorted(set(seen)) == list(range(2, 102))
        assert seen == sorted(seen)
        assert 120 < len(seen) < 180

    asyncio.run(scenario())
