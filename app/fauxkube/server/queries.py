"""Query parameters (and DeleteOptions bodies) to options, converted and validated as apiserver does it.

A value that cannot be converted is a 400 in Go's words; one that is not allowed a 422 on `ListOptions.meta.k8s.io`
and its like. Of a repeated parameter the first counts. A boolean is true unless it is absent, `false` or `0`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast

from fauxkube.machinery import status
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.registry.options import DeleteOptions, FieldValidation, ListQuery, WatchQuery, WriteOptions
from fauxkube.server.asgi import Query

T = TypeVar("T")

_INTEGER = re.compile(r"[+-]?[0-9]+")
_INT64 = range(-(2**63), 2**63)
#: Text with more digits than these is not even read.
_INTEGER_LENGTH = 100
_FIELD_MANAGER_LENGTH = 128
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_PROPAGATIONS = ("Background", "Foreground", "Orphan")


class Watching(NamedTuple):
    """A watch's query, and the seconds after which the client wants it to end (0: as the server likes)."""

    query: WatchQuery
    timeout_seconds: int


def text(query: Query, name: str) -> str:
    """A string parameter; empty when it is absent."""
    values = query.get(name)
    return values[0] if values else ""


def flag(query: Query, name: str) -> bool | None:
    """A boolean parameter; None when it is absent."""
    values = query.get(name)
    return values[0].lower() not in ("false", "0") if values else None


def integer(query: Query, name: str) -> int | None:
    """An int64 parameter; None when it is absent, 400 when it is no number."""
    values = query.get(name)
    if not values:
        return None
    if not _INTEGER.fullmatch(values[0]):
        raise status.bad_request(f'strconv.ParseInt: parsing "{values[0]}": invalid syntax')
    number = int(values[0]) if len(values[0]) <= _INTEGER_LENGTH else None
    if number is None or number not in _INT64:
        raise status.bad_request(f'strconv.ParseInt: parsing "{values[0]}": value out of range')
    return number


@lru_cache(maxsize=256)
def author_of(user: str, user_agent: bytes, field_manager: str = "") -> str:
    """Who writes: the field manager (the user agent's name unless the client says otherwise), after a known user."""
    name, _, _ = user_agent.decode("latin-1").partition("/")
    user, manager = user[:_FIELD_MANAGER_LENGTH], field_manager or name[:_FIELD_MANAGER_LENGTH]
    return f"{user} ({manager})" if user and manager else user or manager


def list_query(query: Query) -> ListQuery:
    """`ListOptions` of a list or of a collection's deletion."""
    if not query:
        return ListQuery()
    asked = ListQuery(
        label_selector=text(query, "labelSelector"),
        field_selector=text(query, "fieldSelector"),
        limit=max(integer(query, "limit") or 0, 0),
        continue_=text(query, "continue"),
        resource_version=text(query, "resourceVersion"),
        resource_version_match=text(query, "resourceVersionMatch"),
    )
    _refuse("ListOptions", _list_problems(asked, flag(query, "sendInitialEvents")))
    return asked


def watch_query(query: Query, name: str = "") -> Watching:
    """`ListOptions` of a watch; `name` narrows it to one object, as the legacy watch paths do."""
    fields = text(query, "fieldSelector")
    asked = WatchQuery(
        label_selector=text(query, "labelSelector"),
        field_selector=f"metadata.name={name}" if name else fields,
        resource_version=text(query, "resourceVersion"),
        resource_version_match=text(query, "resourceVersionMatch"),
        send_initial_events=flag(query, "sendInitialEvents"),
        allow_bookmarks=bool(flag(query, "allowWatchBookmarks")),
    )
    timeout = integer(query, "timeoutSeconds") or 0
    _refuse("ListOptions", _watch_problems(asked, text(query, "continue")))
    return Watching(asked, max(timeout, 0))


def _list_problems(asked: ListQuery, send_initial_events: bool | None) -> Iterable[FieldError]:
    match, at = asked.resource_version_match, Path("resourceVersionMatch")
    if match:
        if not asked.resource_version:
            yield at.forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided")
        if asked.continue_:
            yield at.forbidden("resourceVersionMatch is forbidden when continue is provided")
        if match not in ("Exact", "NotOlderThan"):
            yield at.not_supported(match, ("Exact", "NotOlderThan", ""))
        if match == "Exact" and asked.resource_version == "0":
            yield at.forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    if send_initial_events is not None:
        yield Path("sendInitialEvents").forbidden("sendInitialEvents is forbidden for list")


