"""The rules that make a schema structural, as upstream's `apiserver/schema/validation.go` and API validation have them.

Every field has one type, said outside of `allOf`, `anyOf`, `oneOf` and `not`, so that pruning and defaulting know what
belongs where. Defaults must be what the schema itself takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.json_schema import prune, schema_errors
from fauxkube.machinery.json_schema.validation import compiled
from fauxkube.machinery.objects import Object, copy_of

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
#: What OpenAPI v3 has no use for.
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
#: What a schema below a combinator must not have.
_NOT_NESTED = {
    "type": "must be empty to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "default": "must be undefined to be structural",
    "additionalProperties": "must be undefined to be structural",
    "nullable": "must be false to be structural",
    "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
    "x-kubernetes-embedded-resource": "must be false to be structural",
    "x-kubernetes-int-or-string": "must be false to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
}
_COMBINATORS = ("allOf", "anyOf", "oneOf")
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_EMPTY = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}


def structural_errors(schema: Object, path: Path) -> list[FieldError]:
    """What keeps the schema of a whole object from being structural."""
    return [*_errors(schema, path, "root"), *_metadata_errors(schema, path)]


def _errors(schema: Object, path: Path, level: str) -> Iterator[FieldError]:
    yield from _own_errors(schema, path, level)
    yield from _value_errors(schema, path)
    yield from _default_errors(schema, path)
    items, others = schema.get("items"), schema.get("additionalProperties")
    if isinstance(items, dict):
        yield from _errors(items, path.child("items"), "item")
    if isinstance(others, dict):
        yield from _errors(others, path.child("additionalProperties"), "field")
    for name, known in sorted((schema.get("properties") or {}).items()):
        if not (level == "root" and name == "metadata"):
            yield from _errors(known, path.child("properties").key(name), "field")


def _own_errors(schema: Object, path: Path, level: str) -> Iterator[FieldError]:
    yield from _form_errors(schema, path)
    yield from _type_errors(schema, path, level)
    yield from _list_type_errors(schema, path)
    others = schema.get("additionalProperties")
    if others is not None and others is not True and schema.get("properties"):
        yield path.child("additionalProperties").forbidden("additionalProperties and properties are mutual exclusive")
    if others is not None and level == "root":
        yield path.child("additionalProperties").forbidden("must not be used at the root")


def _form_errors(schema: Object, path: Path) -> Iterator[FieldError]:
    """What no schema may have."""
    for name in _UNSUPPORTED:
        if schema.get(name):
            yield path.child(name).forbidden(f"{name} is not supported")
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield path.child("uniqueItems").forbidden(detail)
    if isinstance(schema.get("items"), list):
        yield path.child("items").forbidden("items must be a schema object and not an array")
    if schema.get("type") == "array" and schema.get("items") is None:
        yield path.child("items").required("must be specified")


def _type_errors(schema: Object, path: Path, level: str) -> Iterator[FieldError]:
    kind, mixed = schema.get("type") or "", schema.get("x-kubernetes-int-or-string")
    kept = schema.get("x-kubernetes-preserve-unknown-fields")
    if kind == "null":
        yield path.child("type").forbidden("type cannot be set to null, use nullable as an alternative")
    elif kind and kind not in _TYPES:
        yield path.child("type").not_supported(kind, _TYPES)
    if not kind and not mixed and not kept:
        yield path.child("type").required(_EMPTY[level])
    if level == "root" and kind and kind != "object":
        yield path.child("type").invalid(kind, "must be object at the root")
    if mixed and kind:
        yield path.child("type").forbidden("must be empty if x-kubernetes-int-or-string is true")
    if mixed and kept:
        at = path.child("x-kubernetes-preserve-unknown-fields")
        yield at.invalid(True, "must be false if x-kubernetes-int-or-string is true")


def _list_type_errors(schema: Object, path: Path) -> Iterator[FieldError]:
    kind, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys")
    at = path.child("x-kubernetes-list-map-keys")
    if kind is not None and kind not in ("atomic", "map", "set"):
        yield path.child("x-kubernetes-list-type").not_supported(kind, ("atomic", "set", "map"))
    if kind == "map" and not keys:
        yield at.required("must not be empty if x-kubernetes-list-type is map")
    if keys and kind != "map":
        yield path.child("x-kubernetes-list-type").required("must be map if x-kubernetes-list-map-keys is non-empty")


def _value_errors(schema: Object, path: Path) -> Iterator[FieldError]:
    """The pattern, and the schemas that are combined."""
    if pattern := schema.get("pattern"):
        try:
            compiled(pattern)
        except re.error as error:
            detail = f"must be a valid regular expression, but isn't: {error}"
            yield path.child("pattern").invalid(pattern, detail)
    mixed = schema.get("x-kubernetes-int-or-string")
    for combinator in _COMBINATORS:
        nested = schema.get(combinator) or ()
        if mixed and combinator == "anyOf" and nested == _INT_OR_STRING:
            continue
        for index, each in enumerate(nested):
            free = mixed and combinator == "allOf" and not index and each.get("anyOf") == _INT_OR_STRING
            yield from () if free else _nested_errors(each, path.child(combinator).index(index))
    if (unwanted := schema.get("not")) is not None:
        yield from _nested_errors(unwanted, path.child("not"))


def _nested_errors(schema: Object, path: Path) -> Iterator[FieldError]:
    for name, detail in _NOT_NESTED.items():
        if schema.get(name):
            yield path.child(name).forbidden(detail)
    yield from _value_errors(schema, path)
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _nested_errors(items, path.child("items"))
    for name, known in sorted((schema.get("properties") or {}).items()):
        at = path.child("properties").key(name)
        if name == "metadata":
            yield at.forbidden("must not be specified in a nested context")
        yield from _nested_errors(known, at)


def _default_errors(schema: Object, path: Path) -> Iterator[FieldError]:
    if "default" not in schema:
        return
    at = path.child("default")
    for error in schema_errors(schema["default"], schema):
        below = "" if error.field == "<nil>" else f".{error.field}"
        yield error._replace(field=f"{at}{below}")
    whole: Any = copy_of({"value": schema["default"]})
    if prune(whole, {"properties": {"value": schema}}):
        yield at.invalid(schema["default"], "must not have unknown fields")


def _metadata_errors(schema: Object, path: Path) -> Iterator[FieldError]:
    """Of the metadata only the name can be restricted; version and kind are strings."""
    properties, at = schema.get("properties") or {}, path.child("properties")
    for name in ("apiVersion", "kind"):
        kind = properties.get(name, {"type": "string"}).get("type") or ""
        if kind != "string":
            yield at.key(name).child("type").invalid(kind, "must be string")
    metadata = properties.get("metadata")
    if metadata is None:
        return
    if metadata.get("type") != "object":
        yield at.key("metadata").child("type").invalid(metadata.get("type") or "", "must be object")
    known = set(metadata.get("properties") or ()) - {"name", "generateName"}
    if known or metadata.get("additionalProperties") is not None:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield at.key("metadata").forbidden(detail)
