"""Who wrote a change, and when: in the history, and over a restart."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine

from fauxkube.store import migrate
from fauxkube.store.model import Change, ChangeType, Draft, Write
from store.conftest import Opened
from store.writes import create, done, remove, update

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def signed(key: str, author: str, at: datetime | None) -> Write:
    return Write(key, ChangeType.ADDED, Draft(b"{", b"}"), expected=0, author=author, at=at)


def said(changes: list[Change]) -> list[tuple[str, datetime | None]]:
    return [(change.author, change.at) for change in changes]


def test_the_history_says_who_wrote_and_when(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, signed("a", "kubectl", MOMENT))
            await done(store, create("b"))
            assert said(store.changes("")) == [("kubectl", MOMENT), ("", None)]

    asyncio.run(scenario())


def test_the_changes_of_a_key_are_those_still_held(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store(history=3) as store:
            for write in (create("a"), create("b"), update("a", "new"), remove("a"), create("a")):
                await done(store, write)
            assert [(each.revision, each.type) for each in store.changes("a")] == [
                (3, "MODIFIED"),
                (4, "DELETED"),
                (5, "ADDED"),
            ]
            assert store.changes("b") == []

    asyncio.run(scenario())


def test_a_restart_finds_who_wrote_and_when(open_data: Opened) -> None:
    async def scenario() -> None:
        async with open_data() as store:
            await done(store, signed("a", "jürgen", MOMENT))
            await done(store, create("b"))
        async with open_data() as store:
            assert said(store.changes("")) == [("jürgen", MOMENT), ("", None)]

    asyncio.run(scenario())


def test_a_file_from_before_authors_is_upgraded_and_keeps_its_changes(open_data: Opened, data_file: Path) -> None:
    make_first_schema(data_file)
    with closing(sqlite3.connect(data_file)) as connection:
        connection.execute("INSERT INTO change VALUES (1, 'ADDED', 'a', 1, NULL, x'31')")
        connection.execute("INSERT INTO object VALUES ('a', 1, 1, x'31')")
        connection.commit()

    async def scenario() -> None:
        async with open_data() as store:
            await done(store, signed("b", "kubectl", MOMENT))
            assert said(store.changes("")) == [("", None), ("kubectl", MOMENT)]

    asyncio.run(scenario())


def make_first_schema(data_file: Path) -> None:
    """The schema as the first migration leaves it."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrate.migrations_folder()))
    engine = create_engine(f"sqlite:///{data_file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
