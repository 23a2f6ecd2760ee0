"""Leases: who holds something and until when, for leader election and the heartbeats of nodes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import non_negative_errors
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import age

#: Fields of coordinated leader election (KEP-4355), which is off by default.
_GATED_FIELDS = ("strategy", "preferredHolder")


class LeaseStrategy(Strategy):
    """The rules of a lease's writes."""

    allow_create_on_update = True
    allow_unconditional_update = False

    def prepare_for_create(self, obj: Object) -> None:
        _drop_gated_fields(obj)

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        _drop_gated_fields(obj)

    def validate(self, obj: Object) -> list[FieldError]:
        spec, path = obj.get("spec") or {}, Path("spec")
        errors: list[FieldError] = []
        duration = spec.get("leaseDurationSeconds")
        if duration is not None and duration <= 0:
            errors.append(path.child("leaseDurationSeconds").invalid(duration, "must be greater than 0"))
        return errors + non_negative_errors(spec.get("leaseTransitions"), path.child("leaseTransitions"))


def _drop_gated_fields(lease: Object) -> None:
    spec = lease.setdefault("spec", {})
    for name in _GATED_FIELDS:
        spec.pop(name, None)


def _row(lease: Object, now: datetime) -> list[Any]:
    return [lease["metadata"]["name"], lease["spec"].get("holderIdentity") or "", age(lease, now)]


RESOURCE = Resource(
    group="coordination.k8s.io",
    kind="Lease",
    plural="leases",
    singular="lease",
    strategy=LeaseStrategy(),
    columns=(NAME_COLUMN, Column("Holder", "Who holds the lease."), AGE_COLUMN),
    row=_row,
)
