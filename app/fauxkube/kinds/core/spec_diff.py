"""A readable difference of two objects, as refusals of immutable fields append it.

Upstream appends the output of go-cmp's `Diff` on its internal Go types. This keeps its shape (unchanged lines led by
two spaces, removed ones by `- `, added ones by `+ `, one tab a level, runs of equal fields elided). It differs in that
fields are named and valued as in the API's JSON, in alphabetical order, list elements are compared by their position,
and an elided run does not show its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

_MISSING = object()


def spec_diff(old: Any, new: Any, *, type: str) -> str:
    """The lines that lead from `old` to `new`; `type` names the whole, as in `core.PodSpec`."""
    return "\n".join(_value(f"{type}{{", old, new, 0)) + "\n"


def _value(opening: str, old: Any, new: Any, depth: int) -> Iterator[str]:
    """Both values are objects or both are lists; `opening` is the line that they start with."""
    indent = "\t" * depth
    yield f"  {indent}{opening}"
    yield from _fields(old, new, depth + 1)
    yield f"  {indent}}}" + ("," if depth else "")


def _fields(old: Any, new: Any, depth: int) -> Iterator[str]:
    indent = "\t" * depth
    same = 0
    for label, before, after in _pairs(old, new):
        if before == after:
            same += 1
            continue
        if same:
            yield f"  {indent}{_elided(same, old)}"
            same = 0
        if _is_nested(before) and type(before) is type(after):
            yield from _value(f"{label}{{", before, after, depth)
            continue
        if before is not _MISSING:
            yield f"- {indent}{label}{_shown(before)},"
        if after is not _MISSING:
            yield f"+ {indent}{label}{_shown(after)},"
    if same:
        yield f"  {indent}{_elided(same, old)}"


def _pairs(old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict):
        for name in sorted(old.keys() | new.keys()):
            yield f"{name}: ", old.get(name, _MISSING), new.get(name, _MISSING)
        return
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else _MISSING
        yield "", before, new[index] if index < len(new) else _MISSING


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def _elided(count: int, holder: Any) -> str:
    noun = "field" if isinstance(holder, dict) else "element"
    return f"... // {count} identical {noun}{'' if count == 1 else 's'}"


def _shown(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
