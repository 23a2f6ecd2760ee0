"""Lists that are sets or maps (`x-kubernetes-list-type`): nothing is in them twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object


def list_type_errors(value: Any, schema: Object, path: Path) -> list[FieldError]:
    """What is in a set or map twice, at every depth."""
    return list(_errors(value, schema, path))


def _errors(value: Any, schema: Object, path: Path) -> Iterator[FieldError]:
    if isinstance(value, list):
        yield from _doubles(value, schema, path)
        items = schema.get("items")
        for index, item in enumerate(value if isinstance(items, dict) else ()):
            yield from _errors(item, items or {}, path.index(index))
    elif isinstance(value, dict):
        properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, item in value.items():
            known = properties.get(name, others)
            if isinstance(known, dict):
                yield from _errors(item, known, path.child(name) if name in properties else path.key(name))


def _doubles(value: Sequence[Any], schema: Object, path: Path) -> Iterator[FieldError]:
    match schema.get("x-kubernetes-list-type"):
        case "set":
            keys = list(value)
        case "map":
            names = schema.get("x-kubernetes-list-map-keys") or ()
            keys = [{name: item.get(name) for name in names} if isinstance(item, dict) else item for item in value]
        case _:
            return
    seen: set[bytes] = set()
    for index, key in enumerate(keys):
        text = orjson.dumps(key, option=orjson.OPT_SORT_KEYS)
        if text in seen:
            yield path.index(index).duplicate(key)
        seen.add(text)
