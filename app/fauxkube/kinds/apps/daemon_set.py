"""DaemonSets, as upstream's `pkg/registry/apps/daemonset` and `pkg/apis/apps/validation` have them.

The template's own generation, which older versions had in the spec, lives on in an annotation that only the server
sets.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.apps.rolling_update import default_rolling_update, is_zero, shown, validate_limits, validate_share
from fauxkube.kinds.apps.workload_table import TEMPLATE_COLUMNS, template_cells
from fauxkube.kinds.apps.workload_validation import (
    unselected,
    validate_collision_count,
    validate_counts,
    validate_not_empty,
    validate_restarted,
    validate_selector_kept,
)
from fauxkube.kinds.apps.workload_warnings import template_warnings
from fauxkube.kinds.core.pod_template import default_pod_template, validate_pod_template
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.selectors import SelectorError, label_selector_from, validate_label_selector
from fauxkube.machinery.table import age, joined_labels

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_SPEC, _STATUS = Path("spec"), Path("status")
#: The numbers that a status always has.
_ALWAYS = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
_COUNTS = (
    *_ALWAYS,
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
)


class DaemonSetStrategy(Strategy):
    """The rules of a daemon set's writes."""

    generation_of = ("spec",)

    def default(self, obj: Object) -> None:
        spec = obj.setdefault("spec", {})
        default_rolling_update(spec.setdefault("updateStrategy", {}), max_unavailable=1, max_surge=0)
        spec.setdefault("revisionHistoryLimit", 10)
        default_pod_template(spec.setdefault("template", {}))

    def prepare_for_create(self, obj: Object) -> None:
        _set_template_generation(obj, max(1, _template_generation(obj)))
        obj["status"] = dict.fromkeys(_ALWAYS, 0)

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        super().prepare_for_update(obj, old)
        changed = obj["spec"]["template"] != old["spec"]["template"]
        _set_template_generation(obj, _template_generation(old) + changed)

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        template, path = spec["template"], _SPEC.child("template")
        errors = _validate_selector(spec)
        errors += validate_pod_template(template, path)
        errors += validate_restarted(template, "DaemonSet", path.child("spec"))
        errors += validate_counts(spec, ("minReadySeconds",), _SPEC)
        errors += _validate_update_strategy(spec["updateStrategy"], _SPEC.child("updateStrategy"))
        return errors + validate_counts(spec, ("revisionHistoryLimit",), _SPEC)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_selector_kept(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        return validate_counts(status, _COUNTS, _STATUS) + validate_collision_count(
            status, old.get("status") or {}, _STATUS
        )

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return template_warnings(obj, old)


def _template_generation(daemon_set: Object) -> int:
    text = (daemon_set["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _set_template_generation(daemon_set: Object, generation: int) -> None:
    metadata = daemon_set["metadata"]
    metadata["annotations"] = (metadata.get("annotations") or {}) | {TEMPLATE_GENERATION: str(generation)}


def _validate_selector(spec: Object) -> list[FieldError]:
    given, path = spec.get("selector"), _SPEC.child("selector")
    errors = validate_label_selector(given, path)
    try:
        selector = label_selector_from(given)
    except SelectorError:
        return errors
    if not selector.matches(spec["template"]["metadata"].get("labels") or {}):
        errors.append(unselected(spec["template"], _SPEC.child("template")))
    return errors if given is None else errors + validate_not_empty(given, "daemonset", path)


def _validate_update_strategy(strategy: Object, path: Path) -> list[FieldError]:
    match strategy["type"]:
        case "OnDelete":
            return []
        case "RollingUpdate":
            return _validate_rolling_update(strategy["rollingUpdate"], path.child("rollingUpdate"))
    return [path.not_supported(shown(strategy), ("RollingUpdate", "OnDelete"))]


def _validate_rolling_update(limits: Object, path: Path) -> list[FieldError]:
    errors = validate_limits(limits, path)
    errors += validate_share(limits, "maxUnavailable", path) + validate_share(limits, "maxSurge", path)
    unavailable, surge = limits["maxUnavailable"], limits["maxSurge"]
    if is_zero(unavailable) and is_zero(surge):
        errors.append(path.child("maxUnavailable").required("cannot be 0 when maxSurge is 0"))
    if not is_zero(unavailable) and not is_zero(surge):
        errors.append(path.child("maxSurge").invalid(surge, "may not be set when maxUnavailable is non-zero"))
    return errors


def _row(daemon_set: Object, now: datetime) -> list[Any]:
    spec, status = daemon_set["spec"], daemon_set.get("status") or {}
    shown_counts = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return [
        daemon_set["metadata"]["name"],
        *(status.get(name) or 0 for name in shown_counts),
        joined_labels(spec["template"]["spec"].get("nodeSelector")),
        age(daemon_set, now),
        *template_cells(spec),
    ]


RESOURCE = Resource(
    group="apps",
    kind="DaemonSet",
    plural="daemonsets",
    singular="daemonset",
    short_names=("ds",),
    categories=("all",),
    subresources={"status": ("get", "patch", "update")},
    strategy=DaemonSetStrategy(),
    columns=(
        NAME_COLUMN,
        Column("Desired", "How many nodes should run the pod.", type="integer"),
        Column("Current", "How many nodes that should run the pod have one.", type="integer"),
        Column("Ready", "How many nodes have a pod that is ready.", type="integer"),
        Column("Up-to-date", "How many nodes have a pod of the latest template.", type="integer"),
        Column("Available", "How many nodes have a pod that has been ready for minReadySeconds.", type="integer"),
        Column("Node Selector", "The labels of the nodes that run the pod."),
        AGE_COLUMN,
        *TEMPLATE_COLUMNS,
    ),
    row=_row,
)
