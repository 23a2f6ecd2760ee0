"""The subresource `scale`: a workload's replicas as an `autoscaling/v1` Scale, the same for every kind that has it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import non_negative_errors
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Projection
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.selectors import label_selector_from
from fauxkube.machinery.table import age

COLUMNS = (
    NAME_COLUMN,
    Column("Desired", "Number of desired pods.", type="integer"),
    Column("Available", "Number of observed pods.", type="integer"),
    AGE_COLUMN,
)

_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(obj: Object) -> Object:
    """The Scale that shows the object's replicas; a wish for none is left out, as Go leaves it out."""
    metadata, replicas = obj["metadata"], obj["spec"].get("replicas")
    status: Object = {"replicas": obj.get("status", {}).get("replicas") or 0}
    if selector := str(label_selector_from(obj["spec"].get("selector"))):
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in _METADATA if name in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def apply_scale(obj: Object, scale: Object) -> None:
    """Ask for the Scale's replicas, and only of the version and UID that it names, if it does."""
    obj["spec"]["replicas"] = (scale.get("spec") or {}).get("replicas") or 0
    metadata, given = obj["metadata"], scale.get("metadata") or {}
    metadata["resourceVersion"] = given.get("resourceVersion") or ""
    metadata["uid"] = given.get("uid") or metadata["uid"]


def validate_scale(scale: Object) -> list[FieldError]:
    """Replicas are not negative."""
    return non_negative_errors((scale.get("spec") or {}).get("replicas"), Path("spec").child("replicas"))


def scale_row(scale: Object, now: datetime) -> list[Any]:
    """The cells of a Scale."""
    desired = (scale.get("spec") or {}).get("replicas") or 0
    return [name_of(scale), desired, scale["status"]["replicas"], age(scale, now)]


SCALE = Projection("autoscaling", "v1", "Scale", scale_of, apply_scale, validate_scale, COLUMNS, scale_row)
SCALE_VERBS = ("get", "patch", "update")
