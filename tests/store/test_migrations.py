"""The migrations, run one after another, make what the tables declare."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from fauxkube.store import migrate
from fauxkube.store.tables import Row
from store.conftest import Opened
from store.writes import create, done


def make_base(data_file: Path) -> None:
    """A database from before the first migration."""
    with closing(sqlite3.connect(data_file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")


def schema(data_file: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(data_file)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: connection.execute(f"PRAGMA table_info({table})").fetchall() for table in sorted(tables)}


def test_the_migrations_end_at_the_head_that_the_code_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.migrations_folder()))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_an_older_database_becomes_the_same_as_a_fresh_one(open_data: Opened, data_file: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.db"
    engine = create_engine(f"sqlite:///{fresh}")
    with engine.begin() as connection:
        migrate.prepare(connection)
    engine.dispose()
    make_base(data_file)

    async def scenario() -> None:
        async with open_data() as store:
            await done(store, create("a"))

    asyncio.run(scenario())
    assert schema(data_file) == schema(fresh)


def test_the_migrations_make_what_sqlmodel_declares(data_file: Path) -> None:
    make_base(data_file)
    engine = create_engine(f"sqlite:///{data_file}")
    with engine.begin() as connection:
        migrate.prepare(connection)
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    open_data: Opened, data_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_base(data_file)
    with closing(sqlite3.connect(data_file)) as connection:
        connection.execute("CREATE TABLE allocation (in_the_way INTEGER)")
    before = schema(data_file)

    async def scenario() -> None:
        with pytest.raises(Exception, match="allocation"):
            async with open_data():
                pass

    asyncio.run(scenario())
    assert schema(data_file) == before
