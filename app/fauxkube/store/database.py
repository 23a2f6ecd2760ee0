"""The log's rows in SQL: written a batch a transaction, read once at start, compacted in small steps.

Statements are SQLAlchemy Core's; the ORM is too slow for the hot path. The database is one SQLite file, in WAL mode
and synced at every commit, so what was committed outlives a killed process and a power cut. It is locked for as long
as it is open: a second process that wrote it would give the same revisions again.

Compaction follows etcd's rule. Of what lies before the newest `KEPT` revisions, a change goes once a later one has
replaced its value, and a deletion goes by itself; so the value of each key at the boundary is kept, and with it what
the first change after the boundary replaced.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Executable,
    Row,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError

from fauxkube.store.log import Index, Record, Recovered
from fauxkube.store.migrate import prepare
from fauxkube.store.model import Allocation, Change, ChangeType, DataInUse, Entry, ForeignData, LogFailed, SchemaTooNew
from fauxkube.store.tables import allocation, change, object_

#: So many of the newest revisions are never compacted. They are loaded at start, for some milliseconds, so that
#: watchers can go on from where they were.
KEPT = 2_048
#: So many changes a compaction step looks at: it delays a commit by a few milliseconds at most.
STEP = 256

_ADD_CHANGES = insert(change)
_DROP_OBJECTS = delete(object_).where(object_.c.key == bindparam("gone"))


def _upsert_objects() -> sqlite.Insert:
    rows = sqlite.insert(object_)
    new = rows.excluded
    return rows.on_conflict_do_update(
        index_elements=[object_.c.key], set_={"revision": new.revision, "created": new.created, "value": new.value}
    )


def _upsert_allocations(*, only_free: bool) -> sqlite.Insert:
    rows = sqlite.insert(allocation)
    return rows.on_conflict_do_update(
        index_elements=[allocation.c.pool, allocation.c.value],
        set_={"owner": rows.excluded.owner, "revision": rows.excluded.revision},
        where=allocation.c.owner.is_(None) if only_free else None,
    )


_PUT_OBJECTS = _upsert_objects()
_RELEASE = _upsert_allocations(only_free=False)
_CLAIM = _upsert_allocations(only_free=True)


class Database:
    """One open data file. Raises DataInUse, ForeignData, SchemaTooNew or LogFailed when it cannot be had."""

    def __init__(self, path: str | PathLike[str]) -> None:
        with _explained(path):
            self._engine = _engine(path)
            self._connection = self._engine.connect()
            try:
                with self._connection.begin():
                    prepare(self._connection)
            except BaseException:
                self.close()
                raise
        self._newest = 0
        #: Up to here compaction has looked; it looks from the start again after a restart.
        self._swept = 0

    def recover(self, index: Index) -> Recovered:
        """What is kept: all entries and allocations, and the newest `KEPT` revisions' changes."""
        with self._connection.begin():
            entries = [_entry(row, index) for row in self._connection.execute(select(object_))]
            rows = self._connection.execute(select(*[allocation.c[name] for name in Allocation._fields]))
            allocations = [Allocation(*row) for row in rows]
            newest = self._connection.scalar(select(func.max(change.c.revision))) or 0
            self._newest = max(
                newest, *(entry.revision for entry in entries), *(each.revision for each in allocations), 0
            )
            oldest = max(self._newest - KEPT, 0)
            changes = list(self._changes_after(oldest, entries, index))
        return Recovered(self._newest, oldest, entries, changes, allocations)

    def append(self, batch: Sequence[Record]) -> None:
        """Keep `batch` in one transaction; returns once it is on the disk."""
        with self._connection.begin():
            self._execute(_ADD_CHANGES, [_change_row(record.change) for record in batch])
            last = {record.change.entry.key: record.change for record in batch}
            self._execute(_PUT_OBJECTS, [_object_row(each.entry) for each in last.values() if not _is_deletion(each)])
            self._execute(_DROP_OBJECTS, [{"gone": key} for key, each in last.items() if _is_deletion(each)])
            self._move(batch)
        self._newest = batch[-1].change.revision

    def compact(self) -> None:
        """One step of compaction, if there is enough to do."""
        limit = self._newest - KEPT
        if limit - self._swept < STEP:
            return
        with self._connection.begin():
            ahead = select(change.c.revision).where(change.c.revision.between(self._swept + 1, limit))
            step = ahead.order_by(change.c.revision).limit(STEP).subquery()
            end = self._connection.scalar(select(func.max(step.c.revision))) or limit
            looked_at = change.c.revision.between(self._swept + 1, end)
            replaced = select(change.c.previous).where(looked_at)
            self._connection.execute(delete(change).where(change.c.revision.in_(replaced)))
            self._connection.execute(delete(change).where(looked_at, change.c.type == ChangeType.DELETED.value))
        self._swept = end

    def close(self) -> None:
        """Let go of the file; idempotent."""
        self._connection.close()
        self._engine.dispose()

    def _changes_after(self, revision: int, entries: Iterable[Entry], index: Index) -> Iterator[Change]:
        """The changes after `revision`, each with the entry before it."""
        recent = change.c.revision > revision
        replaced = select(change.c.previous).where(recent, change.c.previous <= revision)
        by_revision = {entry.revision: entry for entry in entries}

        def entry_of(row: Row[Any]) -> Entry:
            return by_revision.get(row.revision) or by_revision.setdefault(row.revision, _entry(row, index))

        for row in self._connection.execute(select(change).where(change.c.revision.in_(replaced))):
            entry_of(row)
        for row in self._connection.execute(select(change).where(recent).order_by(change.c.revision)):
            previous = None if row.previous is None else by_revision[row.previous]
            yield Change(row.revision, ChangeType(row.type), entry_of(row), previous)

    def _move(self, batch: Sequence[Record]) -> None:
        """Write what became of the allocations: first all that were given back at some point, then who holds them."""
        last = {(move.after.pool, move.after.value): move.after for record in batch for move in record.moves}
        released = {
            (after.pool, after.value): after for record in batch for _, after in record.moves if after.owner is None
        }
        self._execute(_RELEASE, [each._asdict() for each in released.values()])
        claimed = [each._asdict() for each in last.values() if each.owner is not None]
        if self._execute(_CLAIM, claimed) != len(claimed):
            raise LogFailed("a value claimed is held by another in the database")

    def _execute(self, statement: Executable, rows: list[dict[str, Any]]) -> int:
        """Run `statement` for each of `rows`; how many rows it changed."""
        return self._connection.execute(statement, rows).rowcount if rows else 0


