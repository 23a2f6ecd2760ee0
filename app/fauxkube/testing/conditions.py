"""What is waited for, in kubectl's words and a few of ours.

`Available` or `condition=Available` (`condition=Available=False`), `jsonpath={.status.phase}=Running` (without a value:
that there is one), `exists` or `create`, `deleted` or `delete`, or any function of an object that tells whether it is
as wanted. A condition that a controller has not brought up to date with the spec does not count, as for kubectl.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fauxkube.machinery.jsonpath import JSONPath, shown
from fauxkube.machinery.objects import Object

Predicate: TypeAlias = Callable[[Object], bool]
#: What is waited for.
For: TypeAlias = str | Predicate


class ConditionError(ValueError):
    """What is to be waited for cannot be read."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for the objects that there are, of which there may be none; `text` follows "is not".

    A `foreign` function is the caller's, and is asked in a thread where it may do as it likes.
    """

    text: str
    holds: Callable[[Sequence[Object]], bool]
    foreign: bool = False

    async def met(self, objects: Sequence[Object]) -> bool:
        """Whether it holds."""
        return await asyncio.to_thread(self.holds, objects) if self.foreign else self.holds(objects)


def every(text: str, predicate: Predicate, *, foreign: bool = False) -> Condition:
    """That the predicate holds for every object, and that there is one."""
    return Condition(text, lambda objects: bool(objects) and all(map(predicate, objects)), foreign)


ABSENT = Condition("deleted", lambda objects: not objects)
PRESENT = Condition("there", bool)


def condition(wanted: For) -> Condition:
    """The condition that is meant; ConditionError or JSONPathError for one that cannot be read."""
    if callable(wanted):
        return every(f"as {getattr(wanted, '__name__', wanted)} wants it", wanted, foreign=True)
    if wanted in {"deleted", "delete"}:
        return ABSENT
    if wanted in {"exists", "create"}:
        return PRESENT
    kind, separator, rest = wanted.partition("=")
    if kind == "jsonpath":
        return _value_at(rest)
    if kind == "condition" or not separator:
        name, _, status = (rest if separator else wanted).partition("=")
        return status_condition(name, status or "True")
    raise ConditionError(f"cannot wait for {wanted!r}: not Ready, condition=Ready, jsonpath=..., exists or deleted")


def value_at(path: str, value: str) -> Condition:
    """That a value there is this one, as kubectl would print it."""
    expression = JSONPath(path)
    return every(f"{path}={value}", lambda obj: any(shown(each) == value for each in expression.find(obj)))


def status_condition(name: str, status: str = "True") -> Condition:
    """That the condition of that type has that status, and is about the spec as it is."""
    return every(f"{name}={status}", lambda obj: _status_of(obj, name).lower() == status.lower())


def _value_at(text: str) -> Condition:
    """`{.status.phase}=Running`; without a value, that there is one that is not empty."""
    path, separator, value = text.rpartition("}=")
    if separator:
        return value_at(f"{path}}}", value.strip("'\""))
    expression = JSONPath(text)
    return every(f"there with {text}", lambda obj: any(each not in ("", None) for each in expression.find(obj)))


def _status_of(obj: Object, name: str) -> str:
    """The status of a condition; empty when it is not there, or older than the spec."""
    status = obj.get("status") or {}
    for each in status.get("conditions") or ():
        if each["type"].lower() == name.lower():
            observed = each.get("observedGeneration") or status.get("observedGeneration")
            return "" if observed and observed < obj["metadata"].get("generation", 0) else str(each["status"])
    return ""
