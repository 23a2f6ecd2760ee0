"""The gap between a write's check and its commit, held open."""

from __future__ import annotations

import asyncio

import pytest

from fauxkube.store.model import Change, Claim, LogFailed, Lost, Taken
from store.conftest import opened
from store.writes import HeldLog, create, done, remove, state, update

ADDRESS = Claim("pods", "10.244.1.2")


def test_nothing_is_visible_before_it_is_durable() -> None:
    async def scenario() -> None:
        log = HeldLog()
        async with opened(log) as store:
            subscription = store.subscribe("", after=0)
            writing = asyncio.create_task(done(store, create("a")))
            await log.next_batch()
            latest = store.latest("a")
            assert (store.get("a"), store.count(""), store.revision, subscription.drain()) == (None, 0, 0, [])
            assert latest is not None
            log.finish()
            assert store.get("a") is latest
            assert [each.entry for each in subscription.drain()] == [latest]
            assert (await writing).entry is latest

    asyncio.run(scenario())


def test_writes_that_arrive_during_a_commit_share_the_next() -> None:
    async def scenario() -> None:
        log = HeldLog()
        async with opened(log) as store:
            writing = [asyncio.create_task(done(store, create("a"))), asyncio.create_task(done(store, create("b")))]
            assert await log.next_batch() == ["a", "b"]
            writing += [asyncio.create_task(done(store, create(key))) for key in "cd"]
            await asyncio.sleep(0)
            assert len(log.batches) == 1
            log.finish()
            assert await log.next_batch() == ["c", "d"]
            log.finish()
            assert [change.revision for change in await asyncio.gather(*writing)] == [1, 2, 3, 4]

    asyncio.run(scenario())


def test_checks_count_the_writes_on_their_way() -> None:
    async def scenario() -> None:
        log = HeldLog()
        async with opened(log) as store:
            writing = asyncio.create_task(done(store, create("a", claims=[ADDRESS])))
            await log.next_batch()
            outcome = await store.write(create("a"))
            assert isinstance(outcome, Lost)
            assert outcome.current is store.latest("a")
            assert await store.write(create("b", claims=[ADDRESS])) == Taken(ADDRESS, "a")
            deleting = asyncio.create_task(done(store, remove("a", expected=1)))
            await asyncio.sleep(0)
            assert store.latest("a") is None
            log.finish()
            assert store.get("a") is not None
            assert store.latest("a") is None
            await log.next_batch()
            log.finish()
            await asyncio.gather(writing, deleting)
            assert store.get("a") is None

    asyncio.run(scenario())


def test_a_failed_commit_takes_back_what_was_built_on_it() -> None:
    async def scenario() -> None:
        log = HeldLog()
        async with opened(log) as store:
            kept = asyncio.create_task(done(store, create("kept", claims=[ADDRESS])))
            await log.next_batch()
            log.finish()
            await kept
            subscription = store.subscribe("", after=1)
            before = (state(store), store.allocations())
            failing = [asyncio.create_task(store.write(remove("kept")))]
            await log.next_batch()
            queued = [create("kept", "built on the deletion"), create("b", claims=[ADDRESS])]
            failing += [asyncio.create_task(store.write(write)) for write in queued]
            await asyncio.sleep(0)
            assert store.owner_of(ADDRESS) == "b"
            log.finish(OSError("disk full"))
            outcomes = await asyncio.gather(*failing, return_exceptions=True)
            assert [type(each) for each in outcomes] == [LogFailed] * 3
            assert "disk full" in str(outcomes[0])
            assert (state(store), store.allocations()) == before
            assert (store.latest("kept"), store.latest("b")) == (store.get("kept"), None)
            assert (store.revision, store.held_by("kept"), subscription.drain()) == (1, [ADDRESS], [])

    asyncio.run(scenario())


def test_revisions_of_a_failed_batch_are_not_given_again() -> None:
    async def scenario() -> None:
        log = HeldLog()
        async with opened(log) as store:
            failing = asyncio.create_task(store.write(create("a", "first")))
            await log.next_batch()
            seen = store.latest("a")
            log.finish(OSError())
            with pytest.raises(LogFailed):
                await failing
            writing = asyncio.create_task(done(store, create("a", "second")))
            await log.next_batch()
            log.finish()
            assert seen is not None
            assert (await writing).revision > seen.revision
            assert isinstance(await store.write(update("a", expected=seen.revision)), Lost)
            assert store.page("", revision=1).entries == []

    asyncio.run(scenario())


def test_a_cancelled_caller_does_not_take_its_write_back() -> None:
    async def scenario() -> None:
        log = HeldLog()
        async with opened(log) as store:
            writing = asyncio.create_task(store.write(create("a")))
            await log.next_batch()
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            log.finish()
            assert store.get("a") is not None

    asyncio.run(scenario())


def test_close_waits_for_the_commit_under_way_and_the_one_after_it() -> None:
    async def scenario() -> None:
        log = HeldLog()
        async with opened(log) as store:
            writing = [asyncio.create_task(store.write(create("a")))]
            await log.next_batch()
            writing.append(asyncio.create_task(store.write(create("b"))))
            await asyncio.sleep(0)
            closing = [asyncio.create_task(store.close()) for _ in range(2)]
            for _ in range(2):
                await log.next_batch()
                assert not any(each.done() for each in closing)
                log.finish()
            await asyncio.gather(*closing)
            assert all(isinstance(each, Change) for each in await asyncio.gather(*writing))

    asyncio.run(scenario())


def test_a_failed_write_that_gave_back_and_claimed_one_value_leaves_it_as_it_was() -> None:
    async def scenario() -> None:
        log = HeldLog()
        async with opened(log) as store:
            writing = asyncio.create_task(done(store, create("a", claims=[ADDRESS])))
            await log.next_batch()
            log.finish()
            await writing
            before = store.allocations()
            failing = asyncio.create_task(store.write(update("a", releases=[ADDRESS], claims=[ADDRESS])))
            await log.next_batch()
            assert store.owner_of(ADDRESS) == "a"
            log.finish(OSError())
            with pytest.raises(LogFailed):
                await failing
            assert store.allocations() == before

    asyncio.run(scenario())
