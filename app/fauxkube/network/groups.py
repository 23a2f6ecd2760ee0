"""Things by a key of their own, found again by what several of them share: an index that follows each change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Groups(Generic[T]):
    """Items by the names of their groups, in each group by their keys, in the order in which they came."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, T]] = {}

    def __iter__(self) -> Iterator[str]:
        """The names of the groups that have items."""
        return iter(self._groups)

    def of(self, name: str) -> Collection[T]:
        """The items of one group; none when there is no such group."""
        group = self._groups.get(name)
        return group.values() if group is not None else ()

    def put(self, names: Iterable[str], key: str, item: T) -> None:
        """Let the item of that key stand in these groups; it must not stand in others."""
        for name in names:
            self._groups.setdefault(name, {})[key] = item

    def drop(self, names: Iterable[str], key: str) -> None:
        """Take the item of that key out of these groups."""
        for name in names:
            group = self._groups.get(name)
            if group is None:
                continue
            group.pop(key, None)
            if not group:
                del self._groups[name]
