"""What a controller remembers of the pods of each service, so that a change of one pod costs little with a thousand.

Objects out of an informer are never changed, so what was computed from one holds as long as it is the same object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from fauxkube.kinds.core.pod_status import condition
from fauxkube.machinery.objects import Object

T = TypeVar("T")


class PodMemory(Generic[T]):
    """The results of `compute(service, pod)`, kept until the service or the pod changes."""

    def __init__(self, compute: Callable[[Object, Object], T]) -> None:
        self._compute = compute
        self._known: dict[str, tuple[Object, dict[str, tuple[Object, T]]]] = {}

    def of(self, key: str, service: Object, pods: Iterable[Object]) -> list[T]:
        """The result for each of the pods, in their order; `key` names the service."""
        known_service, known = self._known.get(key, (None, {}))
        if known_service is not service:
            known = {}
        fresh: dict[str, tuple[Object, T]] = {}
        for pod in pods:
            name = pod["metadata"]["name"]
            entry = known.get(name)
            fresh[name] = entry if entry and entry[0] is pod else (pod, self._compute(service, pod))
        self._known[key] = (service, fresh)
        return [value for _, value in fresh.values()]

    def forget(self, key: str) -> None:
        """The service is gone."""
        self._known.pop(key, None)

    def clear(self) -> None:
        """Something changed that all results depend on."""
        self._known.clear()


class TriggerTimes:
    """When the change happened that a service's backends follow, as upstream's `TriggerTimeTracker` tells it."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, tuple[Object, str]]] = {}

    def next(self, key: str, service: Object, pods: Iterable[Object]) -> str:
        """The time of the oldest change since the last call for `key`; empty when there was none to be seen.

        The times are RFC 3339 texts in UTC, which sort as they read.
        """
        seen = self._seen.get(key)
        now: dict[str, tuple[Object, str]] = {}
        later: list[str] = []
        for pod in pods:
            name = pod["metadata"]["name"]
            entry = seen.get(name) if seen else None
            if entry and entry[0] is pod:
                now[name] = entry
                continue
            moment = _ready_since(pod)
            now[name] = (pod, moment)
            if moment > (entry[1] if entry else ""):
                later.append(moment)
        self._seen[key] = now
        if seen is None:
            return str(service["metadata"].get("creationTimestamp") or "")
        return min(later, default="")

    def forget(self, key: str) -> None:
        """The service is gone."""
        self._seen.pop(key, None)


def _ready_since(pod: Object) -> str:
    ready = condition(pod, "Ready")
    return str(ready.get("lastTransitionTime") or "") if ready else ""
