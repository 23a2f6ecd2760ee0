"""PriorityClasses: a name for how much pods matter, as upstream's `pkg/apis/scheduling` has them.

Two belong to the system; nobody else's may be called or valued like them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_immutable
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.table import age

#: The values of the classes that every cluster has (`scheduling.SystemPriorityClasses`).
SYSTEM: Mapping[str, int] = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
#: What the pods' preemption policy is unless their class has another.
PREEMPTS = "PreemptLowerPriority"

_POLICIES = ("Never", PREEMPTS)
_HIGHEST = 1_000_000_000
_PREFIX = "system-"
_VALUE, _POLICY = Path("value"), Path("preemptionPolicy")


def system_classes() -> list[Object]:
    """The system's classes, to be made in a new cluster."""
    told = {
        "system-node-critical": "Used for system critical pods that must not be moved from their current node.",
        "system-cluster-critical": "Used for system critical pods that must run in the cluster, "
        "but can be moved to another node if necessary.",
    }
    return [
        {"metadata": {"name": name}, "value": value, "description": told[name], "preemptionPolicy": PREEMPTS}
        for name, value in SYSTEM.items()
    ]


class PriorityClassStrategy(Strategy):
    """The rules of a priority class's writes. It has a generation, which stays at 1."""

    generation_of = ("value",)

    def default(self, obj: Object) -> None:
        obj.setdefault("value", 0)
        obj.setdefault("preemptionPolicy", PREEMPTS)
        if not obj.get("globalDefault"):
            obj.pop("globalDefault", None)

    def validate(self, obj: Object) -> list[FieldError]:
        policy = obj["preemptionPolicy"]
        errors = _value_errors(obj)
        return errors if policy in _POLICIES else [*errors, _POLICY.not_supported(policy, (PREEMPTS, "Never"))]

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        same = obj["value"] == old["value"]
        errors = [] if same else [_VALUE.forbidden("may not be changed in an update.")]
        return errors + validate_immutable(obj["preemptionPolicy"], old["preemptionPolicy"], _POLICY)


def _value_errors(obj: Object) -> list[FieldError]:
    if name_of(obj).startswith(_PREFIX):
        problem = _stranger(obj)
        reserved = f"priority class names with '{_PREFIX}' prefix are reserved for system use only. error: {problem}"
        return [Path("metadata").child("name").forbidden(reserved)] if problem else []
    if obj["value"] > _HIGHEST:
        return [_VALUE.forbidden(f"maximum allowed value of a user defined priority is {_HIGHEST}")]
    return []


def _stranger(obj: Object) -> str:
    """Why a class that is called like the system's is not one of them; nothing if it is."""
    name = name_of(obj)
    if name not in SYSTEM:
        return f"{name} is not a known system priority class"
    if obj["value"] != SYSTEM[name]:
        return f"value of {name} PriorityClass must be {SYSTEM[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if obj.get("globalDefault") else ""


def _row(obj: Object, now: datetime) -> list[Any]:
    cells = [name_of(obj), obj["value"], bool(obj.get("globalDefault"))]
    return [*cells, age(obj, now), obj.get("preemptionPolicy") or ""]


RESOURCE = Resource(
    group="scheduling.k8s.io",
    kind="PriorityClass",
    plural="priorityclasses",
    singular="priorityclass",
    namespaced=False,
    short_names=("pc",),
    strategy=PriorityClassStrategy(),
    columns=(
        NAME_COLUMN,
        Column("Value", "The priority of the class's pods.", type="integer"),
        Column("Global-Default", "Whether pods that name no class are of this one.", type="boolean"),
        AGE_COLUMN,
        Column("PreemptionPolicy", "Whether the class's pods may push others off a node."),
    ),
    row=_row,
)
