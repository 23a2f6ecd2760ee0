"""What is asked for of a call: criteria, all of which must hold.

| Criterion                                    | Holds when                                                            |
| -------------------------------------------- | --------------------------------------------------------------------- |
| `verb`, `subresource`, `namespace`, `name`,  | The glob, or one of a list of globs, matches; an empty text means     |
| `user_agent`, `user`, `method`, `path`       | that there is none                                                    |
| `resource`                                   | It is one of its names: `pods`, `Pod`, `po`, `deployments.apps`       |
| `status`                                     | It is that code (`404`) or class (`"4xx"`); 0 is that of no answer yet|
| `body`                                       | The decoded body has at least these fields with these values          |
| `since`                                      | The call came after the marker (`RequestLog.mark`)                    |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypedDict

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.words import names_of
from fauxkube.machinery.objects import GVR
from fauxkube.simulation.calls import Call
from fauxkube.simulation.faults.matching import glob
from fauxkube.simulation.requests.partial import differences

Globs = str | Sequence[str]


class Asked(TypedDict, total=False):
    """The criteria by name, each of which may be left out."""

    verb: Globs
    resource: str
    subresource: Globs
    namespace: Globs
    name: Globs
    user_agent: Globs
    user: Globs
    method: Globs
    path: Globs
    status: int | str
    body: Any
    since: int | str


class CriteriaError(ValueError):
    """What is asked for is not to be found out: a criterion, resource or code that does not exist."""


class Criterion(NamedTuple):
    """One criterion as it was asked for, and how a call differs from it (empty: it does not)."""

    name: str
    asked: Any
    difference: Callable[[Call], str]


#: The criteria that are globs over a call's field of that name.
_TEXTS = ("verb", "subresource", "namespace", "name", "user_agent", "user", "method", "path")


class Criteria:
    """All criteria of a question. `gvrs` are resources that were seen, which the catalogue may know no longer."""

    def __init__(self, asked: Asked, catalogue: Catalogue, gvrs: Iterable[GVR] = ()) -> None:
        given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
        if unknown := [name for name in given if name not in Asked.__annotations__]:
            raise CriteriaError(
                f"there is no criterion {unknown[0]!r}, but there are {', '.join(Asked.__annotations__)}"
            )
        self.since = _marker(given.pop("since", 0))
        readers = {
            "resource": lambda name: _of_resource(name, catalogue, gvrs),
            "status": _of_status,
            "body": _of_body,
        }
        self._criteria = tuple(
            readers[name](value) if name in readers else _of_text(name, value) for name, value in given.items()
        )

    def accept(self, call: Call) -> bool:
        """Whether all of them hold for the call."""
        return call.id > self.since and not any(each.difference(call) for each in self._criteria)

    def differences(self, call: Call) -> list[str]:
        """How the call differs from what is asked for, in the order asked."""
        return [text for each in self._criteria if (text := each.difference(call))]

    def __str__(self) -> str:
        """As they were asked for."""
        shown = [f"{each.name}={each.asked!r}" for each in self._criteria]
        return " ".join([*shown, f"since={self.since}"] if self.since else shown) or "any call"


def _marker(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise CriteriaError(f"since: {value!r} is no marker") from None


def _of_text(name: str, wanted: Any) -> Criterion:
    try:
        matches = glob([*wanted] if isinstance(wanted, list | tuple | set | frozenset) else wanted)
    except ValueError as error:
        raise CriteriaError(f"{name}: {error}") from None
    words = name.replace("_", " ")
    field = "object_name" if name == "name" else name

    def difference(call: Call) -> str:
        found = getattr(call, field)
        return "" if matches(found) else f"{words} is {found}" if found else f"no {words}"

    return Criterion(name, wanted, difference)


def _of_resource(wanted: str, catalogue: Catalogue, seen: Iterable[GVR]) -> Criterion:
    called = str(wanted).lower()
    gvrs = {each.gvr for each in catalogue.resources if called in (name.lower() for name in names_of(each))}
    gvrs.update(each for each in seen if called in (each.resource, each.group_resource))
    if not gvrs:
        raise CriteriaError(f"resource: there is no resource {wanted!r}, and no call to one was seen")

    def difference(call: Call) -> str:
        return "" if call.gvr in gvrs else f"resource is {call.resource}" if call.gvr else "no resource"

    return Criterion("resource", wanted, difference)


def _of_status(wanted: int | str) -> Criterion:
    text = str(wanted).lower()
    if not (text == "0" or (len(text) == 3 and text[0] in "12345" and (text[1:] == "xx" or text[1:].isdigit()))):
        raise CriteriaError(f"status: {wanted!r} is neither a code such as 404 nor a class such as '4xx'")
    low, high = (int(text[0]) * 100, int(text[0]) * 100 + 99) if text.endswith("xx") else (int(text), int(text))

    def difference(call: Call) -> str:
        return "" if low <= call.status <= high else f"status is {call.status}" if call.status else "no answer yet"

    return Criterion("status", wanted, difference)


def _of_body(wanted: Any) -> Criterion:
    def difference(call: Call) -> str:
        if call.body_size > len(call.body):
            return f"body of {call.body_size} bytes was not kept"
        found = call.body_object
        if found is None:
            return "unreadable body" if call.body else "no body"
        return "; ".join(f"body: {each}" for each in differences(wanted, found)[:3])

    return Criterion("body", wanted, difference)
