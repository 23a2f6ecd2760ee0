"""Defaulting: fields that are left out get what their schema says, and nulls that it does not allow go."""

from __future__ import annotations

from typing import Any

import orjson

from fauxkube.machinery.objects import Object


def fill_in(value: Any, schema: Object) -> None:
    """Fill in a value, in place, at every depth that is there; a default may bring further defaults with it."""
    if isinstance(value, list):
        items = schema.get("items")
        if isinstance(items, dict):
            for item in value:
                fill_in(item, items)
    elif isinstance(value, dict):
        properties = schema.get("properties") or {}
        for name, known in properties.items():
            _settle(value, name, known)
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            for name in [name for name in value if name not in properties]:
                _settle(value, name, others)


def _settle(holder: Object, name: str, schema: Object) -> None:
    """One field: its default where it is left out or wrongly null, nothing where a null has none."""
    given = holder.get(name)
    if given is None and (name not in holder or not schema.get("nullable")):
        if "default" in schema:
            holder[name] = given = orjson.loads(orjson.dumps(schema["default"]))
        else:
            holder.pop(name, None)
    if given is not None:
        fill_in(given, schema)
