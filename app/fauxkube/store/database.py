"""The log's rows in SQL: written a batch a transaction, read once at start, compacted in small steps.

Statements are SQLAlchemy Core's; the ORM is too slow for the hot path. Each takes a whole batch: the rows as one JSON
array, their values as one blob. A statement a row would give up Python's global lock at each row and wait for a busy
event loop each time to get it back. The database is one SQLite file, in WAL mode
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
from datetime import UTC, datetime, timedelta
from os import PathLike
from typing import Any

import orjson
from sqlalchemy import (
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    FromClause,
    LargeBinary,
    Row,
    String,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    select,
    true,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError
from sqlalchemy.types import TypeEngine

from fauxkube.store.log import Index, Record, Recovered
from fauxkube.store.migrate import prepare
from fauxkube.store.model import Allocation, Change, ChangeType, DataInUse, Entry, ForeignData, LogFailed, SchemaTooNew
from fauxkube.store.tables import allocation, change, object_

#: So many of the newest revisions are never compacted. They are loaded at start, for some milliseconds, so that
#: watchers can go on from where they were.
KEPT = 2_048
#: So many changes a compaction step looks at: it delays a commit by a few milliseconds at most.
STEP = 256

#: Moments are kept as whole ticks since the epoch.
_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def _listed(name: str, *columns: tuple[str, TypeEngine[Any]]) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """A batch as a table: the JSON array bound to `name`, whose elements are arrays of the columns' values."""
    each = func.json_each(bindparam(name)).table_valued("value")
    cells = [func.json_extract(each.c.value, f"$[{number}]", type_=kind) for number, (_, kind) in enumerate(columns)]
    return each, [cell.label(column) for cell, (column, _) in zip(cells, columns, strict=True)]


def _inserted(table: Table, rows: FromClause, cells: Sequence[ColumnElement[Any]]) -> sqlite.Insert:
    # Without a condition SQLite would take the ON of ON CONFLICT for a join's.
    return sqlite.insert(table).from_select(
        [cell.name for cell in cells], select(*cells).select_from(rows).where(true())
    )


def _with_value(name: str, *columns: tuple[str, TypeEngine[Any]]) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """Rows whose last two elements say where in `values`, all of a batch's values one after the other, theirs is."""
    rows, cells = _listed(name, *columns, ("start", _INTEGER), ("length", _INTEGER))
    *rest, start, length = cells
    value = func.substr(bindparam("values", type_=LargeBinary()), start.element, length.element)
    # SQLite takes the empty part of a blob for NULL.
    return rows, [*rest, func.coalesce(value, func.zeroblob(0)).label("value")]


_INTEGER, _TEXT = BigInteger(), String()


def _add_changes() -> Executable:
    said = ("author", _TEXT), ("at", _INTEGER)
    columns = ("revision", _INTEGER), ("type", _TEXT), ("key", _TEXT), ("created", _INTEGER), ("previous", _INTEGER)
    return _inserted(change, *_with_value("changes", *columns, *said))


def _put_objects() -> Executable:
    rows = _inserted(object_, *_with_value("objects", ("key", _TEXT), ("revision", _INTEGER), ("created", _INTEGER)))
    new = rows.excluded
    return rows.on_conflict_do_update(
        index_elements=[object_.c.key], set_={"revision": new.revision, "created": new.created, "value": new.value}
    )


def _drop_objects() -> Executable:
    gone = func.json_each(bindparam("gone")).table_valued("value")
    return delete(object_).where(object_.c.key.in_(select(gone.c.value)))


def _put_allocations(*, only_free: bool) -> Executable:
    columns = ("pool", _TEXT), ("value", _TEXT), ("owner", _TEXT), ("revision", _INTEGER)
    rows = _inserted(allocation, *_listed("allocations", *columns))
    return rows.on_conflict_do_update(
        index_elements=[allocation.c.pool, allocation.c.value],
        set_={"owner": rows.excluded.owner, "revision": rows.excluded.revision},
        where=allocation.c.owner.is_(None) if only_free else None,
    )


_ADD_CHANGES = _add_changes()
_PUT_OBJECTS = _put_objects()
_DROP_OBJECTS = _drop_objects()
_RELEASE = _put_allocations(only_free=False)
_CLAIM = _put_allocations(only_free=True)


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
        changes = [record.change for record in batch]
        places = _places(changes)
        values = b"".join(each.entry.value for each in changes)
        last = {each.entry.key: each for each in changes}
        kept = [_object_row(each, places) for each in last.values() if not _is_deletion(each)]
        gone = [key for key, each in last.items() if _is_deletion(each)]
        with self._connection.begin():
            self._execute(_ADD_CHANGES, changes=[_change_row(each, places) for each in changes], values=values)
            self._execute(_PUT_OBJECTS, objects=kept, values=values)
            self._execute(_DROP_OBJECTS, gone=gone)
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
            author, at = row.author or "", None if row.at is None else _EPOCH + row.at * _TICK
            yield Change(row.revision, ChangeType(row.type), entry_of(row), previous, author, at)

    def _move(self, batch: Sequence[Record]) -> None:
        """Write what became of the allocations: first all that were given back at some point, then who holds them."""
        last = {(move.after.pool, move.after.value): move.after for record in batch for move in record.moves}
        released = {
            (after.pool, after.value): after for record in batch for _, after in record.moves if after.owner is None
        }
        self._execute(_RELEASE, allocations=[list(each) for each in released.values()])
        claimed = [list(each) for each in last.values() if each.owner is not None]
        if self._execute(_CLAIM, allocations=claimed) != len(claimed):
            raise LogFailed("a value claimed is held by another in the database")

    def _execute(self, statement: Executable, *, values: bytes | None = None, **rows: Sequence[Any]) -> int:
        """Run `statement` on a whole batch of rows at once; how many rows it changed."""
        [(name, batch)] = rows.items()
        if not batch:
            return 0
        bound: dict[str, Any] = {name: orjson.dumps(batch).decode()}
        return self._connection.execute(statement, bound if values is None else bound | {"values": values}).rowcount


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


def _places(changes: Sequence[Change]) -> dict[int, tuple[int, int]]:
    """Where each change's value is among all values, by revision: the start, counted from 1, and the length."""
    places = {}
    start = 1
    for each in changes:
        length = len(each.entry.value)
        places[each.revision] = (start, length)
        start += length
    return places


def _object_row(each: Change, places: dict[int, tuple[int, int]]) -> list[Any]:
    entry = each.entry
    return [entry.key, entry.revision, entry.created, *places[each.revision]]


def _change_row(each: Change, places: dict[int, tuple[int, int]]) -> list[Any]:
    entry, previous = each.entry, None if each.previous is None else each.previous.revision
    at = None if each.at is None else (each.at - _EPOCH) // _TICK
    said = each.author or None, at
    return [entry.revision, each.type.value, entry.key, entry.created, previous, *said, *places[each.revision]]
