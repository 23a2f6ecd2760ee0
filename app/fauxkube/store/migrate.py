"""Brings a database to the schema that this version writes.

A fresh one gets the declared tables and is stamped; one that is up to date costs a SELECT. Only an older one loads
Alembic, which is slow to import. A newer one is refused: what this version does not know it would damage.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from fauxkube.store.model import ForeignData, SchemaTooNew
from fauxkube.store.tables import Row

#: The newest revision in `migrations/versions`, which makes what `tables` declares.
HEAD = "0002"

#: Alembic's own table.
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def prepare(connection: Connection) -> None:
    """Make, check or upgrade the schema, in the transaction that `connection` is in."""
    tables = inspect(connection).get_table_names()
    if not tables:
        _create(connection)
    elif _VERSION.name not in tables:
        raise ForeignData("it has tables that fauxkube did not make")
    elif (version := connection.scalar(select(_VERSION.c.version_num))) != HEAD:
        _upgrade(connection, version)


def migrations_folder() -> Path:
    """Where the migrations are: beside the modules in an installed package, at the top of a source tree."""
    package = Path(__file__).parents[1]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parents[1] / "migrations"


def _create(connection: Connection) -> None:
    Row.metadata.create_all(connection)
    _VERSION.create(connection)
    connection.execute(insert(_VERSION).values(version_num=HEAD))


def _upgrade(connection: Connection, version: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise SchemaTooNew(f"its schema is {version}, the newest known here is {HEAD}")
    command.upgrade(config, "head")
