"""JSON patch, by RFC 6902, with upstream's refusals."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.patch import PatchError, json_patch

DOC: dict[str, Any] = {"metadata": {"labels": {"a/b": "1"}}, "spec": {"ports": [80, 443]}}


@pytest.mark.parametrize(
    ("operation", "path", "value"),
    [
        ({"op": "add", "path": "/spec/replicas", "value": 3}, ("spec", "replicas"), 3),
        ({"op": "add", "path": "/spec/ports/-", "value": 8080}, ("spec", "ports"), [80, 443, 8080]),
        ({"op": "add", "path": "/spec/ports/0", "value": 22}, ("spec", "ports"), [22, 80, 443]),
        ({"op": "remove", "path": "/spec/ports/0"}, ("spec", "ports"), [443]),
        ({"op": "replace", "path": "/metadata/labels/a~1b", "value": "2"}, ("metadata", "labels"), {"a/b": "2"}),
        ({"op": "move", "from": "/spec/ports", "path": "/ports"}, ("ports",), [80, 443]),
        ({"op": "copy", "from": "/spec/ports/1", "path": "/spec/last"}, ("spec", "last"), 443),
        ({"op": "test", "path": "/spec/ports/1", "value": 443}, ("spec", "ports"), [80, 443]),
    ],
)
def test_operations_apply(operation: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    result: Any = json_patch.apply(DOC, [operation])
    for step in path:
        result = result[step]
    assert result == value


def test_the_document_itself_is_left_alone() -> None:
    json_patch.apply(DOC, [{"op": "remove", "path": "/spec"}])
    assert "spec" in DOC


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "add", "path": "/a/b", "value": 1}, 'add operation does not apply: doc is missing path: "/a/b"'),
        ({"op": "remove", "path": "/a"}, 'remove operation does not apply: doc is missing path: "/a"'),
        ({"op": "replace", "path": "/a", "value": 1}, "replace operation does not apply: doc is missing path: /a"),
        ({"op": "test", "path": "/spec/ports/0", "value": 1}, "testing value /spec/ports/0 failed: test failed"),
        ({"op": "move", "from": "/a", "path": "/b"}, "move operation does not apply: doc is missing from path: /a"),
        ({"op": "eat", "path": "/a"}, "Unexpected kind: eat"),
        ({"op": "remove"}, "remove operation failed to decode path"),
    ],
)
def test_an_operation_that_does_not_apply_refuses_the_patch(operation: dict[str, Any], message: str) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch.apply(DOC, [{"op": "add", "path": "/x", "value": 1}, operation])
    assert str(caught.value).startswith(message)
    assert caught.value.code == 422


@pytest.mark.parametrize("operations", [{}, "x", [1]])
def test_a_patch_that_is_no_list_of_operations_is_refused(operations: Any) -> None:
    with pytest.raises(PatchError):
        json_patch.apply(DOC, operations)


def test_too_many_operations_are_refused() -> None:
    with pytest.raises(PatchError, match="allowed maximum operations in a JSON patch is 10000, got 10001") as caught:
        json_patch.apply(DOC, [{"op": "test", "path": "", "value": DOC}] * 10_001)
    assert caught.value.code == 413
