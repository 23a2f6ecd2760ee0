"""JSON merge patch (RFC 7386): objects merge field by field, null removes, everything else replaces."""

from __future__ import annotations

from typing import Any

from fauxkube.machinery.objects import Object
from fauxkube.machinery.patch.go_text import unreadable


def apply(doc: Object, patch: Any) -> Object:
    """The patched object. Neither argument is changed; the result shares what stayed as it was."""
    if not isinstance(patch, dict):
        raise unreadable(patch, "map[string]interface {}")
    return _merged(doc, patch)


def _merged(target: Any, patch: Object) -> Object:
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = _merged(result.get(name), value)
        else:
            result[name] = value
    return result
