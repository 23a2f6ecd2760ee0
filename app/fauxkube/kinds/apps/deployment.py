"""Deployments, as upstream's `pkg/registry/apps/deployment` and `pkg/apis/apps/validation` have them.

The selector is fixed at creation and must match the template. A change of the annotations raises the generation as
one of the spec does, because the controller copies them to its ReplicaSets.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.apps.rolling_update import default_rolling_update, is_zero, shown, validate_limits, validate_share
from fauxkube.kinds.apps.scale import SCALE, SCALE_VERBS
from fauxkube.kinds.apps.workload_table import TEMPLATE_COLUMNS, template_cells
from fauxkube.kinds.apps.workload_validation import (
    validate_collision_count,
    validate_counts,
    validate_replica_counts,
    validate_required_selector,
    validate_selected_template,
    validate_selector_kept,
)
from fauxkube.kinds.apps.workload_warnings import name_warnings, template_warnings
from fauxkube.kinds.core.pod_template import default_pod_template
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object, labels_of
from fauxkube.machinery.table import age

_SPEC, _STATUS = Path("spec"), Path("status")
_PARTS = ("updatedReplicas", "readyReplicas", "availableReplicas")
_COUNTS = ("observedGeneration", "replicas", *_PARTS, "unavailableReplicas", "collisionCount")


class DeploymentStrategy(Strategy):
    """The rules of a deployment's writes."""

    generation_of = ("spec",)

    def default(self, obj: Object) -> None:
        spec = obj.setdefault("spec", {})
        spec.setdefault("replicas", 1)
        default_rolling_update(spec.setdefault("strategy", {}), max_unavailable="25%", max_surge="25%")
        spec.setdefault("revisionHistoryLimit", 10)
        spec.setdefault("progressDeadlineSeconds", 600)
        default_pod_template(spec.setdefault("template", {}))

    def prepare_for_create(self, obj: Object) -> None:
        obj["status"] = {}

    def prepare_for_status_update(self, obj: Object, old: Object) -> None:
        """Of the kinds here, only this one keeps its labels from writes to its status."""
        super().prepare_for_status_update(obj, old)
        obj["metadata"]["labels"] = labels_of(old)

    def raises_generation(self, obj: Object, old: Object) -> bool:
        annotations, before = (each["metadata"].get("annotations") or {} for each in (obj, old))
        return annotations != before or super().raises_generation(obj, old)

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        errors = validate_counts(spec, ("replicas",), _SPEC)
        errors += validate_required_selector(spec.get("selector"), _SPEC.child("selector"))
        errors += validate_selected_template(spec, "ReplicaSet", _SPEC)
        errors += _validate_strategy(spec["strategy"], _SPEC.child("strategy"))
        errors += validate_counts(spec, ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"), _SPEC)
        deadline = spec["progressDeadlineSeconds"]
        if deadline <= (spec.get("minReadySeconds") or 0):
            path = _SPEC.child("progressDeadlineSeconds")
            errors.append(path.invalid(deadline, "must be greater than minReadySeconds"))
        return errors

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_selector_kept(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        errors = validate_counts(status, _COUNTS, _STATUS) + validate_replica_counts(status, _PARTS, _STATUS)
        return errors + validate_collision_count(status, old.get("status") or {}, _STATUS)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return name_warnings(obj, old) + template_warnings(obj, old)


def _validate_strategy(strategy: Object, path: Path) -> list[FieldError]:
    limits, at = strategy.get("rollingUpdate"), path.child("rollingUpdate")
    match strategy["type"]:
        case "RollingUpdate":
            return _validate_rolling_update(strategy["rollingUpdate"], at)
        case "Recreate":
            detail = "may not be specified when strategy `type` is 'Recreate'"
            return [] if limits is None else [at.forbidden(detail)]
    return [path.not_supported(shown(strategy), ("Recreate", "RollingUpdate"))]


def _validate_rolling_update(limits: Object, path: Path) -> list[FieldError]:
    unavailable = limits["maxUnavailable"]
    errors = validate_limits(limits, path)
    if is_zero(unavailable) and is_zero(limits["maxSurge"]):
        errors.append(path.child("maxUnavailable").invalid(unavailable, "may not be 0 when `maxSurge` is 0"))
    return errors + validate_share(limits, "maxUnavailable", path)


def _row(deployment: Object, now: datetime) -> list[Any]:
    spec, status = deployment["spec"], deployment.get("status") or {}
    return [
        deployment["metadata"]["name"],
        f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}",
        status.get("updatedReplicas") or 0,
        status.get("availableReplicas") or 0,
        age(deployment, now),
        *template_cells(spec),
    ]


RESOURCE = Resource(
    group="apps",
    kind="Deployment",
    plural="deployments",
    singular="deployment",
    short_names=("deploy",),
    categories=("all",),
    subresources={"scale": SCALE_VERBS, "status": ("get", "patch", "update")},
    strategy=DeploymentStrategy(),
    projections={"scale": SCALE},
    columns=(
        NAME_COLUMN,
        Column("Ready", "Number of the pod with ready state"),
        Column("Up-to-date", "How many pods are of the latest template."),
        Column("Available", "How many pods have been ready for minReadySeconds."),
        AGE_COLUMN,
        *TEMPLATE_COLUMNS,
    ),
    row=_row,
)
