"""Plain values as Go prints them with `%v`, and the types that it says they are, for messages."""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.patch import PatchError


def shown(value: Any) -> str:
    """`map[name:web ports:[80 443]]`, with keys in order."""
    match value:
        case dict():
            return f"map[{' '.join(f'{key}:{shown(value[key])}' for key in sorted(value))}]"
        case list():
            return f"[{' '.join(map(shown, value))}]"
        case bool():
            return "true" if value else "false"
        case None:
            return "<nil>"
    return str(value)


def type_name(value: Any) -> str:
    """The Go type that decoded JSON has."""
    match value:
        case dict():
            return "map[string]interface {}"
        case list():
            return "[]interface {}"
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
    return "string"


def unreadable(value: Any, go_type: str, *, doing: str = "error decoding patch: ") -> PatchError:
    """Go's refusal of a patch that is JSON, but of the wrong form."""
    return PatchError(f"{doing}json: cannot unmarshal {_json_kind(value)} into Go value of type {go_type}")


def _json_kind(value: Any) -> str:
    match value:
        case dict():
            return "object"
        case list():
            return "array"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case None:
            return "null"
    return "string"
