"""Subscriptions: in order, without a gap or a double, and never in the log's way."""

from __future__ import annotations

import asyncio
import random

import pytest

from fauxkube.store.model import Change, ChangeType, Closed, Compacted, Draft, FutureRevision, Overflowed, Write
from fauxkube.store.store import Store
from fauxkube.store.subscription import Subscription
from store.conftest import Opened
from store.writes import create, done, remove, update


def revisions(changes: list[Change]) -> list[int]:
    return [change.revision for change in changes]


async def collect(subscription: Subscription, until: int) -> list[Change]:
    changes: list[Change] = []
    while not changes or changes[-1].revision < until:
        changes += await subscription.next()
    return changes


def test_history_is_replayed_and_then_followed(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            for write in (create("p/a"), create("q/a"), update("p/a")):
                await done(store, write)
            subscription = store.subscribe("p/", after=1)
            await done(store, remove("p/a"))
            changes = await subscription.next()
            assert [(each.revision, each.type) for each in changes] == [
                (3, ChangeType.MODIFIED),
                (4, ChangeType.DELETED),
            ]
            assert subscription.drain() == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("", [1, 2, 3, 4]), ("g/p/", [1, 2, 3]), ("g/p/a/", [1, 2]), ("g/p/a/x", [1]), ("g/p/a/x/", []), ("g", [])],
)
@pytest.mark.parametrize("live", [True, False])
def test_a_prefix_covers_what_lies_under_it_or_one_key(
    open_store: Opened, prefix: str, expected: list[int], live: bool
) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            early = store.subscribe(prefix, after=0)
            for key in ("g/p/a/x", "g/p/a/xy", "g/p/b/x", "g/q/a/x"):
                await done(store, create(key))
            subscription = early if live else store.subscribe(prefix, after=0)
            assert revisions(subscription.drain()) == expected

    asyncio.run(scenario())


def test_a_reader_is_woken_by_a_change(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            waiting = asyncio.create_task(store.subscribe("p/", after=0).next())
            await asyncio.sleep(0)
            await done(store, create("p/a"))
            assert revisions(await waiting) == [1]

    asyncio.run(scenario())


@pytest.mark.parametrize("seed", range(5))
def test_subscribing_among_concurrent_writes_leaves_no_gap_and_no_double(open_store: Opened, seed: int) -> None:
    chance = random.Random(seed)
    last = 300

    async def writer(store: Store, name: int) -> None:
        for n in range(last // 6):
            await done(store, create(f"p/{name}/{n}"))
            if chance.random() < 0.3:
                await asyncio.sleep(0)

    async def reader(store: Store) -> tuple[int, list[int]]:
        for _ in range(chance.randrange(40)):
            await asyncio.sleep(0)
        after = chance.randint(0, store.revision)
        return after, revisions(await collect(store.subscribe("p/", after=after), last))

    async def scenario() -> None:
        async with open_store() as store:
            readers = [asyncio.create_task(reader(store)) for _ in range(10)]
            await asyncio.gather(*[writer(store, name) for name in range(6)])
            for after, seen in await asyncio.gather(*readers):
                assert seen == list(range(after + 1, last + 1)), f"seed {seed}"

    asyncio.run(scenario())


def test_a_slow_reader_is_cut_off_and_the_others_go_on(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            slow = store.subscribe("p/", after=0, limit=3)
            quick = store.subscribe("p/", after=0, limit=3)
            seen = []
            for n in range(5):
                await done(store, create(f"p/{n}"))
                seen += revisions(await quick.next())
            assert seen == [1, 2, 3, 4, 5]
            with pytest.raises(Overflowed):
                await slow.next()

    asyncio.run(scenario())


def test_a_long_replay_is_no_sign_of_a_slow_reader(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            for n in range(10):
                await done(store, create(f"p/{n}"))
            subscription = store.subscribe("p/", after=0, limit=2)
            await done(store, create("p/10"))
            assert len(await subscription.next()) == 11
            for n in range(11, 14):
                await done(store, create(f"p/{n}"))
            with pytest.raises(Overflowed):
                await subscription.next()

    asyncio.run(scenario())


def test_one_cannot_follow_from_outside_the_history(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store(history=2) as store:
            for n in range(5):
                await done(store, create(f"p/{n}"))
            assert revisions(store.subscribe("p/", after=3).drain()) == [4, 5]
            with pytest.raises(Compacted):
                store.subscribe("p/", after=2)
            with pytest.raises(FutureRevision):
                store.subscribe("p/", after=6)

    asyncio.run(scenario())


def test_a_closed_subscription_wakes_its_reader_and_hears_no_more(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            subscription = store.subscribe("p/", after=0)
            waiting = asyncio.create_task(subscription.next())
            await asyncio.sleep(0)
            subscription.close()
            subscription.close()
            with pytest.raises(Closed):
                await waiting
            await done(store, create("p/a"))
            assert subscription.drain() == []

    asyncio.run(scenario())


def test_closing_the_store_lets_a_reader_take_what_is_queued(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            subscription = store.subscribe("p/", after=0)
            await done(store, create("p/a"))
            await store.close()
            assert revisions(await subscription.next()) == [1]
            with pytest.raises(Closed):
                await subscription.next()

    asyncio.run(scenario())


def test_attachments_reach_the_subscribers_of_the_moment_and_not_history(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            live = store.subscribe("p/", after=0)
            attachment = object()
            await store.write(Write("p/a", ChangeType.ADDED, Draft(b"", b""), 0, attachment=attachment))
            late = store.subscribe("p/", after=0)
            assert [each.attachment for each in (*live.drain(), *late.drain())] == [attachment, None]

    asyncio.run(scenario())


def test_a_bell_rings_once_for_the_first_change_below_its_prefix(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("q/a"))
            rung: list[int] = []
            assert store.bell("p/", rung.append, after=1) is not None
            await done(store, create("q/b"))
            assert rung == []
            for write in (create("p/a"), update("p/a")):
                await done(store, write)
            assert rung == [3]

    asyncio.run(scenario())


def test_a_bell_that_was_taken_down_does_not_ring_and_the_others_do(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            rung: list[str] = []
            bells = [store.bell("p/", lambda _, name=name: rung.append(name), after=0) for name in ("a", "b")]
            assert bells[0] is not None
            for _ in range(2):
                bells[0].cancel()
            await done(store, create("p/a"))
            assert rung == ["b"]
            bells[0].cancel()

    asyncio.run(scenario())


def test_there_is_no_bell_for_what_has_changed_or_may_have(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store(history=2) as store:
            for key in ("p/a", "q/a", "q/b", "q/c"):
                await done(store, create(key))
            assert store.bell("q/", pytest.fail, after=3) is None
            assert store.bell("p/", pytest.fail, after=0) is None
            assert store.bell("p/", pytest.fail, after=3) is not None

    asyncio.run(scenario())