def _watch_problems(asked: WatchQuery, continue_: str) -> Iterable[FieldError]:
    match, at = asked.resource_version_match, Path("resourceVersionMatch")
    streaming = asked.send_initial_events is not None
    if streaming and match != "NotOlderThan":
        yield at.forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    if match and not streaming:
        yield at.forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
    if match and match != "NotOlderThan":
        yield at.not_supported(match, ("NotOlderThan",))
    if match and continue_:
        yield at.forbidden("resourceVersionMatch is forbidden when continue is provided")


def write_options(query: Query, kind: str) -> WriteOptions:
    """`CreateOptions`, `UpdateOptions` or `PatchOptions`, whichever `kind` says."""
    if not query:
        return WriteOptions()
    dry_run, manager = query.get("dryRun", []), text(query, "fieldManager")
    validation = text(query, "fieldValidation")
    force = kind == "PatchOptions" and "force" in query
    _refuse(kind, _write_problems(dry_run, manager, validation, force=force))
    return WriteOptions(
        dry_run=bool(dry_run),
        field_validation=cast("FieldValidation", validation or "Warn"),
        field_manager=manager,
    )


def _write_problems(dry_run: Sequence[str], manager: str, validation: str, *, force: bool) -> Iterable[FieldError]:
    if force:
        yield Path("force").forbidden("may not be specified for non-apply patch")
    at = Path("fieldManager")
    if len(manager.encode()) > _FIELD_MANAGER_LENGTH:
        yield at.too_long(_FIELD_MANAGER_LENGTH)
    for position, character in enumerate(manager):
        if not character.isprintable():
            yield at.invalid(manager, f"invalid character U+{ord(character):04X} (at position {position})")
    yield from _dry_run_problems(dry_run)
    if validation not in _VALIDATIONS:
        yield Path("fieldValidation").not_supported(validation, _VALIDATIONS)


def _dry_run_problems(dry_run: Sequence[str]) -> Iterable[FieldError]:
    if any(each != "All" for each in dry_run):
        yield Path("dryRun").not_supported(list(dry_run), ("All",))


def delete_options(query: Query, body: Object | None) -> DeleteOptions:
    """`DeleteOptions`, out of the body when there is one, else out of the query."""
    given = _options_in_query(query) if body is None else body
    preconditions = _typed(given, "preconditions", dict) or {}
    options = DeleteOptions(
        grace_period_seconds=_typed(given, "gracePeriodSeconds", int),
        uid=_typed(preconditions, "uid", str) or "",
        resource_version=_typed(preconditions, "resourceVersion", str) or "",
        propagation_policy=_typed(given, "propagationPolicy", str) or "",
        orphan_dependents=_typed(given, "orphanDependents", bool),
        dry_run=bool(given.get("dryRun")),
    )
    _refuse("DeleteOptions", _delete_problems(options, _typed(given, "dryRun", list) or []))
    return options


def _options_in_query(query: Query) -> Object:
    if not query:
        return {}
    return {
        "gracePeriodSeconds": integer(query, "gracePeriodSeconds"),
        "propagationPolicy": text(query, "propagationPolicy"),
        "orphanDependents": flag(query, "orphanDependents"),
        "dryRun": query.get("dryRun", []),
    }


_GO_TYPES: dict[type, str] = {bool: "bool", int: "int64", str: "string", dict: "v1.Preconditions", list: "[]string"}
_JSON_TYPES: dict[type, str] = {
    bool: "bool",
    int: "number",
    float: "number",
    str: "string",
    dict: "object",
    list: "array",
}


def _typed(options: Object, name: str, expected: type[T]) -> T | None:
    """An option out of a body; 400 in Go's words when it has another type."""
    value: Any = options.get(name)
    if value is None or type(value) is expected:
        return value
    found = _JSON_TYPES[type(value)]
    message = f"json: cannot unmarshal {found} into Go struct field DeleteOptions.{name} of type {_GO_TYPES[expected]}"
    raise status.bad_request(message)


def _delete_problems(options: DeleteOptions, dry_run: Sequence[str]) -> Iterable[FieldError]:
    at = Path("propagationPolicy")
    policy = options.propagation_policy
    if options.orphan_dependents is not None and policy:
        yield at.invalid(policy, "orphanDependents and deletionPropagation cannot be both set")
    if policy and policy not in _PROPAGATIONS:
        yield at.not_supported(policy, (*_PROPAGATIONS, "nil"))
    yield from _dry_run_problems(dry_run)


def _refuse(kind: str, problems: Iterable[FieldError]) -> None:
    """422 on `<kind>.meta.k8s.io` when there are problems."""
    if causes := [problem.to_cause() for problem in problems]:
        raise status.invalid("meta.k8s.io", kind, "", causes)
