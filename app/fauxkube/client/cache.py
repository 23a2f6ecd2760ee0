"""Objects by key and by index: what an informer shows, apart from how it keeps up (client-go's `cache.Indexer`).

A cache can be forked: both sides share the objects, which never change, and go their own way from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from fauxkube.machinery.objects import Object

#: The values under which an index keeps an object; it must depend on the object alone, for forks share it.
IndexBy: TypeAlias = Callable[[Object], Iterable[str]]


class Cache:
    """The objects of one collection by `namespace/name` (or `name`), as of `resource_version` (empty: never listed)."""

    def __init__(self) -> None:
        self.resource_version = ""
        self._objects: dict[str, Object] = {}
        self._indexes: dict[str, _Index] = {}
        self.get = self._objects.get

    def fork(self) -> Cache:
        """The same objects and indexes."""
        other = Cache()
        other.resource_version = self.resource_version
        other._objects = self._objects.copy()
        other._indexes = {name: index.fork() for name, index in self._indexes.items()}
        other.get = other._objects.get
        return other

    def items(self) -> list[Object]:
        """All objects; a snapshot that later changes do not touch."""
        return list(self._objects.values())

    def keys(self) -> list[str]:
        """The keys of all objects."""
        return list(self._objects)

    def by_index(self, name: str, value: str) -> list[Object]:
        """The objects that the index `name` keeps under `value`."""
        return list(self._indexes[name].buckets.get(value, {}).values())

    def count_index(self, name: str, value: str) -> int:
        """How many objects the index `name` keeps under `value`."""
        return len(self._indexes[name].buckets.get(value, ()))

    def add_index(self, name: str, by: IndexBy) -> None:
        """Keep objects under the values that `by` gives; a name that is taken keeps its first function."""
        if name in self._indexes:
            return
        index = self._indexes[name] = _Index(by)
        for key, obj in self._objects.items():
            index.put(key, obj)

    def put(self, key: str, obj: Object) -> None:
        """The object of that key is this one now."""
        self._objects[key] = obj
        for index in self._indexes.values():
            index.put(key, obj)

    def drop(self, key: str) -> bool:
        """Forget the object of that key; false when there is none."""
        if self._objects.pop(key, None) is None:
            return False
        for index in self._indexes.values():
            index.drop(key)
        return True


class _Index:
    """The objects under each value that `by` gives for them."""

    def __init__(self, by: IndexBy) -> None:
        self._by = by
        self._values: dict[str, tuple[str, ...]] = {}
        self.buckets: dict[str, dict[str, Object]] = {}

    def fork(self) -> _Index:
        other = _Index(self._by)
        other._values = self._values.copy()
        other.buckets = {value: bucket.copy() for value, bucket in self.buckets.items()}
        return other

    def put(self, key: str, obj: Object) -> None:
        values = tuple(self._by(obj))
        before = self._values.get(key, ())
        if before != values:
            self._leave(key, before)
            self._values[key] = values
        for value in values:
            self.buckets.setdefault(value, {})[key] = obj

    def drop(self, key: str) -> None:
        self._leave(key, self._values.pop(key, ()))

    def _leave(self, key: str, values: tuple[str, ...]) -> None:
        for value in values:
            bucket = self.buckets.get(value)
            if bucket is None:
                continue
            bucket.pop(key, None)
            if not bucket:
                del self.buckets[value]