def _engine(path: str | PathLike[str]) -> Engine:
    engine = create_engine(URL.create("sqlite", database=os.fspath(path)), connect_args={"timeout": 0})

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transactions would leave schema changes out.
        connection.isolation_level = None
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextmanager
def _explained(path: str | PathLike[str]) -> Iterator[None]:
    """Turn why a file could not be opened into an error that names the file."""
    name = os.fspath(path)
    try:
        yield
    except (ForeignData, SchemaTooNew) as error:
        raise type(error)(f"{name}: {error}") from None
    except DatabaseError as error:
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            raise DataInUse(f"{name} is in use by another process") from error
        if code == sqlite3.SQLITE_NOTADB:
            raise ForeignData(f"{name} is not a SQLite database") from error
        raise LogFailed(f"{name}: {error.orig}") from error


def _entry(row: Row[Any], index: Index) -> Entry:
    return Entry(row.key, row.revision, row.created, row.value, index(row.key, row.value))


def _is_deletion(each: Change) -> bool:
    return each.type is ChangeType.DELETED


def _object_row(entry: Entry) -> dict[str, Any]:
    return {"key": entry.key, "revision": entry.revision, "created": entry.created, "value": entry.value}


def _change_row(each: Change) -> dict[str, Any]:
    previous = None if each.previous is None else each.previous.revision
    return _object_row(each.entry) | {"type": each.type.value, "previous": previous}
