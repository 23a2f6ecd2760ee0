"""What a data file carries over a restart, and which files are refused."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fauxkube.store import database
from fauxkube.store.database import Database
from fauxkube.store.ledger import Move
from fauxkube.store.log import Record, no_attributes
from fauxkube.store.model import (
    Allocation,
    Change,
    ChangeType,
    Claim,
    Compacted,
    DataInUse,
    Entry,
    ForeignData,
    LogFailed,
    SchemaTooNew,
)
from store.conftest import Opened
from store.python import run
from store.writes import create, done, remove, state, update

ADDRESS = Claim("pods", "10.244.1.2")


def count(data_file: Path, table: str) -> int:
    with closing(sqlite3.connect(data_file)) as connection:
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(rows)


async def refused(open_data: Opened, error: type[Exception], match: str = r"data\.db") -> None:
    with pytest.raises(error, match=match):
        async with open_data():
            pass


def test_a_restart_finds_everything_as_it_was(open_data: Opened) -> None:
    async def scenario() -> None:
        async with open_data() as store:
            for write in (create("a", claims=[ADDRESS]), create("b"), update("a", "new"), remove("b"), create("b")):
                await done(store, write)
            before = store.page(""), store.revision, store.allocations()
        async with open_data() as store:
            assert (store.page(""), store.revision, store.allocations()) == before

    asyncio.run(scenario())


def test_a_watcher_goes_on_after_a_restart(open_data: Opened) -> None:
    async def scenario() -> None:
        async with open_data() as store:
            for write in (create("a"), update("a", "new"), create("b"), remove("a"), create("a")):
                await done(store, write)
            pages = [store.page("", revision=revision) for revision in range(6)]
            seen = store.subscribe("", after=0).drain()
        async with open_data() as store:
            assert store.subscribe("", after=0).drain() == seen
            assert [store.page("", revision=revision) for revision in range(6)] == pages

    asyncio.run(scenario())


def test_the_revision_never_goes_back_when_the_last_rows_go(open_data: Opened, data_file: Path) -> None:
    async def scenario() -> None:
        async with open_data() as store:
            await done(store, create("a"))
            await done(store, remove("a"))
        async with open_data() as store:
            assert (store.revision, state(store)) == (2, {})
            assert (await done(store, create("b"))).revision == 3

    asyncio.run(scenario())
    assert (count(data_file, "object"), count(data_file, "change")) == (1, 3)


def test_what_was_released_is_still_known_after_a_restart(open_data: Opened) -> None:
    async def scenario() -> None:
        async with open_data() as store:
            await done(store, create("a", claims=[ADDRESS]))
            await done(store, remove("a"))
        async with open_data() as store:
            assert store.allocations() == [Allocation(*ADDRESS, None, 2)]

    asyncio.run(scenario())


def test_the_file_does_not_grow_with_the_number_of_writes(
    open_data: Opened, data_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "KEPT", 50)
    monkeypatch.setattr(database, "STEP", 10)

    async def scenario() -> None:
        async with open_data() as store:
            for n in range(20):
                await done(store, create(f"still/{n}"))
            for n in range(300):
                await done(store, create(f"p/{n}"))
                await done(store, update("still/0", str(n)))
                await done(store, remove(f"p/{n}"))
            before = state(store)
            boundary = state(store, revision=store.revision - 50)
        async with open_data() as store:
            assert (state(store), store.oldest) == (before, store.revision - 50)
            assert state(store, revision=store.oldest) == boundary
            with pytest.raises(Compacted):
                store.subscribe("", after=store.oldest - 1)
            # After a restart the sweep begins anew and must come to the same end.
            for n in range(60):
                await done(store, update("still/1", str(n)))

    asyncio.run(scenario())
    assert count(data_file, "change") <= 50 + 20 + 2 * 10


def test_every_kept_change_finds_what_it_replaced(open_data: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "KEPT", 10)
    monkeypatch.setattr(database, "STEP", 1)

    async def scenario() -> None:
        async with open_data() as store:
            await done(store, create("rare", "first"))
            for n in range(40):
                await done(store, create(f"p/{n}"))
            await done(store, update("rare", "second"))
        async with open_data() as store:
            (change,) = store.subscribe("rare", after=store.oldest).drain()
            assert change.previous is not None
            assert change.previous.value == b"first@1."

    asyncio.run(scenario())


def test_a_batch_that_the_database_refuses_fails_and_the_next_one_passes(open_data: Opened) -> None:
    async def scenario() -> None:
        async with open_data() as store:
            await done(store, create("a", claims=[ADDRESS]))
            with pytest.raises(LogFailed):
                await store.write(create("\ud800", claims=[Claim("pods", "10.244.1.3")]))
            assert (store.latest("\ud800"), len(store.allocations())) == (None, 1)
            change = await store.write(create("b"))
            assert isinstance(change, Change)
            before = state(store)
        async with open_data() as store:
            assert (state(store), store.revision) == (before, change.revision)

    asyncio.run(scenario())


def test_the_database_itself_refuses_a_second_owner(data_file: Path) -> None:
    def record(key: str, revision: int) -> Record:
        change = Change(revision, ChangeType.ADDED, Entry(key, revision, revision, b""), None)
        return Record(change, [Move(None, Allocation(*ADDRESS, key, revision))])

    with closing(Database(data_file)) as opened:
        opened.append([record("one", 1)])
        with pytest.raises(LogFailed):
            opened.append([record("two", 2)])
        found = opened.recover(no_attributes)
    assert ([entry.key for entry in found.entries], found.allocations) == (["one"], [Allocation(*ADDRESS, "one", 1)])


def test_two_stores_of_one_process_cannot_share_a_file(open_data: Opened) -> None:
    async def scenario() -> None:
        async with open_data() as store:
            await refused(open_data, DataInUse)
            await done(store, create("a"))

    asyncio.run(scenario())


def test_a_file_that_is_no_database_is_refused_and_left_alone(open_data: Opened, data_file: Path) -> None:
    data_file.write_text("apiVersion: v1\nkind: Pod\n" * 100)
    asyncio.run(refused(open_data, ForeignData))
    assert data_file.read_text().startswith("apiVersion")


def test_someone_else_s_database_is_refused(open_data: Opened, data_file: Path) -> None:
    with closing(sqlite3.connect(data_file)) as connection:
        connection.execute("CREATE TABLE object (id INTEGER)")
    asyncio.run(refused(open_data, ForeignData))


def test_a_newer_schema_is_refused(open_data: Opened, data_file: Path) -> None:
    async def scenario() -> None:
        async with open_data() as store:
            await done(store, create("a"))

    asyncio.run(scenario())
    with closing(sqlite3.connect(data_file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    asyncio.run(refused(open_data, SchemaTooNew))


def test_a_file_that_cannot_be_made_is_named(open_data: Opened, data_file: Path) -> None:
    data_file.mkdir()
    asyncio.run(refused(open_data, LogFailed))


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("from fauxkube.store.sql import SqlLog; from fauxkube.store.store import Store", "sqlalchemy"),
        ("from fauxkube.store.database import Database; Database(sys.argv[1]).close()", "alembic"),
    ],
)
def test_heavy_libraries_are_imported_only_when_they_are_needed(
    data_file: Path, statement: str, forbidden: str
) -> None:
    for _ in ("fresh", "existing"):
        program = f"import sys; {statement}; print({forbidden!r} in sys.modules)"
        assert run(program, data_file) == "False\n"
