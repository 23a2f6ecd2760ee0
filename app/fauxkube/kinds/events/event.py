"""Events as `events.k8s.io/v1` shows them: core's stored objects under newer names (KEP-383).

What is written through this version must be complete, without the deprecated fields, and of an event that is there
only the series may change.
"""

from __future__ import annotations

from collections.abc import Mapping

from fauxkube.kinds.core.event import COLUMNS, EventStrategy, field_names, row, selectable_fields
from fauxkube.kinds.core.event import RESOURCE as CORE_EVENTS
from fauxkube.kinds.resource import Conversion, Resource
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_immutable
from fauxkube.machinery.objects import Object

#: This version's names for core's fields; all others are named alike.
_NAME_OF = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_STORED_NAME_OF = {name: stored for stored, name in _NAME_OF.items()}

_MUST_BE_UNSET = ("firstTimestamp", "lastTimestamp", "count", "source")
#: Stored names with the ones that messages have for them, in the order in which they are checked.
_IMMUTABLE = {
    "involvedObject": "involvedObject",
    "reason": "reason",
    "message": "message",
    "source": "source",
    "firstTimestamp": "firstTimestamp",
    "lastTimestamp": "lastTimestamp",
    "count": "count",
    "type": "type",
    "eventTime": "eventTime",
    "action": "action",
    "related": "related",
    "reportingComponent": "reportingController",
    "reportingInstance": "reportingInstance",
}


class EventsV1Strategy(EventStrategy):
    """The rules of an event's writes through `events.k8s.io/v1`, on the stored form."""

    def validate_create(self, obj: Object) -> list[FieldError]:
        errors = _validate_series(obj.get("series"))
        if not obj.get("eventTime"):
            errors.append(Path("eventTime").required())
        if obj.get("type") not in {"Normal", "Warning"}:
            errors.append(Path("type").invalid("", f"has invalid value: {obj.get('type') or ''}"))
        set_fields = [name for name in _MUST_BE_UNSET if obj.get(name)]
        return errors + [Path(name).invalid("", "needs to be unset") for name in set_fields]

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        errors = _validate_series(obj.get("series")) if obj.get("series") != old.get("series") else []
        for name, shown in _IMMUTABLE.items():
            errors += validate_immutable(obj.get(name), old.get(name), Path(shown))
        return errors


def _validate_series(series: Object | None) -> list[FieldError]:
    if series is None:
        return []
    errors: list[FieldError] = []
    if (series.get("count") or 0) < 2:
        errors.append(Path("series").child("count").invalid("", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(Path("series").child("lastObservedTime").required())
    return errors


def _renamed(event: Object, names: Mapping[str, str], api_version: str) -> Object:
    return {names.get(name, name): value for name, value in event.items()} | {"apiVersion": api_version}


def to_stored(event: Object) -> Object:
    """Core's form of an event in this version's."""
    return _renamed(event, _STORED_NAME_OF, CORE_EVENTS.api_version)


def from_stored(event: Object) -> Object:
    """This version's form of an event in core's."""
    return _renamed(event, _NAME_OF, "events.k8s.io/v1")


RESOURCE = Resource(
    group="events.k8s.io",
    kind="Event",
    plural="events",
    singular="event",
    short_names=("ev",),
    strategy=EventsV1Strategy(),
    columns=COLUMNS,
    row=row,
    fields=selectable_fields,
    field_names=field_names(involved="regarding", reporter="reportingController"),
    storage="events",
    conversion=Conversion(CORE_EVENTS.api_version, to_stored, from_stored),
)
