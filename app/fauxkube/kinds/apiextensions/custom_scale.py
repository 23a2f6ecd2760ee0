"""The subresource `scale` of custom resources, whose replicas are where their definition says."""

from __future__ import annotations

from typing import Any

from fauxkube.kinds.apps.scale import COLUMNS, scale_row, validate_scale
from fauxkube.kinds.core.field_checks import MAX_INT32
from fauxkube.kinds.resource import Projection
from fauxkube.machinery import status
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def projection(paths: Object) -> Projection:
    """The Scale of objects with the replicas, and the selector if there is one, at these paths."""
    wanted, seen, selector = (
        paths.get(f"{field}Path") for field in ("specReplicas", "statusReplicas", "labelSelector")
    )

    def read(obj: Object) -> Object:
        replicas = value_at(obj, wanted)
        if replicas is None:
            raise status.internal(f'the spec replicas field "{wanted}" does not exist')
        told: Object = {"replicas": value_at(obj, seen) or 0}
        if text := value_at(obj, selector):
            told["selector"] = text
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {name: obj["metadata"][name] for name in _METADATA if name in obj["metadata"]},
            "spec": {"replicas": replicas} if replicas else {},
            "status": told,
        }

    def write(obj: Object, scale: Object) -> None:
        holder = obj
        *steps, last = _steps(wanted)
        for step in steps:
            holder = holder.setdefault(step, {})
        holder[last] = (scale.get("spec") or {}).get("replicas") or 0

    return Projection("autoscaling", "v1", "Scale", read, write, validate_scale, COLUMNS, scale_row)


def value_at(obj: Object, path: str | None) -> Any:
    """The value at a path of plain fields (`.spec.replicas`); None where there is none."""
    found: Any = obj
    for step in _steps(path) if path else ("",):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _steps(path: str | None) -> list[str]:
    return (path or "").removeprefix(".").split(".")


def replica_errors(obj: Object, paths: Object) -> list[FieldError]:
    """The rules on an object's replicas."""
    errors: list[FieldError] = []
    for field in ("specReplicasPath", "statusReplicasPath"):
        value, at = value_at(obj, paths.get(field)), Path(paths.get(field) or "")
        if not isinstance(value, int):
            continue
        if value < 0:
            errors.append(at.invalid(value, "should be a non-negative integer"))
        elif value > MAX_INT32:
            errors.append(at.invalid(value, f"should be less than or equal to {MAX_INT32}"))
    return errors
