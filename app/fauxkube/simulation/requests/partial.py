"""Partial matching: what is wanted of a body, and where a body differs from it."""

from __future__ import annotations

from typing import Any


def differences(wanted: Any, found: Any, at: str = "") -> list[str]:
    """Where `found` lacks part of `wanted`: objects may have more fields, anything else must be equal.

    A list is matched item by item and must be as long.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [text for name, value in wanted.items() for text in _in_field(name, value, found, at)]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return [text for index, (each, other) in pairs for text in differences(each, other, f"{at}[{index}]")]
    return [] if _equal(wanted, found) else [f"{at or 'it'} is {_shown(found)}, not {_shown(wanted)}"]


def _in_field(name: str, wanted: Any, found: dict[str, Any], at: str) -> list[str]:
    path = f"{at}.{name}" if at else name
    return differences(wanted, found[name], path) if name in found else [f"there is no {path}"]


def _equal(wanted: Any, found: Any) -> bool:
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
