"""Pruning: fields that a structural schema does not specify are dropped, unless it says that they are kept."""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.objects import Object

#: What every object has, whatever its schema says.
_IMPLICIT = frozenset({"apiVersion", "kind", "metadata"})


def prune(obj: Object, schema: Object) -> list[str]:
    """Drop what the schema of a whole object does not know; the paths of what was dropped (`spec.ports[0].foo`)."""
    dropped: list[str] = []
    _prune(obj, schema, "", dropped, whole=True)
    return dropped


def _prune(value: Any, schema: Object, path: str, dropped: list[str], *, whole: bool = False) -> None:
    if isinstance(value, list):
        items = schema.get("items")
        if isinstance(items, dict):
            for index, item in enumerate(value):
                _prune(item, items, f"{path}[{index}]", dropped)
    elif isinstance(value, dict):
        _prune_fields(value, schema, path, dropped, whole=whole or schema.get("x-kubernetes-embedded-resource", False))


def _prune_fields(value: Object, schema: Object, path: str, dropped: list[str], *, whole: bool) -> None:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    keeps = others is True or schema.get("x-kubernetes-preserve-unknown-fields", False)
    for name in list(value):
        if whole and name in _IMPLICIT:
            continue
        at = f"{path}.{name}" if path else name
        known = properties.get(name, others)
        if isinstance(known, dict):
            _prune(value[name], known, at, dropped)
        elif not keeps:
            dropped.append(at)
            del value[name]
