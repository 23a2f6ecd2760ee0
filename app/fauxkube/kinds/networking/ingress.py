"""Ingresses: which service answers for a host and a path, for the controller of the ingress's class to serve.

The class is named in the spec; the older annotation `CLASS_ANNOTATION` is taken too, must agree on creation, and is
warned of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import ip_warnings
from fauxkube.kinds.networking.ingress_validation import validate_ingress, validate_ingress_status
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import NONE, age

#: How the class was named before the spec had a field for it.
CLASS_ANNOTATION = "kubernetes.io/ingress.class"

_DEPRECATED = f"annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"
_POINTS = Path("status").child("loadBalancer", "ingress")
#: How many hosts a cell of a table names.
_SHOWN = 3


class IngressStrategy(Strategy):
    """The rules of an ingress's writes."""

    generation_of = ("spec",)

    def default(self, obj: Object) -> None:
        obj.setdefault("spec", {})
        obj.setdefault("status", {}).setdefault("loadBalancer", {})

    def prepare_for_create(self, obj: Object) -> None:
        obj["status"] = {"loadBalancer": {}}

    def validate(self, obj: Object) -> list[FieldError]:
        return validate_ingress(obj)

    def validate_create(self, obj: Object) -> list[FieldError]:
        class_name, annotated = obj["spec"].get("ingressClassName"), annotated_class(obj)
        if None in (class_name, annotated) or class_name == annotated:
            return []
        detail = "must match `ingressClassName` when both are specified"
        return [Path("annotations").child(CLASS_ANNOTATION).invalid(annotated, detail)]

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_ingress_status(obj)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        named = obj["spec"].get("ingressClassName") is not None
        return [_DEPRECATED] if old is None and not named and annotated_class(obj) is not None else []


class _StatusStrategy(IngressStrategy):
    """The same for writes to the status, which are warned of what they write."""

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        points = enumerate(_points(obj))
        return [text for index, point in points for text in ip_warnings(point.get("ip") or "", _POINTS.index(index))]


def annotated_class(ingress: Object) -> str | None:
    """The class that the annotation names, if it is there."""
    name: str | None = (ingress["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    return name


def _points(ingress: Object) -> Sequence[Object]:
    return ingress["status"]["loadBalancer"].get("ingress") or ()


def _row(ingress: Object, now: datetime) -> list[Any]:
    spec, class_name = ingress["spec"], ingress["spec"].get("ingressClassName")
    return [
        ingress["metadata"]["name"],
        NONE if class_name is None else class_name,
        _hosts_shown(spec.get("rules") or ()),
        ",".join(sorted({each.get("ip") or each.get("hostname") or "" for each in _points(ingress)} - {""})),
        "80, 443" if spec.get("tls") else "80",
        age(ingress, now),
    ]


def _hosts_shown(rules: Sequence[Object]) -> str:
    """The first hosts; any rule after the last of them counts among those that are not shown."""
    named = [(index, rule["host"]) for index, rule in enumerate(rules) if rule.get("host")][:_SHOWN]
    shown = ",".join(host for _, host in named) or "*"
    more = len(named) == _SHOWN and named[-1][0] < len(rules) - 1
    return f"{shown} + {len(rules) - _SHOWN} more..." if more else shown


RESOURCE = Resource(
    group="networking.k8s.io",
    kind="Ingress",
    plural="ingresses",
    singular="ingress",
    short_names=("ing",),
    subresources={"status": ("get", "patch", "update")},
    strategy=IngressStrategy(),
    subresource_strategies={"status": _StatusStrategy()},
    columns=(
        NAME_COLUMN,
        Column("Class", "The class of the ingress, which tells what controller serves it."),
        Column("Hosts", "The hosts that the ingress has rules for."),
        Column("Address", "The addresses that the ingress is served on."),
        Column("Ports", "The ports that the ingress is served on."),
        AGE_COLUMN,
    ),
    row=_row,
)
