"""ControllerRevisions: a controller's memory of one version of its template, whose data never change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import non_negative_errors
from fauxkube.kinds.core.pod_status import controller_of
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_immutable
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import NONE, age


class ControllerRevisionStrategy(Strategy):
    """The rules of a controller revision's writes."""

    def default(self, obj: Object) -> None:
        obj.setdefault("revision", 0)

    def validate(self, obj: Object) -> list[FieldError]:
        errors = [Path("data").required("data is mandatory")] if obj.get("data") is None else []
        return errors + non_negative_errors(obj["revision"], Path("revision"))

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_immutable(obj.get("data"), old.get("data"), Path("data"))


def _controller(revision: Object) -> str:
    """The owner as `kubectl` names it: `daemonset.apps/web`."""
    owner = controller_of(revision)
    if owner is None:
        return NONE
    group = owner["apiVersion"].rpartition("/")[0]
    kind = f"{owner['kind']}.{group}" if group else owner["kind"]
    return f"{kind.lower()}/{owner['name']}"


def _row(revision: Object, now: datetime) -> list[Any]:
    return [revision["metadata"]["name"], _controller(revision), revision["revision"], age(revision, now)]


RESOURCE = Resource(
    group="apps",
    kind="ControllerRevision",
    plural="controllerrevisions",
    singular="controllerrevision",
    strategy=ControllerRevisionStrategy(),
    columns=(
        NAME_COLUMN,
        Column("Controller", "The object that the revision belongs to."),
        Column("Revision", "The revision's place in the order of all."),
        AGE_COLUMN,
    ),
    row=_row,
)
