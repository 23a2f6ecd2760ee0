"""Hands out the values of a range, none of them twice.

Never-used values go first, in order, the dynamic band before the static one; once there are none left, the value that
has been free for longest. So an address is not reused while something may still remember its last owner.

A value is reserved first, claimed once the write that carries it is durable, and cancelled if that write fails; in
between no one else gets it. Nothing here waits or knows a store.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

from sortedcontainers import SortedSet

from fauxkube.ipam.ranges import Range


class Held(Protocol):
    """An allocation as the store keeps it; `owner` is None once it was given back, at `revision`."""

    @property
    def value(self) -> str: ...

    @property
    def owner(self) -> str | None: ...

    @property
    def revision(self) -> int: ...


class Allocator:
    """The state of one range. `dynamic_from` is the number of the first value of the dynamic band.

    Inside, values go by their position in the order of first use: 0 is the first of the dynamic band, and the static
    band comes last.
    """

    def __init__(self, range: Range, *, dynamic_from: int = 0) -> None:
        self.range = range
        self._size = len(range)
        self._offset = dynamic_from if dynamic_from < self._size else 0
        #: Reserved (None) and claimed values.
        self._held: dict[int, str | None] = {}
        #: Given back, the longest-free first.
        self._cooling: OrderedDict[int, None] = OrderedDict()
        #: Reservations of cooling values: cancelled, they go back to where they came from.
        self._cooled: set[int] = set()
        #: Every position before this one has been looked at; those of them that are still unused are in `_spare`.
        self._next = 0
        self._spare: SortedSet = SortedSet()

    @property
    def used(self) -> int:
        """How many values are reserved or claimed."""
        return len(self._held)

    @property
    def free(self) -> int:
        """How many can still be reserved."""
        return self._size - len(self._held)

    @property
    def cooling(self) -> int:
        """How many of the free ones have been held before, and go last."""
        return len(self._cooling)

    def is_cooling(self, value: str) -> bool:
        """Whether `value` is free, but was held before."""
        return self._position(value) in self._cooling

    def is_reused(self, value: str) -> bool:
        """Whether `value` is reserved, and was held before."""
        return self._position(value) in self._cooled

    def contains(self, value: str) -> bool:
        """Whether `value` is one of the range's."""
        return self.range.index_of(value) is not None

    def owner_of(self, value: str) -> str | None:
        """Who has claimed `value`; None also for a reservation."""
        position = self._position(value)
        return None if position is None else self._held.get(position)

    def reserve(self) -> str | None:
        """A free value, now reserved; None when there is none."""
        position = self._unused()
        if position is None:
            if not self._cooling:
                return None
            position, _ = self._cooling.popitem(last=False)
            self._cooled.add(position)
        self._held[position] = None
        return self._value(position)

    def reserve_exact(self, value: str) -> bool:
        """Reserve `value`; False when it is taken or no value of the range."""
        position = self._position(value)
        if position is None or position in self._held:
            return False
        if position in self._cooling:
            del self._cooling[position]
            self._cooled.add(position)
        self._spare.discard(position)
        self._held[position] = None
        return True

    def cancel(self, value: str) -> None:
        """Give up a reservation, as if it had not been made. What is claimed or free stays so."""
        position = self._position(value)
        if position is not None and self._held.get(position, "") is None:
            self._cancel(position)

    def _cancel(self, position: int) -> None:
        del self._held[position]
        if position in self._cooled:
            self._cooled.remove(position)
            self._cooling[position] = None
            self._cooling.move_to_end(position, last=False)
        elif position < self._next:
            self._spare.add(position)

    def claim(self, value: str, owner: str) -> None:
        """Make `value` its owner's, reserved before or not. Raises ValueError if it is another's or out of range."""
        position = self._position(value)
        if position is None:
            raise ValueError(f"{value} is not in the range")
        holder = self._held.get(position)
        if holder is not None and holder != owner:
            raise ValueError(f"{value} is held by {holder}")
        self._cooling.pop(position, None)
        self._cooled.discard(position)
        self._spare.discard(position)
        self._held[position] = owner

    def release(self, value: str) -> None:
        """Give `value` back: it is free, but the last to be handed out again. What is free stays as it is."""
        position = self._position(value)
        if position is None or position not in self._held:
            return
        del self._held[position]
        self._cooled.discard(position)
        self._cooling[position] = None

    def fork(self) -> Allocator:
        """The same state but for reservations, which are as if cancelled: their writes are no part of a fork."""
        other = Allocator(self.range, dynamic_from=self._offset)
        other._held = self._held.copy()
        other._cooling = self._cooling.copy()
        other._cooled = self._cooled.copy()
        other._next = self._next
        other._spare = self._spare.copy()
        for position in [position for position, owner in self._held.items() if owner is None]:
            other._cancel(position)
        return other

    def load(self, allocations: Iterable[Held]) -> None:
        """Take over what a store kept, in any order; values out of the range are skipped, since it may have changed."""
        for allocation in sorted(allocations, key=lambda each: each.revision):
            position = self._position(allocation.value)
            if position is None:
                continue
            if allocation.owner is None:
                self._cooling[position] = None
            else:
                self._held[position] = allocation.owner

    def _unused(self) -> int | None:
        """Take the first position that was never used."""
        if self._spare:
            spare: int = self._spare.pop(0)
            return spare
        while self._next < self._size:
            position = self._next
            self._next += 1
            if position not in self._held and position not in self._cooling:
                return position
        return None

    def _position(self, value: str) -> int | None:
        index = self.range.index_of(value)
        return None if index is None else (index - self._offset) % self._size

    def _value(self, position: int) -> str:
        return self.range.at((position + self._offset) % self._size)
