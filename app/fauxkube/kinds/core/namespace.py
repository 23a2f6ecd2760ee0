"""Namespaces, as upstream's `pkg/registry/core/namespace` has them.

A namespace is Active until it is asked to go; from then on it is Terminating, and stays until the namespace controller
has emptied it and taken `kubernetes` out of `spec.finalizers` through the subresource `finalize`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_finalizers
from fauxkube.machinery.objects import Object, is_terminating
from fauxkube.machinery.table import age

#: The finalizer that stands for the namespace's contents.
FINALIZER = "kubernetes"
#: The label by which selectors can name a namespace (KEP-2161).
NAME_LABEL = "kubernetes.io/metadata.name"


class NamespaceStrategy(Strategy):
    """The rules of a namespace's writes."""

    def validate_name(self, name: str) -> Sequence[str]:
        return names.dns_label_problems(name)

    def default(self, obj: Object) -> None:
        _label_with_name(obj)

    def prepare_for_create(self, obj: Object) -> None:
        _label_with_name(obj)
        finalizers = obj.setdefault("spec", {}).setdefault("finalizers", [])
        if FINALIZER not in finalizers:
            finalizers.append(FINALIZER)
        obj["status"] = {"phase": "Active"}

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        super().prepare_for_update(obj, old)
        obj["spec"] = old["spec"]

    def validate(self, obj: Object) -> list[FieldError]:
        return validate_finalizers(obj["spec"].get("finalizers"), Path("spec").child("finalizers"))

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        wanted, state = ("Terminating", "not empty") if is_terminating(obj) else ("Active", "empty")
        if _phase(obj) == wanted:
            return []
        problem = f"may only be '{wanted}' if `deletionTimestamp` is {state}"
        return [Path("status").child("Phase").invalid(_phase(obj), problem)]

    def begin_deletion(self, obj: Object) -> None:
        obj.setdefault("status", {})["phase"] = "Terminating"

    def holds_deletion(self, obj: Object) -> bool:
        return bool(obj.get("spec", {}).get("finalizers"))


class NamespaceFinalizeStrategy(NamespaceStrategy):
    """The rules of writes to `finalize`, through which alone `spec.finalizers` changes."""

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        obj.setdefault("spec", {})
        Strategy.prepare_for_update(self, obj, old)


def _label_with_name(obj: Object) -> None:
    """A namespace that has no name (yet) goes without."""
    metadata = obj["metadata"]
    if not metadata.get("name"):
        return
    metadata["labels"] = (metadata.get("labels") or {}) | {NAME_LABEL: metadata["name"]}


def _phase(namespace: Object) -> str:
    return namespace.get("status", {}).get("phase") or ""


def _row(namespace: Object, now: datetime) -> list[Any]:
    return [namespace["metadata"]["name"], _phase(namespace), age(namespace, now)]


def _fields(namespace: Object) -> dict[str, str]:
    return {"status.phase": _phase(namespace)}


RESOURCE = Resource(
    kind="Namespace",
    plural="namespaces",
    singular="namespace",
    namespaced=False,
    short_names=("ns",),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    subresources={"finalize": ("update",), "status": ("get", "patch", "update")},
    strategy=NamespaceStrategy(),
    subresource_strategies={"finalize": NamespaceFinalizeStrategy()},
    columns=(NAME_COLUMN, Column("Status", "The status of the namespace"), AGE_COLUMN),
    row=_row,
    fields=_fields,
    field_names=("status.phase",),
)
