"""What is to go wrong in a cluster, in Python's words.

    cluster.faults.add("request", "error", {"verb": "update", "resource": "deployments"}, code=409, count=3)
    with cluster.faults.inject("node", "down", {"name": "node-1"}):
        ...

The kinds, effects and what they match are those of `fauxkube.simulation.faults`; names may be written with underscores
(`user_agent`, `retry_after`), and `for` is `lasts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from fauxkube.machinery.objects import Object
from fauxkube.testing.references import ObjectList

if TYPE_CHECKING:
    from fauxkube.testing.holding import Holding

#: Seconds, or text such as `1m30s`.
Duration: TypeAlias = "float | str | timedelta"


class Faults:
    """The faults of one cluster; what is no fault is refused (`StatusError`, 422), by the name of what is wrong."""

    def __init__(self, cluster: Holding) -> None:
        self._cluster = cluster

    def add(
        self,
        /,
        kind: str,
        effect: str,
        match: Mapping[str, Any] | None = None,
        *,
        count: int | None = None,
        probability: float | None = None,
        after: Duration | None = None,
        lasts: Duration | None = None,
        **options: Any,
    ) -> Object:
        """Let something go wrong from now on; `options` are the effect's. The fault, with its `id`."""
        spec: Object = {"kind": kind, "effect": {"type": effect} | _named(options), "match": _named(match or {})}
        limits = {"count": count, "probability": probability, "after": _seconds(after), "for": _seconds(lasts)}
        return self.add_spec(spec | {name: value for name, value in limits.items() if value is not None})

    def add_spec(self, spec: Mapping[str, Any]) -> Object:
        """The same, of a fault that is written as `fauxkube.simulation.faults` says."""
        return self._cluster.run(self._cluster.member.control.add_fault(dict(spec)))

    @contextmanager
    def inject(self, kind: str, effect: str, match: Mapping[str, Any] | None = None, **fields: Any) -> Iterator[Object]:
        """Let it go wrong until the end of the block; fields are those of `add`."""
        fault = self.add(kind, effect, match, **fields)
        try:
            yield fault
        finally:
            self.remove(fault)

    def list(self) -> ObjectList:
        """The faults that were added, each with its `state` and its `hits`."""
        return self._cluster.run(self._cluster.member.control.faults())

    def remove(self, fault: Object | str) -> None:
        """End a fault."""
        number = fault if isinstance(fault, str) else fault["id"]
        self._cluster.run(self._cluster.member.control.remove_fault(number))

    def clear(self) -> None:
        """End every fault."""
        self._cluster.run(self._cluster.member.control.clear_faults())


def _named(fields: Mapping[str, Any]) -> Object:
    return {_camel(name): _seconds(value) for name, value in fields.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


def _seconds(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else value
