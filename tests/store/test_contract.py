"""What every store does, whatever its log: revisions, expectations, pages."""

from __future__ import annotations

import asyncio

import pytest

from fauxkube.store.model import Change, ChangeType, Closed, Compacted, FutureRevision, Lost
from store.conftest import Opened
from store.writes import create, done, remove, state, update


def test_a_write_carries_its_revision_in_its_bytes(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            first = await done(store, create("a", "one"))
            second = await done(store, update("a", "two"))
            assert (first.revision, first.entry.value) == (1, b"one@1.")
            assert (second.revision, second.entry.value) == (2, b"two@2.")
            assert second.previous == first.entry
            assert (second.entry.created, store.revision, store.get("a")) == (1, 2, second.entry)

    asyncio.run(scenario())


def test_a_deletion_carries_its_own_revision_and_what_was_there(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            born = await done(store, create("a"))
            gone = await done(store, remove("a"))
            assert (gone.type, gone.entry.value, gone.previous) == (ChangeType.DELETED, b"gone@2.", born.entry)
            assert (gone.entry.created, store.get("a"), store.latest("a")) == (1, None, None)

    asyncio.run(scenario())


def test_a_key_made_anew_is_another_one(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            for write in (create("a"), remove("a"), create("a")):
                change = await done(store, write)
            assert (change.entry.created, change.previous) == (3, None)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "write",
    [create("there"), update("there", expected=7), remove("there", expected=7), create("there", expected=None)],
    ids=["exists", "stale update", "stale delete", "exists, whatever its revision"],
)
def test_a_write_that_expects_something_else_is_lost_and_changes_nothing(open_store: Opened, write: object) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            there = await done(store, create("there"))
            assert await store.write(write) == Lost(there.entry)  # type: ignore[arg-type]
            assert (store.revision, store.get("there")) == (1, there.entry)

    asyncio.run(scenario())


def test_a_change_of_what_is_not_there_is_lost(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            assert await store.write(update("a")) == Lost(None)
            assert await store.write(remove("a")) == Lost(None)

    asyncio.run(scenario())


def test_of_concurrent_updates_of_one_revision_one_wins(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("a"))
            outcomes = await asyncio.gather(*[store.write(update("a", str(n), expected=1)) for n in range(20)])
            won = [each for each in outcomes if isinstance(each, Change)]
            assert [store.get("a")] == [each.entry for each in won]

    asyncio.run(scenario())


def test_pipelined_writes_of_one_key_do_not_lose_to_themselves(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("a"))

            async def touch() -> None:
                latest = store.latest("a")
                assert latest is not None
                await done(store, update("a", expected=latest.revision))

            await asyncio.gather(*[touch() for _ in range(50)])
            assert store.revision == 51

    asyncio.run(scenario())


def test_pages_follow_the_key_order_and_count_what_remains(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            for key in ("p/b/2", "p/a/1", "p/a-x/1", "q/1", "p/b/1", "p"):
                await done(store, create(key))
            keys, after = [], ""
            for remaining in (2, 0):
                page = store.page("p/", after=after, limit=2)
                keys += [entry.key for entry in page.entries]
                after = keys[-1]
                assert page.remaining == remaining
            assert keys == ["p/a-x/1", "p/a/1", "p/b/1", "p/b/2"]
            assert (store.count("p/"), store.count("p/b/"), store.count("p"), store.count("")) == (4, 2, 1, 6)
            assert [entry.key for entry in store.page("p").entries] == ["p"]

    asyncio.run(scenario())


def test_a_page_at_an_older_revision_shows_what_was_there(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            seen: dict[int, dict[str, bytes]] = {0: {}}
            for write in (
                create("p/a"),
                create("p/b"),
                create("q/a"),
                update("p/a", "new"),
                remove("p/b"),
                create("p/b", "again"),
                remove("p/a"),
            ):
                revision = (await done(store, write)).revision
                seen[revision] = state(store, "p/")
            for revision, expected in seen.items():
                assert state(store, "p/", revision=revision) == expected, revision

    asyncio.run(scenario())


def test_paging_on_at_an_older_revision_neither_skips_nor_doubles(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            for n in range(10):
                await done(store, create(f"p/{n}"))
            page = store.page("p/", limit=4)
            for write in (remove("p/1"), remove("p/5"), create("p/55"), update("p/7", "new"), create("p/11")):
                await done(store, write)
            rest = store.page("p/", after=page.entries[-1].key, revision=page.revision, limit=4)
            last = store.page("p/", after=rest.entries[-1].key, revision=page.revision)
            assert (page.remaining, rest.remaining, last.remaining) == (6, 2, 0)
            entries = [*page.entries, *rest.entries, *last.entries]
            assert [entry.value.decode() for entry in entries] == [f"@{n + 1}." for n in range(10)]

    asyncio.run(scenario())


def test_compaction_keeps_the_value_at_the_boundary(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store(history=3) as store:
            await done(store, create("kept"))
            await done(store, create("a", "boundary"))
            for n in range(3):
                await done(store, update("a", str(n)))
            assert store.oldest == 2
            assert state(store, revision=2) == {"kept": b"@1.", "a": b"boundary@2."}
            with pytest.raises(Compacted) as compacted:
                store.page("", revision=1)
            assert (compacted.value.asked, compacted.value.oldest) == (1, 2)
            with pytest.raises(FutureRevision):
                store.page("", revision=6)

    asyncio.run(scenario())


def test_a_closed_store_takes_no_writes_and_closes_again(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("a"))
            await store.close()
            with pytest.raises(Closed):
                await store.write(create("b"))
            with pytest.raises(Closed):
                store.subscribe("", after=0)
            assert store.get("a") is not None

    asyncio.run(scenario())


def test_close_drains_the_writes_on_their_way(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            writes = [asyncio.create_task(done(store, create(f"k{n}"))) for n in range(20)]
            await asyncio.sleep(0)
            await store.close()
            assert {change.entry.key for change in await asyncio.gather(*writes)} == set(state(store))

    asyncio.run(scenario())
