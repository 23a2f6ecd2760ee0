"""The rules that Deployments, ReplicaSets and DaemonSets share: selectors, templates, numbers in the status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fauxkube.kinds.core.field_checks import non_negative_errors
from fauxkube.kinds.core.pod_template import validate_pod_template
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_immutable
from fauxkube.machinery.objects import Object
from fauxkube.machinery.selectors import SelectorError, label_selector_from, validate_label_selector


def validate_required_selector(selector: Object | None, path: Path) -> list[FieldError]:
    """A selector that must be there and select something (upstream speaks of a deployment for ReplicaSets too)."""
    if selector is None:
        return [path.required()]
    return validate_label_selector(selector, path) + validate_not_empty(selector, "deployment", path)


def validate_selector_kept(new: Object, old: Object) -> list[FieldError]:
    """A selector stays what it is."""
    selector, old_selector = (_with_sorted_labels(each["spec"].get("selector")) for each in (new, old))
    return validate_immutable(selector, old_selector, Path("spec").child("selector"))


def _with_sorted_labels(selector: Object | None) -> Object | None:
    """The selector as a refusal shows it: Go writes maps in order of their keys."""
    if not selector or not selector.get("matchLabels"):
        return selector
    return selector | {"matchLabels": dict(sorted(selector["matchLabels"].items()))}


def validate_not_empty(selector: Object, owner: str, path: Path) -> list[FieldError]:
    """A selector that restricts something."""
    if selector.get("matchLabels") or selector.get("matchExpressions"):
        return []
    return [path.invalid(selector, f"empty selector is invalid for {owner}")]


def validate_selected_template(spec: Object, owner: str, path: Path) -> list[FieldError]:
    """A template that the spec's own selector must match, and whose pods are restarted for ever."""
    try:
        selector = label_selector_from(spec.get("selector"))
    except SelectorError:
        return [path.child("selector").invalid(spec["selector"], "invalid label selector")]
    template, at = spec.get("template") or {}, path.child("template")
    errors = [] if selector.empty or selector.matches(_labels(template) or {}) else [unselected(template, at)]
    return [*errors, *validate_pod_template(template, at), *validate_restarted(template, owner, at.child("spec"))]


def _labels(template: Object) -> Object | None:
    """The template's labels in order, as Go writes maps."""
    labels: Object | None = (template.get("metadata") or {}).get("labels")
    return labels and dict(sorted(labels.items()))


def unselected(template: Object, path: Path) -> FieldError:
    """What is said of a template that the selector does not match."""
    return path.child("metadata", "labels").invalid(_labels(template), "`selector` does not match template `labels`")


def validate_restarted(template: Object, owner: str, path: Path) -> Iterator[FieldError]:
    """The pods of these kinds run until they are deleted."""
    spec = template.get("spec") or {}
    if spec.get("restartPolicy") != "Always":
        yield path.child("restartPolicy").not_supported(spec.get("restartPolicy"), ("Always",))
    if spec.get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {owner} is not Supported"
        yield path.child("activeDeadlineSeconds").forbidden(detail)


def validate_counts(holder: Object, fields: Iterable[str], path: Path) -> list[FieldError]:
    """Numbers that must not be negative."""
    return [error for field in fields for error in non_negative_errors(holder.get(field), path.child(field))]


def validate_replica_counts(status: Object, parts: Iterable[str], path: Path) -> list[FieldError]:
    """No part of the replicas is more than all of them, and those available are ready."""
    replicas, available = status.get("replicas") or 0, status.get("availableReplicas") or 0
    errors = [
        path.child(part).invalid(status[part], "cannot be greater than status.replicas")
        for part in parts
        if (status.get(part) or 0) > replicas
    ]
    if available > (status.get("readyReplicas") or 0):
        errors.append(path.child("availableReplicas").invalid(available, "cannot be greater than readyReplicas"))
    return errors


def validate_collision_count(status: Object, old: Object, path: Path) -> list[FieldError]:
    """The count of hash collisions never goes back."""
    count = status.get("collisionCount") or 0
    if count >= (old.get("collisionCount") or 0):
        return []
    return [path.child("collisionCount").invalid(count, "cannot be decremented")]
