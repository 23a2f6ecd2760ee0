"""What makes changes durable.

The store checks, orders and publishes; a `Log` only keeps. It is given one batch at a time and says when that batch
is safe, so a log needs no ordering of its own, and any log has the same semantics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from fauxkube.store.ledger import Move
from fauxkube.store.model import Allocation, Change, Entry

#: Says of a key's value what readers select by (`Entry.attributes`).
Index = Callable[[str, bytes], Any]
#: Takes None when the batch is durable, or why nothing of it is.
Done = Callable[[Exception | None], None]


def no_attributes(_key: str, _value: bytes) -> Any:
    """The index of a store whose readers do not select."""
    return None


class Record(NamedTuple):
    """One write as the log keeps it: the change, and what it did to the allocations."""

    change: Change
    moves: Sequence[Move]


class Recovered(NamedTuple):
    """What a log held when it was opened.

    `revision` is the highest ever kept, also when the rows that carried it are gone. `changes` are the newest, in
    order, and every revision since `oldest` is among them.
    """

    revision: int
    oldest: int
    entries: Sequence[Entry]
    changes: Sequence[Change]
    allocations: Sequence[Allocation]


#: What a new log holds.
NOTHING = Recovered(0, 0, (), (), ())


class Log(Protocol):
    """Keeps batches of records, each whole or not at all."""

    #: True when `commit` always calls `done(None)` before it returns; the store then publishes without a pause.
    instant: bool

    async def open(self, index: Index) -> Recovered:
        """Make ready and hand back what is kept; raises DataInUse, ForeignData or SchemaTooNew."""

    def commit(self, batch: Sequence[Record], done: Done) -> None:
        """Keep `batch`, then call `done`, in the event loop's thread. Called again only after `done` was.

        Unless the log is `instant`, `done` is called after this has returned.
        """

    async def close(self) -> None:
        """Let go of everything; idempotent."""


class NullLog:
    """Keeps nothing: the store lives and dies with the process, and begins with `found`."""

    instant = True

    def __init__(self, found: Recovered = NOTHING) -> None:
        self._found = found

    async def open(self, index: Index) -> Recovered:
        return self._found

    def commit(self, batch: Sequence[Record], done: Done) -> None:
        done(None)

    async def close(self) -> None:
        return
