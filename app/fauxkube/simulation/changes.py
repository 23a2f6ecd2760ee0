"""What one version of an object says differently from another, field by field.

Paths are written as people who use kubectl write them: `spec.containers[name=web].image`, `metadata.labels[app.io/x]`.
A list's elements are told apart by the merge key that the kind's schema gives them, where it gives one and it is unique
in both lists; by their place otherwise. A list of plain values, and an element that came or went, is one change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema_nodes import ListOf, MapOf, Node, Struct

#: Fields of the metadata that every write changes and nobody means.
_NOISE = frozenset({"metadata.resourceVersion", "metadata.managedFields"})

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class FieldChange(NamedTuple):
    """A field and its value before and after; None where there was, or is, no such field."""

    path: str
    before: Any
    after: Any


def field_changes(before: Object, after: Object, schema: Struct | None = None) -> list[FieldChange]:
    """The fields that differ, in the order in which `after` (then `before`) has them; none that is mere bookkeeping."""
    return list(_of_maps(before, after, "", schema))


def _of_values(before: Any, after: Any, path: str, node: Node | None, merge_key: str = "") -> Iterator[FieldChange]:
    if before == after:
        return
    if _both(dict, before, after) and (before or after):
        yield from _of_maps(before or {}, after or {}, path, node)
    elif _both(list, before, after) and _holds_objects((before or []) + (after or [])):
        yield from _of_lists(before or [], after or [], path, node, merge_key)
    else:
        yield FieldChange(path, before, after)


def _both(kind: type, before: Any, after: Any) -> bool:
    """Whether both are of that kind, as far as they are there: what came or went whole is told part by part."""
    return all(value is None or isinstance(value, kind) for value in (before, after))


def _of_maps(before: Object, after: Object, path: str, node: Node | None) -> Iterator[FieldChange]:
    for name in dict.fromkeys((*after, *before)):
        inner = _within(path, name)
        if inner not in _NOISE:
            held, merge_key = _child(node, name)
            yield from _of_values(before.get(name), after.get(name), inner, held, merge_key)


def _child(node: Node | None, name: str) -> tuple[Node | None, str]:
    """What the field of that name holds, and what tells its elements apart if it is a list."""
    if isinstance(node, Struct) and (field := node.fields.get(name)):
        return field.node, field.merge_key
    return (node.element if isinstance(node, MapOf) else None), ""


def _of_lists(
    before: list[Any], after: list[Any], path: str, node: Node | None, merge_key: str
) -> Iterator[FieldChange]:
    element = node.element if isinstance(node, ListOf) else None
    old, new = _keyed(before, merge_key), _keyed(after, merge_key)
    if old is None or new is None:
        old, new = _numbered(before), _numbered(after)
    for key in dict.fromkeys((*new, *old)):
        place = f"{path}[{key}]"
        if key in old and key in new:
            yield from _of_values(old[key], new[key], place, element)
        else:
            yield FieldChange(place, old.get(key), new.get(key))


def _keyed(elements: Sequence[Any], merge_key: str) -> dict[str, Any] | None:
    """The elements by `key=value`; None when that does not tell them apart."""
    if not merge_key or any(not isinstance(each, dict) or merge_key not in each for each in elements):
        return None
    by_key = {f"{merge_key}={each[merge_key]}": each for each in elements}
    return by_key if len(by_key) == len(elements) else None


def _numbered(elements: Sequence[Any]) -> dict[str, Any]:
    return {str(index): each for index, each in enumerate(elements)}


def _holds_objects(elements: Iterable[Any]) -> bool:
    return any(isinstance(each, dict | list) for each in elements)


def _within(path: str, name: str) -> str:
    if not _PLAIN_NAME.fullmatch(name):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name
