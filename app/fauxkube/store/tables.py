"""The tables, declared with SQLModel; `migrations/` makes the same ones, revision by revision.

They have a registry of their own: a program that has fauxkube in its tests may declare an `object` table itself.
Imported only by what opens a database, as SQLModel takes half a second to import.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Integer, LargeBinary, MetaData, Table
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

#: SQLite makes a primary key the row's number, which costs nothing, only if its type is INTEGER.
Revision = BigInteger().with_variant(Integer(), "sqlite")


class Row(SQLModel, registry=registry(metadata=MetaData())):
    """What all tables derive from."""

    __table__: ClassVar[Table]


class ChangeRow(Row, table=True):
    """One change. The row's number is the revision; `previous` is that of the key's value before, if it had one.

    `author` and `at`, in microseconds since the epoch, say who wrote it and when, where that is known.
    """

    __tablename__ = "change"

    revision: int = Field(primary_key=True, sa_type=Revision, sa_column_kwargs={"autoincrement": False})
    type: str = Field(max_length=8)
    key: str
    created: int = Field(sa_type=BigInteger)
    previous: int | None = Field(default=None, sa_type=BigInteger)
    value: bytes = Field(sa_type=LargeBinary)
    author: str | None = Field(default=None)
    at: int | None = Field(default=None, sa_type=BigInteger)


class ObjectRow(Row, table=True):
    """The current value of a key."""

    __tablename__ = "object"

    key: str = Field(primary_key=True)
    revision: int = Field(sa_type=BigInteger)
    created: int = Field(sa_type=BigInteger)
    value: bytes = Field(sa_type=LargeBinary)


class AllocationRow(Row, table=True):
    """A value of a pool and the key that holds it; no value has two. One given back stays, with no owner."""

    __tablename__ = "allocation"

    pool: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    owner: str | None = Field(default=None)
    revision: int = Field(sa_type=BigInteger)


change = ChangeRow.__table__
object_ = ObjectRow.__table__
allocation = AllocationRow.__table__
