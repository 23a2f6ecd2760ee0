"""Priority: a pod gets its class's priority, and the classes are kept as they must be.

Upstream's `plugin/pkg/admission/priority`. A pod that names no class is of the global default one, of which there is
one at most; without it its priority is 0.
"""

from __future__ import annotations

from typing import Any

from fauxkube.admission.chain import Lookup, Operation, Review
from fauxkube.kinds.gvrs import PODS, PRIORITY_CLASSES
from fauxkube.kinds.resource import Resource
from fauxkube.kinds.scheduling.priority_class import PREEMPTS, SYSTEM
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.status import StatusError

#: What a pod is that names no class, where no class is the default.
_NO_CLASS: Object = {"metadata": {"name": ""}, "value": 0, "preemptionPolicy": PREEMPTS}
_GIVEN = "must not be provided in pod spec; priority admission controller computed"


class Priority:
    """Completes pods; judges priority classes."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        if resource.gvr == PODS:
            return not subresource and operation is Operation.CREATE
        return resource.gvr == PRIORITY_CLASSES

    async def admit(self, review: Review) -> None:
        if review.operation is Operation.DELETE:
            _keep_the_system_s(review)
        elif review.resource.gvr == PRIORITY_CLASSES:
            self._keep_one_default(review)
        elif isinstance(spec := (review.object or {}).get("spec"), dict):
            self._set_priority(review, spec)

    def _set_priority(self, review: Review, spec: dict[str, Any]) -> None:
        found = self._class_of(review, spec)
        value, policy = found["value"], found.get("preemptionPolicy") or PREEMPTS
        for field, computed, word in (
            ("priority", value, "integer value of priority"),
            ("preemptionPolicy", policy, "string value of PreemptionPolicy"),
        ):
            if spec.get(field) not in (None, computed):
                problem = f"the {word} ({spec[field]}) {_GIVEN} {computed} from the given PriorityClass name"
                raise status.forbidden("pods", review.name, problem)
            spec[field] = computed
        if name_of(found):
            spec["priorityClassName"] = name_of(found)

    def _class_of(self, review: Review, spec: dict[str, Any]) -> Object:
        name = spec.get("priorityClassName") or ""
        if not name:
            return self._default() or _NO_CLASS
        found = self._lookup.find(PRIORITY_CLASSES, "", name)
        if found is None:
            raise status.forbidden("pods", review.name, f"no PriorityClass with name {name} was found")
        return found

    def _keep_one_default(self, review: Review) -> None:
        if review.object is None or not review.object.get("globalDefault"):
            return
        default = self._default()
        if default is not None and (review.operation is Operation.CREATE or name_of(default) != review.name):
            problem = f"PriorityClass {name_of(default)} is already marked as default. Only one default can exist"
            raise _forbidden(review, problem)

    def _default(self) -> Object | None:
        """The global default class; of several the one with the lowest value."""
        defaults = [each for each in self._lookup.list_all(PRIORITY_CLASSES) if each.get("globalDefault")]
        return min(defaults, key=lambda each: (each["value"], name_of(each)), default=None)


def _keep_the_system_s(review: Review) -> None:
    if review.name in SYSTEM:
        raise _forbidden(review, "this is a system priority class and cannot be deleted")


def _forbidden(review: Review, problem: str) -> StatusError:
    return status.forbidden(review.resource.group_resource, review.name, problem)
