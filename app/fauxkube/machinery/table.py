"""Server-side tables (`meta.k8s.io/v1` `Table`) and the short durations that are printed in them.

`render` takes any columns with a name, description, type, format and priority. `human_duration` mirrors apimachinery's
`util/duration.HumanDuration`: at most two units, the coarser the longer the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import from_time

IncludeObject: TypeAlias = Literal["None", "Metadata", "Object"]

#: What stands for a time that is not known.
UNKNOWN = "<unknown>"
#: What stands for an empty cell.
NONE = "<none>"

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_YEAR = 365 * _DAY


class Column(Protocol):
    """A column's definition."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def priority(self) -> int: ...


def _pair(seconds: int, unit: int, part: int, letters: str) -> str:
    """So many units and, if any are left over, so many parts of a unit."""
    rest = seconds % unit // part
    return f"{seconds // unit}{letters[0]}" + (f"{rest}{letters[1]}" if rest else "")


def human_duration(duration: timedelta) -> str:
    """As kubectl prints an age: `5s`, `2m3s`, `3h4m`, `5d`, `2y30d`."""
    seconds = int(duration.total_seconds())
    if seconds < -1:
        return "<invalid>"
    if seconds < 2 * _MINUTE:
        return f"{max(0, seconds)}s"
    if seconds < 10 * _MINUTE:
        return _pair(seconds, _MINUTE, 1, "ms")
    if seconds < 3 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 8 * _HOUR:
        return _pair(seconds, _HOUR, _MINUTE, "hm")
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR}h"
    if seconds < 8 * _DAY:
        return _pair(seconds, _DAY, _HOUR, "dh")
    if seconds < 2 * _YEAR:
        return f"{seconds // _DAY}d"
    if seconds < 8 * _YEAR:
        return _pair(seconds, _YEAR, _DAY, "yd")
    return f"{seconds // _YEAR}y"


def since(moment: str | None, now: datetime) -> str:
    """The time since a moment as the API writes it; `<unknown>` when there is none."""
    return human_duration(now - from_time(moment)) if moment else UNKNOWN


def age(obj: Object, now: datetime) -> str:
    """The time since the object was created."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def joined_labels(labels: Mapping[str, str] | None) -> str:
    """Labels as a cell shows them, `a=1,b=2` in order of their keys; `<none>` when there are none."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) if labels else NONE


def partial_metadata(obj: Object) -> Object:
    """The object's metadata alone, as a `PartialObjectMetadata`."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": obj.get("metadata", {}),
    }


def _definition(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _row(cells: list[Any], obj: Object, include: IncludeObject) -> Object:
    if include == "None":
        return {"cells": cells}
    return {"cells": cells, "object": obj if include == "Object" else partial_metadata(obj)}


def render(
    columns: Sequence[Column],
    rows: Iterable[tuple[list[Any], Object]],
    *,
    include: IncludeObject = "Metadata",
    list_metadata: Object | None = None,
    definitions: bool = True,
) -> Object:
    """The `Table` of these rows: each its cells and its object.

    A watch sends the column definitions with its first event only; it leaves `definitions` out of later ones.
    """
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list_metadata or {},
        "columnDefinitions": [_definition(each) for each in columns] if definitions else None,
        "rows": [_row(cells, obj, include) for cells, obj in rows],
    }
