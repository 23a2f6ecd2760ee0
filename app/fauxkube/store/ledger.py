"""Who holds which value of which pool.

A value has one owner: the key whose write claimed it. What was given back is remembered with the revision of that
write, so that the longest-free values can be told from the rest, also after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fauxkube.store.model import Allocation, ChangeType, Claim, Taken, Write


class Move(NamedTuple):
    """An allocation as a write found it and as it left it."""

    before: Allocation | None
    after: Allocation


class Ledger:
    """All allocations, with the writes on their way applied."""

    def __init__(self, allocations: Iterable[Allocation] = ()) -> None:
        self._allocations: dict[Claim, Allocation] = {}
        self._of_owner: dict[str, tuple[Claim, ...]] = {}
        for allocation in allocations:
            self._put(allocation)

    def fork(self) -> Ledger:
        """The same allocations, which go their own way from here."""
        other = Ledger()
        other._allocations = self._allocations.copy()
        other._of_owner = self._of_owner.copy()
        return other

    def owner_of(self, claim: Claim) -> str | None:
        """The key that holds `claim`, if one does."""
        allocation = self._allocations.get(claim)
        return allocation.owner if allocation is not None else None

    def held_by(self, owner: str) -> list[Claim]:
        """What `owner` holds, in the order it was claimed."""
        return list(self._of_owner.get(owner, ()))

    def allocations(self, pool: str | None) -> list[Allocation]:
        """Every allocation of `pool` (None: of all), those given back too."""
        return [each for each in self._allocations.values() if pool is None or each.pool == pool]

    def conflict(self, claims: Sequence[Claim], owner: str) -> Taken | None:
        """The first of `claims` that another than `owner` holds."""
        for claim in claims:
            holder = self.owner_of(claim)
            if holder is not None and holder != owner:
                return Taken(claim, holder)
        return None

    def apply(self, write: Write, revision: int) -> list[Move]:
        """Give back, then claim, as `write` says. A deleted key gives back all that it holds."""
        owner = write.key
        deleted = write.type is ChangeType.DELETED
        releases, claims = (self.held_by(owner), ()) if deleted else (write.releases, write.claims)
        moves = [self._move(claim, None, revision) for claim in releases if self.owner_of(claim) == owner]
        moves += [self._move(claim, owner, revision) for claim in claims if self.owner_of(claim) is None]
        return moves

    def undo(self, moves: Sequence[Move]) -> None:
        """Take `moves` back; they must be the newest that are still applied."""
        for before, after in reversed(moves):
            claim = Claim(after.pool, after.value)
            self._forget(claim)
            if before is not None:
                self._put(before)

    def _move(self, claim: Claim, owner: str | None, revision: int) -> Move:
        before = self._forget(claim)
        after = Allocation(claim.pool, claim.value, owner, revision)
        self._put(after)
        return Move(before, after)

    def _put(self, allocation: Allocation) -> None:
        claim = Claim(allocation.pool, allocation.value)
        self._allocations[claim] = allocation
        if allocation.owner is not None:
            self._of_owner[allocation.owner] = (*self._of_owner.get(allocation.owner, ()), claim)

    def _forget(self, claim: Claim) -> Allocation | None:
        allocation = self._allocations.pop(claim, None)
        if allocation is not None and allocation.owner is not None:
            held = tuple(each for each in self._of_owner[allocation.owner] if each != claim)
            if held:
                self._of_owner[allocation.owner] = held
            else:
                del self._of_owner[allocation.owner]
        return allocation
