"""JSON patch (RFC 6902), with refusals worded as upstream's library (evanphx/json-patch) words them."""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.objects import Object, copy_of
from fauxkube.machinery.patch import PatchError
from fauxkube.machinery.patch.go_text import unreadable

#: More operations than these are refused, as the API server does.
MAX_OPERATIONS = 10_000


def apply(doc: Object, operations: Any) -> Object:
    """The patched object; the arguments are left alone. All operations apply, or `PatchError` says which does not."""
    _check_form(operations)
    if len(operations) > MAX_OPERATIONS:
        message = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        raise PatchError(message, code=413)
    result: Any = copy_of(doc)
    for operation in operations:
        result = _applied(result, operation)
    if not isinstance(result, dict):
        raise PatchError("the patched document is no object", code=422)
    return result


def _check_form(operations: Any) -> None:
    if not isinstance(operations, list):
        raise unreadable(operations, "[]handlers.jsonPatchOp")
    for operation in operations:
        if not isinstance(operation, dict):
            raise unreadable(operation, "handlers.jsonPatchOp")


def _applied(doc: Any, operation: Object) -> Any:
    import jsonpatch
    from jsonpointer import JsonPointerException

    try:
        return jsonpatch.JsonPatch([operation]).apply(doc, in_place=True)
    except jsonpatch.JsonPatchTestFailed:
        raise PatchError(f"testing value {operation['path']} failed: test failed", code=422) from None
    except (jsonpatch.JsonPatchException, JsonPointerException):
        raise PatchError(_refusal(operation), code=422) from None


def _refusal(operation: Object) -> str:
    kind, path = operation.get("op"), operation.get("path")
    if not isinstance(path, str):
        return f"{kind} operation failed to decode path: missing value"
    match kind:
        case "add" | "remove":
            return f'{kind} operation does not apply: doc is missing path: "{path}": missing value'
        case "replace":
            return f"replace operation does not apply: doc is missing path: {path}: missing value"
        case "test":
            return f"test operation does not apply: is missing path: {path}: missing value"
        case "move" | "copy":
            return f"{kind} operation does not apply: doc is missing from path: {operation.get('from')}: missing value"
    return f"Unexpected kind: {kind}"
