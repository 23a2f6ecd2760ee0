"""Plain values as Go's `%v` prints them, for messages that quote them."""

from __future__ import annotations

from typing import Any


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
