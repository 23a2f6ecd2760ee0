"""What the store is given and what it hands out.

A value's bytes carry the revision of the write that made them, which only the store can know, so a writer hands over
a `Draft`: the bytes on both sides of the place where the revision goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class ChangeType(StrEnum):
    """What a change did to its key, as a watch event names it."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Draft(NamedTuple):
    """Encoded bytes with a hole: `head + revision + tail`.

    `stamp`, where given, is told the revision as the bytes are finished, before anyone hears of the write: so a
    decoded object that goes along as an attachment learns it too.
    """

    head: bytes
    tail: bytes
    stamp: Callable[[int], None] | None = None

    def at(self, revision: int) -> bytes:
        """The finished bytes."""
        if self.stamp is not None:
            self.stamp(revision)
        return b"%b%d%b" % (self.head, revision, self.tail)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's value at a revision.

    `created` is the revision at which the key came to be. `attributes` is whatever the store's `index` function (or
    the writer) said of the value: the store keeps it beside the bytes, so that a reader can select without decoding.
    """

    key: str
    revision: int
    created: int
    value: bytes
    attributes: Any = None


@dataclass(slots=True)
class Change:
    """One row of the log.

    `entry` holds the value after the change; for a deletion, the last value, carrying the deletion's revision.
    `previous` is the entry before it. `attachment` is the writer's own (a decoded object), there for those who are
    told of the change as it happens; history does not keep it. `author` and `at` are the write's.
    """

    revision: int
    type: ChangeType
    entry: Entry
    previous: Entry | None
    author: str = ""
    at: datetime | None = None
    attachment: Any = None


class Claim(NamedTuple):
    """A value (an address, a block, a port) held out of a pool by an owner's key; a pool's value has one owner."""

    pool: str
    value: str


class Allocation(NamedTuple):
    """A claim as the store keeps it.

    `owner` is None once it has been given back; `revision` tells when that (or the claim) happened, so that an
    allocator can hand the longest-free value out first.
    """

    pool: str
    value: str
    owner: str | None
    revision: int


@dataclass(slots=True)
class Write:
    """One key's write: applied whole, with its claims, or not at all.

    `expected` is the revision that the key must be at (0: the key must not exist; None: whatever it is at). `author`
    and `at` say who writes and when, for those who read the history; the store makes nothing of them.
    """

    key: str
    type: ChangeType
    draft: Draft
    expected: int | None = None
    author: str = ""
    at: datetime | None = None
    attributes: Any = None
    attachment: Any = None
    claims: Sequence[Claim] = field(default=())
    releases: Sequence[Claim] = field(default=())


class Lost(NamedTuple):
    """A write that was not applied because its key is not at the expected revision; `current` is what is there."""

    current: Entry | None


class Taken(NamedTuple):
    """A write that was not applied because another owner holds `claim`."""

    claim: Claim
    owner: str


class Page(NamedTuple):
    """Part of a range, in key order: the entries, the revision they are as of, and how many come after them."""

    entries: list[Entry]
    revision: int
    remaining: int


class StoreError(Exception):
    """What the store raises, beside results such as `Lost`."""


class Compacted(StoreError):
    """The revision asked for lies before the oldest that is still held."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"revision {asked} has been compacted; the oldest held is {oldest}")
        self.asked = asked
        self.oldest = oldest


class FutureRevision(StoreError):
    """The revision asked for has not happened yet."""

    def __init__(self, asked: int, current: int) -> None:
        super().__init__(f"revision {asked} is ahead of the current one, {current}")
        self.asked = asked
        self.current = current


class Closed(StoreError):
    """The store was closed."""


class Overflowed(StoreError):
    """A subscriber did not take its changes fast enough and was cut off."""


class LogFailed(StoreError):
    """The log could not make a batch durable; nothing of it was applied."""


class DataInUse(StoreError):
    """Another process (or another store in this one) has the data file open."""


class ForeignData(StoreError):
    """The data file holds something that fauxkube did not write."""


class SchemaTooNew(StoreError):
    """The database was written by a newer fauxkube."""
