"""OpenAPI v2 in protobuf: each part under the numbers that gnostic's messages give it."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.machinery.protobuf.wire import LENGTH, VARINT, Message
from fauxkube.server.openapi_protobuf import encode


def fields(data: bytes, *path: int) -> list[Any]:
    """The values at a path of field numbers, in order."""
    values: list[Any] = [data]
    for number in path:
        values = [value for each in values for value in _values(each, number)]
    return values


def _values(data: bytes, number: int) -> list[Any]:
    found: list[Any] = []

    def put(obj: Object, value: Any) -> None:
        found.append(value)

    message = Message("test.v1.Any")
    message.add(number, "any", {VARINT: put, LENGTH: put})
    message.decode(data)
    return found


DOCUMENT: Object = {
    "swagger": "2.0",
    "info": {"title": "Kubernetes", "version": "v1.36"},
    "paths": {
        "/api/v1/pods/{name}": {
            "patch": {
                "operationId": "patchPod",
                "consumes": ["application/json-patch+json", "application/merge-patch+json"],
                "parameters": [
                    {"name": "dryRun", "in": "query", "description": "None.", "type": "string", "uniqueItems": True},
                    {"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Patch"}},
                ],
                "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/Pod"}}},
                "x-kubernetes-group-version-kind": {"group": "", "version": "v1", "kind": "Pod"},
            },
            "parameters": [{"name": "name", "in": "path", "description": "It.", "required": True, "type": "string"}],
        }
    },
    "definitions": {
        "Pod": {
            "type": "object",
            "description": "A pod." * 50,
            "required": ["spec"],
            "properties": {"ports": {"type": "array", "items": {"type": "integer", "format": "int32"}}},
            "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}],
        },
        "Labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}

_PATH_ITEM = (8, 2, 2)
_PATCH = (*_PATH_ITEM, 8)
_POD = (9, 1, 2)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ((1,), [b"2.0"]),
        ((2, 2), [b"v1.36"]),
        ((8, 2, 1), [b"/api/v1/pods/{name}"]),
        ((*_PATCH, 5), [b"patchPod"]),
        ((*_PATCH, 7), [b"application/json-patch+json", b"application/merge-patch+json"]),
        ((*_PATCH, 8, 1, 2, 3, 4), [b"dryRun"]),
        ((*_PATCH, 8, 1, 2, 3, 20), [1]),
        ((*_PATCH, 8, 1, 1, 5, 1), [b"#/definitions/Patch"]),
        ((*_PATCH, 9, 1, 1), [b"200"]),
        ((*_PATCH, 9, 1, 2, 1, 2, 1, 1), [b"#/definitions/Pod"]),
        ((*_PATCH, 13, 1), [b"x-kubernetes-group-version-kind"]),
        ((*_PATCH, 13, 2, 2), [b'{"group":"","version":"v1","kind":"Pod"}']),
        ((*_PATH_ITEM, 9, 1, 2, 4, 4), [b"name"]),
        ((9, 1, 1), [b"Pod", b"Labels"]),
        ((*_POD, 4), [b"A pod." * 50]),
        ((*_POD, 22, 1), [b"object", b"object"]),
        ((*_POD, 19), [b"spec"]),
        ((*_POD, 25, 1, 1), [b"ports"]),
        ((*_POD, 25, 1, 2, 23, 1, 2), [b"int32"]),
        ((*_POD, 21, 1, 22, 1), [b"string"]),
    ],
)
def test_each_part_is_at_its_place(path: tuple[int, ...], values: list[Any]) -> None:
    assert fields(encode(DOCUMENT), *path) == values
