"""The patch that client-side apply sends, made as kubectl makes it from three objects.

What was applied last and is no longer wanted is taken away; what is wanted and is not there, or is different, is set;
what others have put into the live object is left alone. With a schema the patch is a strategic merge patch, whose lists
are compared element by element where they have a merge key; without one it is a JSON merge patch.
"""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema_nodes import Field, ListOf, MapOf, Node, Struct


def three_way_patch(original: Object, modified: Object, live: Object, schema: Struct | None) -> Object:
    """What brings `live` to what `modified` asks for, given that `original` was applied before; empty: nothing to do.

    The three are left alone, and the patch shares parts with `modified`.
    """
    return _patch_of_map(original, modified, live, schema)


def _patch_of_map(original: Object, modified: Object, live: Object, node: Node | None) -> Object:
    patch: Object = {}
    for name, value in modified.items():
        field, held = _child(node, name)
        patch |= _patch_of_field(name, (original.get(name), value, live.get(name)), field, held)
    patch |= {name: None for name in original if name not in modified and name in live}
    return patch


def _child(node: Node | None, name: str) -> tuple[Field | None, Node | None]:
    if isinstance(node, Struct):
        field = node.fields.get(name)
        return field, field.node if field else None
    return None, node.element if isinstance(node, MapOf) else None


def _patch_of_field(name: str, values: tuple[Any, Any, Any], field: Field | None, held: Node | None) -> Object:
    """The patch's entries for one field, given what was applied, what is wanted and what is live."""
    original, wanted, live = values
    if isinstance(wanted, dict) and isinstance(live, dict) and not (field and field.replaces):
        inner = _patch_of_map(original if isinstance(original, dict) else {}, wanted, live, held)
        if inner and field and field.retains_keys:
            inner["$retainKeys"] = sorted(each for each in wanted if wanted[each] is not None)
        return {name: inner} if inner else {}
    if isinstance(wanted, list) and isinstance(live, list) and field and field.merges:
        return _patch_of_list(name, (original if isinstance(original, list) else [], wanted, live), field)
    return {} if wanted == live else {name: wanted}


def _patch_of_list(name: str, lists: tuple[list[Any], list[Any], list[Any]], field: Field) -> Object:
    original, wanted, live = lists
    if not field.merge_key:
        return _patch_of_set(name, original, wanted, live)
    old, new, there = (_by_key(items, field.merge_key) for items in lists)
    if old is None or new is None or there is None:
        return {} if wanted == live else {name: [{"$patch": "replace"}, *wanted]}
    return _patch_of_elements(name, (old, new, there), field)


def _patch_of_set(name: str, original: list[Any], wanted: list[Any], live: list[Any]) -> Object:
    """For a list of plain values that is merged."""
    patch: Object = {}
    if added := [each for each in wanted if each not in live]:
        patch[name] = added
    if removed := [each for each in original if each not in wanted and each in live]:
        patch[f"$deleteFromPrimitiveList/{name}"] = removed
    return {f"$setElementOrder/{name}": wanted} | patch if patch or _disordered(wanted, live) else {}


def _by_key(items: list[Any], key: str) -> dict[Any, Object] | None:
    """A list's elements by their merge key; None when that does not tell them apart (one port, two protocols)."""
    found = {item[key]: item for item in items if isinstance(item, dict) and key in item}
    return found if len(found) == len(items) else None


def _patch_of_elements(name: str, lists: tuple[dict[Any, Object], ...], field: Field) -> Object:
    original, wanted, live = lists
    key = field.merge_key
    element = field.node.element if isinstance(field.node, ListOf) else None
    elements: list[Object] = []
    for value, item in wanted.items():
        if value not in live:
            elements.append(item)
        elif inner := _patch_of_map(original.get(value, {}), item, live[value], element):
            elements.append(_retaining(inner, item, field) | {key: value})
    elements += [{"$patch": "delete", key: value} for value in original if value not in wanted and value in live]
    if not elements and not _disordered([*wanted], [*live]):
        return {}
    order = {f"$setElementOrder/{name}": [{key: value} for value in wanted]}
    return order | {name: elements} if elements else order


def _retaining(patch: Object, item: Object, field: Field) -> Object:
    return {"$retainKeys": sorted(item)} | patch if field.retains_keys else patch


def _disordered(wanted: list[Any], live: list[Any]) -> bool:
    """Whether what is wanted is live in another order."""
    return [each for each in live if each in wanted] != [each for each in wanted if each in live]
