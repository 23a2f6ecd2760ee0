"""OpenAPI v2 documents in protobuf, the one form that kubectl, helm and client-go ask for them in.

The messages and their numbers are those of gnostic's `OpenAPIv2.proto`; of their fields, the ones that our documents
have. Values of any form (extensions, enums) go as YAML text, of which JSON is a part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import orjson

from fauxkube.machinery.objects import Object

#: A value as the content of its message.
Content: TypeAlias = Callable[[Any], bytes]
#: A field's value as it is sent under the field's number.
Emit: TypeAlias = Callable[[int, Any], bytes]
Fields: TypeAlias = Mapping[str, tuple[int, Emit]]


def encode(document: Object) -> bytes:
    """The document as an `openapi.v2.Document`."""
    return _struct(document, _DOCUMENT, extensions=16)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _flag(number: int, value: bool) -> bytes:
    return _varint(number << 3) + _varint(int(value))


def _message(content: Content) -> Emit:
    return lambda number, value: _bytes(number, content(value))


def _each(emit: Emit) -> Emit:
    return lambda number, values: b"".join([emit(number, value) for value in values])


def _wrapped(inner: int, emit: Emit) -> Emit:
    """A value that is alone in a message of its own, as its field `inner`."""
    return lambda number, value: _bytes(number, emit(inner, value))


def _named(emit: Emit) -> Emit:
    """A map, as messages of a name and a value."""

    def emit_pairs(number: int, pairs: Mapping[str, Any]) -> bytes:
        return b"".join([_bytes(number, _text(1, name) + emit(2, value)) for name, value in pairs.items()])

    return emit_pairs


def _any(number: int, value: Any) -> bytes:
    return _bytes(number, _text(2, orjson.dumps(value).decode()))


def _struct(value: Object, fields: Fields, *, extensions: int) -> bytes:
    parts = []
    for name, item in value.items():
        if field := fields.get(name):
            number, emit = field
            parts.append(emit(number, item))
        elif name.startswith("x-"):
            parts.append(_named(_any)(extensions, {name: item}))
    return b"".join(parts)


def _schema(value: Object) -> bytes:
    return _struct(value, _SCHEMA, extensions=31)


def _others(number: int, value: Any) -> bytes:
    """What fields that are not named may be: of a schema, or anything at all."""
    return _bytes(number, _flag(2, value) if isinstance(value, bool) else _bytes(1, _schema(value)))


def _response(value: Object) -> bytes:
    return _struct(value, _RESPONSE, extensions=5)


def _parameter(value: Object) -> bytes:
    """A parameter in the message that its place (`in`) has."""
    match value["in"]:
        case "body":
            return _bytes(1, _struct(value, _BODY, extensions=6))
        case "query":
            return _bytes(2, _bytes(3, _struct(value, _QUERY, extensions=23)))
    return _bytes(2, _bytes(4, _struct(value, _PATH_PARAMETER, extensions=22)))


def _operation(value: Object) -> bytes:
    return _struct(value, _OPERATION, extensions=13)


def _path_item(value: Object) -> bytes:
    return _struct(value, _PATH_ITEM, extensions=10)


_SCHEMA: Fields = {
    "$ref": (1, _text),
    "format": (2, _text),
    "description": (4, _text),
    "default": (5, _any),
    "required": (19, _each(_text)),
    "enum": (20, _each(_any)),
    "additionalProperties": (21, _others),
    "type": (22, _wrapped(1, _text)),
    "items": (23, _wrapped(1, _message(_schema))),
    "properties": (25, _wrapped(1, _named(_message(_schema)))),
}
_RESPONSE: Fields = {"description": (1, _text), "schema": (2, _wrapped(1, _message(_schema)))}
_BODY: Fields = {
    "description": (1, _text),
    "name": (2, _text),
    "in": (3, _text),
    "required": (4, _flag),
    "schema": (5, _message(_schema)),
}
_PLACED: Fields = {"required": (1, _flag), "in": (2, _text), "description": (3, _text), "name": (4, _text)}
_QUERY: Fields = {**_PLACED, "type": (6, _text), "uniqueItems": (20, _flag)}
_PATH_PARAMETER: Fields = {**_PLACED, "type": (5, _text), "uniqueItems": (19, _flag)}
_PARAMETERS = _each(_wrapped(1, _message(_parameter)))
_OPERATION: Fields = {
    "operationId": (5, _text),
    "consumes": (7, _each(_text)),
    "parameters": (8, _PARAMETERS),
    "responses": (9, _wrapped(1, _named(_wrapped(1, _message(_response))))),
}
_PATH_ITEM: Fields = {
    "get": (2, _message(_operation)),
    "put": (3, _message(_operation)),
    "post": (4, _message(_operation)),
    "delete": (5, _message(_operation)),
    "patch": (8, _message(_operation)),
    "parameters": (9, _PARAMETERS),
}
_INFO: Fields = {"title": (1, _text), "version": (2, _text)}
_DOCUMENT: Fields = {
    "swagger": (1, _text),
    "info": (2, _message(lambda info: _struct(info, _INFO, extensions=7))),
    "paths": (8, _wrapped(2, _named(_message(_path_item)))),
    "definitions": (9, _wrapped(1, _named(_message(_schema)))),
}
