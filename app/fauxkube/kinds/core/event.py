"""Events, which core `v1` and `events.k8s.io/v1` show as two versions of the same stored objects.

The stored form is core's. An event written by a client of the newer API has an `eventTime` and must say who reports
it; of one without, only the namespace is checked (`pkg/apis/core/validation/events.go`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fauxkube.kinds.resource import Column, Resource, Strategy
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object, namespace_of
from fauxkube.machinery.table import since

_SHORT_LENGTH = 128
_MESSAGE_LENGTH = 1024
_NAMESPACE_MISMATCH = "does not match event.namespace"


class EventStrategy(Strategy):
    """The rules of an event's writes through core `v1`."""

    allow_create_on_update = True

    def default(self, obj: Object) -> None:
        """Fill in what Go writes of an event even when it is empty."""
        for name in ("firstTimestamp", "lastTimestamp", "eventTime"):
            obj.setdefault(name, None)
        for name in ("reportingComponent", "reportingInstance"):
            obj.setdefault(name, "")
        obj.setdefault("source", {})

    def prepare_for_create(self, obj: Object) -> None:
        """Nothing: there is no status."""

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        """Nothing: there is no status."""

    def validate(self, obj: Object) -> list[FieldError]:
        namespace, involved = namespace_of(obj), obj.get("involvedObject", {}).get("namespace") or ""
        errors: list[FieldError] = []
        if not _namespaces_agree(namespace, involved, timed=bool(obj.get("eventTime"))):
            errors.append(Path("involvedObject").child("namespace").invalid(involved, _NAMESPACE_MISMATCH))
        if obj.get("eventTime"):
            errors += _validate_report(obj)
        return errors + [Path("namespace").invalid(namespace, each) for each in names.dns_subdomain_problems(namespace)]


def _namespaces_agree(namespace: str, involved: str, *, timed: bool) -> bool:
    """Whether an event may be in `namespace`: that of its object, or a shared one when the object has none."""
    if involved:
        return timed or namespace == involved
    return namespace in ({"default", "kube-system"} if timed else {"", "default"})


def _validate_report(event: Object) -> Iterator[FieldError]:
    """What an event with an `eventTime` must say."""
    controller, path = event.get("reportingComponent") or "", Path("reportingController")
    if not controller:
        yield path.required()
    for problem in names.qualified_name_problems(controller):
        yield path.invalid(controller, problem)
    for field in ("reportingInstance", "action", "reason"):
        if not event.get(field):
            yield Path(field).required()
        yield from _validate_length(event, field, _SHORT_LENGTH)
    yield from _validate_length(event, "message", _MESSAGE_LENGTH)


def _validate_length(event: Object, field: str, maximum: int) -> Iterator[FieldError]:
    if len((event.get(field) or "").encode()) > maximum:
        yield Path(field).invalid("", f"can have at most {maximum} characters")


COLUMNS = (
    Column("Last Seen", "When the event was last seen."),
    Column("Type", "Normal or Warning."),
    Column("Reason", "Why the event was recorded, in one word."),
    Column("Object", "The object that the event is about."),
    Column("Subobject", "The part of the object that the event is about.", priority=1),
    Column("Source", "The component that reported the event.", priority=1),
    Column("Message", "What happened."),
    Column("First Seen", "When the event was first seen.", priority=1),
    Column("Count", "How often the event was seen.", priority=1),
    Column("Name", "The event's own name.", format="name", priority=1),
)


def row(event: Object, now: datetime) -> list[Any]:
    """The cells of `COLUMNS` for one event."""
    involved, series = event.get("involvedObject") or {}, event.get("series")
    first = since(event.get("firstTimestamp") or event.get("eventTime"), now)
    last = since(event["lastTimestamp"], now) if event.get("lastTimestamp") else first
    if series:
        last = since(series.get("lastObservedTime"), now)
    return [
        last,
        event.get("type") or "",
        event.get("reason") or "",
        _target(involved),
        involved.get("fieldPath") or "",
        _source(event),
        (event.get("message") or "").strip(),
        first,
        series.get("count") or 0 if series else event.get("count") or 1,
        event["metadata"]["name"],
    ]


def _target(involved: Object) -> str:
    kind, name = (involved.get("kind") or "").lower(), involved.get("name")
    return f"{kind}/{name}" if name else kind


def _source(event: Object) -> str:
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    instance = source.get("host") or event.get("reportingInstance")
    return f"{component}, {instance}" if instance else component


_INVOLVED_FIELDS = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def field_names(*, involved: str, reporter: str) -> tuple[str, ...]:
    """The selectable fields, by the names that an API version has for an event's object and its reporter."""
    return (*(f"{involved}.{field}" for field in _INVOLVED_FIELDS), "reason", reporter, "source", "type")


def selectable_fields(event: Object) -> dict[str, str]:
    """An event's selectable fields under the names of both versions, since both select from the same events."""
    about = event.get("involvedObject") or {}
    controller = event.get("reportingComponent") or ""
    values = {field: about.get(field) or "" for field in _INVOLVED_FIELDS}
    involved = {f"{name}.{field}": value for name in ("involvedObject", "regarding") for field, value in values.items()}
    return involved | {
        "reason": event.get("reason") or "",
        "reportingComponent": controller,
        "reportingController": controller,
        "source": (event.get("source") or {}).get("component") or controller,
        "type": event.get("type") or "",
    }


RESOURCE = Resource(
    kind="Event",
    plural="events",
    singular="event",
    short_names=("ev",),
    strategy=EventStrategy(),
    columns=COLUMNS,
    row=row,
    fields=selectable_fields,
    field_names=field_names(involved="involvedObject", reporter="reportingComponent"),
)
