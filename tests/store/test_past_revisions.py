"""Which revision was the newest so many changes, or so long, ago."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from fauxkube.store.model import ChangeType, Draft, Write
from store.conftest import Opened
from store.writes import create, done, update

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute: int, key: str) -> Write:
    return Write(key, ChangeType.ADDED, Draft(b"{", b"}"), expected=0, at=START + timedelta(minutes=minute))


def test_the_revision_before_the_newest_changes_counts_those_under_the_prefix_alone(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            for write in (create("pods/a"), create("nodes/x"), update("pods/a", "new"), create("nodes/y")):
                await done(store, write)
            assert [store.revision_before("pods/", changes) for changes in (1, 2, 3)] == [2, 0, 0]
            assert [store.revision_before("nodes/", changes) for changes in (1, 2)] == [3, 1]
            assert store.page("pods/", revision=2).entries[0].revision == 1

    asyncio.run(scenario())


def test_no_revision_is_named_that_is_not_held(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store(history=2) as store:
            for minute, name in enumerate("abcd"):
                await done(store, at(minute, f"pods/{name}"))
            assert store.oldest == 2
            assert store.revision_before("pods/", 4) == 2
            assert store.revision_before("nodes/", 1) == 2
            assert store.revision_at(START) == 2

    asyncio.run(scenario())


def test_the_revision_at_a_moment_is_that_of_the_last_change_until_then(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            for minute in (10, 20):
                await done(store, at(minute, f"pods/p{minute}"))
            moments = [START + timedelta(minutes=minute) for minute in (0, 10, 15, 20, 99)]
            assert [store.revision_at(moment) for moment in moments] == [0, 1, 1, 2, 2]

    asyncio.run(scenario())
