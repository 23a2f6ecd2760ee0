"""ReplicaSets, as upstream's `pkg/registry/apps/replicaset` and `pkg/apis/apps/validation` have them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.apps.scale import SCALE, SCALE_VERBS
from fauxkube.kinds.apps.workload_table import TEMPLATE_COLUMNS, template_cells
from fauxkube.kinds.apps.workload_validation import (
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
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import age

_SPEC, _STATUS = Path("spec"), Path("status")
_PARTS = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
_COUNTS = ("replicas", *_PARTS, "observedGeneration")


class ReplicaSetStrategy(Strategy):
    """The rules of a replica set's writes."""

    generation_of = ("spec",)

    def default(self, obj: Object) -> None:
        spec = obj.setdefault("spec", {})
        spec.setdefault("replicas", 1)
        default_pod_template(spec.setdefault("template", {}))

    def prepare_for_create(self, obj: Object) -> None:
        obj["status"] = {"replicas": 0}

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        errors = validate_counts(spec, ("replicas", "minReadySeconds"), _SPEC)
        errors += validate_required_selector(spec.get("selector"), _SPEC.child("selector"))
        return errors + validate_selected_template(spec, "ReplicaSet", _SPEC)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_selector_kept(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        return validate_counts(status, _COUNTS, _STATUS) + validate_replica_counts(status, _PARTS, _STATUS)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return name_warnings(obj, old) + template_warnings(obj, old)


def _row(replica_set: Object, now: datetime) -> list[Any]:
    spec, status = replica_set["spec"], replica_set.get("status") or {}
    return [
        replica_set["metadata"]["name"],
        spec.get("replicas") or 0,
        status.get("replicas") or 0,
        status.get("readyReplicas") or 0,
        age(replica_set, now),
        *template_cells(spec),
    ]


def _fields(replica_set: Object) -> dict[str, str]:
    return {"status.replicas": str((replica_set.get("status") or {}).get("replicas") or 0)}


RESOURCE = Resource(
    group="apps",
    kind="ReplicaSet",
    plural="replicasets",
    singular="replicaset",
    short_names=("rs",),
    categories=("all",),
    subresources={"scale": SCALE_VERBS, "status": ("get", "patch", "update")},
    strategy=ReplicaSetStrategy(),
    projections={"scale": SCALE},
    columns=(
        NAME_COLUMN,
        Column("Desired", "How many pods are wanted.", type="integer"),
        Column("Current", "How many pods there are.", type="integer"),
        Column("Ready", "How many pods are ready.", type="integer"),
        AGE_COLUMN,
        *TEMPLATE_COLUMNS,
    ),
    row=_row,
    fields=_fields,
    field_names=("status.replicas",),
)
