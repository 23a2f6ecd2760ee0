"""Writes and logs that the store's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fauxkube.store.log import Done, Index, Record, Recovered
from fauxkube.store.model import Change, ChangeType, Claim, Draft, Lost, Taken, Write
from fauxkube.store.store import Store


def create(key: str, text: str = "", *, claims: Sequence[Claim] = (), expected: int | None = 0) -> Write:
    return _write(key, ChangeType.ADDED, text, expected=expected, claims=claims)


def update(
    key: str,
    text: str = "",
    *,
    expected: int | None = None,
    claims: Sequence[Claim] = (),
    releases: Sequence[Claim] = (),
) -> Write:
    return _write(key, ChangeType.MODIFIED, text, expected=expected, claims=claims, releases=releases)


def remove(key: str, *, expected: int | None = None) -> Write:
    return _write(key, ChangeType.DELETED, "gone", expected=expected)


def _write(
    key: str,
    type: ChangeType,
    text: str,
    *,
    expected: int | None,
    claims: Sequence[Claim] = (),
    releases: Sequence[Claim] = (),
) -> Write:
    draft = Draft(f"{text}@".encode(), b".")
    return Write(key, type, draft, expected=expected, claims=claims, releases=releases)


async def done(store: Store, write: Write) -> Change:
    """Write, and be told of the change; anything else fails the test."""
    outcome = await store.write(write)
    assert isinstance(outcome, Change), outcome
    return outcome


def state(store: Store, prefix: str = "", *, revision: int | None = None) -> dict[str, bytes]:
    return {entry.key: entry.value for entry in store.page(prefix, revision=revision).entries}


Outcome = Change | Lost | Taken


class HeldLog:
    """A log whose commits wait until the test lets each of them pass or fail."""

    instant = False

    def __init__(self) -> None:
        self.batches: list[tuple[list[Record], Done]] = []
        self._arrived = asyncio.Event()

    async def open(self, index: Index) -> Recovered:
        return Recovered(0, 0, (), (), ())

    def commit(self, batch: Sequence[Record], done: Done) -> None:
        self.batches.append((list(batch), done))
        self._arrived.set()

    async def next_batch(self) -> list[str]:
        """Wait for a commit to be under way; its keys."""
        while not self.batches:
            self._arrived.clear()
            await self._arrived.wait()
        return [record.change.entry.key for record in self.batches[0][0]]

    def finish(self, error: Exception | None = None) -> None:
        """Let the commit under way end."""
        _, done = self.batches.pop(0)
        done(error)

    async def close(self) -> None:
        return
