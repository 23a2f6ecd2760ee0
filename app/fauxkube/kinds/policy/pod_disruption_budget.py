"""PodDisruptionBudgets: how many of some pods must stay while others are evicted (upstream's `pkg/apis/policy`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import non_negative_errors, optional_supported_errors
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.intstr import validate_at_most_all, validate_non_negative_or_percent
from fauxkube.machinery.objects import Object
from fauxkube.machinery.selectors import label_selector_from, validate_label_selector
from fauxkube.machinery.table import age
from fauxkube.machinery.times import to_time

#: The condition that tells whether a pod may be evicted.
DISRUPTION_ALLOWED = "DisruptionAllowed"

_SPEC, _STATUS = Path("spec"), Path("status")
_LIMITS = ("minAvailable", "maxUnavailable")
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
_NOT_APPLICABLE = "N/A"


class PodDisruptionBudgetStrategy(Strategy):
    """The rules of a disruption budget's writes."""

    generation_of = ("spec",)
    allow_unconditional_update = False

    def default(self, obj: Object) -> None:
        obj.setdefault("spec", {})

    def prepare_for_create(self, obj: Object) -> None:
        obj["status"] = dict.fromkeys(_COUNTS, 0)

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        errors: list[FieldError] = []
        if all(spec.get(field) is not None for field in _LIMITS):
            errors.append(_SPEC.invalid(spec, "minAvailable and maxUnavailable cannot be both set"))
        for field in _LIMITS:
            if (value := spec.get(field)) is not None:
                errors += validate_non_negative_or_percent(value, _SPEC.child(field))
                errors += validate_at_most_all(value, _SPEC.child(field))
        errors += validate_label_selector(spec.get("selector"), _SPEC.child("selector"))
        policy, at = spec.get("unhealthyPodEvictionPolicy"), _SPEC.child("unhealthyPodEvictionPolicy")
        return errors + optional_supported_errors(policy, _POLICIES, at)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        return [error for field in _COUNTS for error in non_negative_errors(status.get(field), _STATUS.child(field))]


def covers(budget: Object, labels: Mapping[str, str]) -> bool:
    """Whether the budget is about a pod with these labels, in its own namespace."""
    return label_selector_from(budget["spec"].get("selector")).matches(labels)


def tell_disruption_allowed(budget: Object, *, now: datetime) -> None:
    """Set the condition `DisruptionAllowed` by the number of disruptions that the status allows, in place."""
    allowed = budget["status"].get("disruptionsAllowed", 0) > 0
    reason = "SufficientPods" if allowed else "InsufficientPods"
    set_disruption_allowed(budget, allowed=allowed, reason=reason, message="", now=now)


def set_disruption_allowed(budget: Object, *, allowed: bool, reason: str, message: str, now: datetime) -> None:
    """Set the condition in place; its time moves only as it turns."""
    status = budget["status"]
    others = [each for each in status.get("conditions") or () if each["type"] != DISRUPTION_ALLOWED]
    old = next((each for each in status.get("conditions") or () if each["type"] == DISRUPTION_ALLOWED), None)
    value = "True" if allowed else "False"
    fresh: Object = {"type": DISRUPTION_ALLOWED, "status": value}
    if status.get("observedGeneration"):
        fresh["observedGeneration"] = status["observedGeneration"]
    turned = old is None or old["status"] != value
    fresh["lastTransitionTime"] = to_time(now) if old is None or turned else old["lastTransitionTime"]
    status["conditions"] = [*others, fresh | {"reason": reason, "message": message}]


def _row(budget: Object, now: datetime) -> list[Any]:
    spec, status = budget["spec"], budget.get("status") or {}
    limits = [_NOT_APPLICABLE if spec.get(field) is None else str(spec[field]) for field in _LIMITS]
    return [budget["metadata"]["name"], *limits, status.get("disruptionsAllowed", 0), age(budget, now)]


RESOURCE = Resource(
    group="policy",
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    singular="poddisruptionbudget",
    short_names=("pdb",),
    subresources={"status": ("get", "patch", "update")},
    strategy=PodDisruptionBudgetStrategy(),
    columns=(
        NAME_COLUMN,
        Column("Min Available", "The minimum number of pods that must be available."),
        Column("Max Unavailable", "The maximum number of pods that may be unavailable."),
        Column("Allowed Disruptions", "How many pods may be disrupted at this time.", type="integer"),
        AGE_COLUMN,
    ),
    row=_row,
)
