"""What a fork of a store shares with its source, and what it does not."""

from __future__ import annotations

import asyncio

import pytest

from fauxkube.store.model import Claim, Closed, Compacted, Taken
from fauxkube.store.store import Store
from store.conftest import Opened
from store.writes import HeldLog, create, done, remove, state, update

WEB, DB = Claim("ips", "10.0.0.1"), Claim("ips", "10.0.0.2")


def test_a_fork_goes_on_from_what_is_committed(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("a", "one"))
            fork = store.fork()
            assert (state(fork), fork.revision, fork.is_open) == ({"a": b"one@1."}, 1, True)
            change = await done(fork, update("a", "two", expected=1))
            assert (change.revision, change.entry.created) == (2, 1)

    asyncio.run(scenario())


def test_neither_side_sees_what_is_done_to_the_other(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("a"))
            await done(store, create("b"))
            fork = store.fork()
            await done(store, remove("a"))
            await done(fork, create("c"))
            await done(fork, update("b", "changed"))
            assert state(store) == {"b": b"@2."}
            assert state(fork) == {"a": b"@1.", "b": b"changed@4.", "c": b"@3."}

    asyncio.run(scenario())


def test_values_are_shared(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("a"))
            assert store.fork().get("a") is store.get("a")

    asyncio.run(scenario())


def test_a_fork_reads_the_revisions_that_its_source_holds(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store(history=3) as store:
            for text in "vwxyz":
                await done(store, update("a", text) if store.count("a") else create("a", text))
            fork = store.fork()
            assert state(fork, revision=3) == {"a": b"x@3."}
            await done(fork, update("a", "here"))
            assert state(fork, revision=5) == {"a": b"z@5."}
            with pytest.raises(Compacted):
                fork.page("", revision=2)
            assert state(store, revision=2) == {"a": b"w@2."}

    asyncio.run(scenario())


def test_a_subscription_to_a_fork_replays_the_history_and_hears_of_the_fork_only(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("a"))
            fork = store.fork()
            subscription = fork.subscribe("", after=0)
            await done(store, create("theirs"))
            await done(fork, create("ours"))
            assert [change.entry.key for change in await subscription.next()] == ["a", "ours"]

    asyncio.run(scenario())


def test_writes_on_their_way_are_no_part_of_a_fork() -> None:
    async def scenario() -> None:
        log = HeldLog()
        store = Store(log)
        await store.open()
        first = asyncio.create_task(store.write(create("a", claims=[WEB])))
        await log.next_batch()
        second = asyncio.create_task(store.write(create("b", claims=[DB])))
        await asyncio.sleep(0)
        fork = store.fork()
        log.finish()
        await log.next_batch()
        log.finish()
        await asyncio.gather(first, second)
        assert (state(fork), fork.revision, fork.allocations()) == ({}, 0, [])
        assert (await done(fork, create("c", claims=[WEB, DB]))).revision == 1
        assert [store.owner_of(WEB), store.owner_of(DB)] == ["a", "b"]
        await store.close()

    asyncio.run(scenario())


def test_claims_go_along_and_then_their_own_way(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("a", claims=[WEB]))
            fork = store.fork()
            assert await fork.write(create("b", claims=[WEB])) == Taken(WEB, "a")
            await done(fork, remove("a"))
            await done(fork, create("b", claims=[WEB]))
            assert (fork.held_by("b"), store.held_by("a")) == ([WEB], [WEB])

    asyncio.run(scenario())


def test_a_fork_outlives_its_source_and_closes_alone(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            fork, other = store.fork(), store.fork()
            await other.close()
            await done(store, create("a"))
        await done(fork, create("b"))
        with pytest.raises(Closed):
            await other.write(create("c"))
        assert state(fork.fork()) == {"b": b"@1."}

    asyncio.run(scenario())
