"""The names and conditions of custom resource definitions, as upstream's controllers set them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fauxkube.kinds.core.pod_status import condition, condition_is_true
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_time

#: The finalizer by which a definition waits for its instances to go.
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
ESTABLISHED, NAMES_ACCEPTED, TERMINATING = "Established", "NamesAccepted", "Terminating"
APPROVED = "KubernetesAPIApprovalPolicyConformant"
#: The annotation by which a group of the community's is approved.
APPROVAL = "api-approved.kubernetes.io"
_RESOURCE_NAMES, _KIND_NAMES = ("plural", "singular"), ("kind", "listKind")


def is_established(definition: Object) -> bool:
    """Whether the definition's resources are served."""
    return condition_is_true(definition, ESTABLISHED)


def is_protected(group: str) -> bool:
    """Whether a group is the community's, and needs its approval."""
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def set_condition(definition: Object, type: str, status: str, reason: str, message: str, *, now: datetime) -> None:
    """Set a condition in place; its time moves only as it turns."""
    conditions: list[Object] = definition["status"].get("conditions") or []
    old = condition(definition, type)
    moved = old is None or old["status"] != status
    fresh = {
        "type": type,
        "status": status,
        "lastTransitionTime": to_time(now) if old is None or moved else old["lastTransitionTime"],
        "reason": reason,
        "message": message,
    }
    rest = [fresh if each["type"] == type else each for each in conditions]
    definition["status"]["conditions"] = rest if old is not None else [*rest, fresh]


def accept_names(definition: Object, others: Iterable[Object], *, now: datetime) -> None:
    """Take the names that are asked for and that no other definition of the group has, in place.

    The condition `NamesAccepted` says whether all could be had; once they are, the definition is established.
    """
    wanted, taken = definition["spec"]["names"], definition["status"].get("acceptedNames") or {}
    used = [each["status"].get("acceptedNames") or {} for each in others]
    resources = {name for each in used for name in (*map(each.get, _RESOURCE_NAMES), *(each.get("shortNames") or ()))}
    kinds = {name for each in used for name in map(each.get, _KIND_NAMES)}
    accepted, problem = dict(taken), ("", "")
    for field, claimed in _fields(resources, kinds):
        clash = wanted.get(field) != taken.get(field) and wanted.get(field) in claimed
        if clash:
            problem = (f"{field[0].upper()}{field[1:]}Conflict", f'"{wanted[field]}" is already in use')
        else:
            accepted[field] = wanted.get(field)
    clashes = [each for each in wanted.get("shortNames") or () if each in resources]
    if clashes:
        told = ", ".join(f'"{each}" is already in use' for each in clashes)
        problem = ("ShortNamesConflict", told if len(clashes) == 1 else f"[{told}]")
    else:
        accepted["shortNames"] = wanted.get("shortNames")
    accepted["categories"] = wanted.get("categories")
    definition["status"]["acceptedNames"] = {name: value for name, value in accepted.items() if value}
    _tell(definition, problem, now=now)


def _fields(resources: set[str | None], kinds: set[str | None]) -> Iterable[tuple[str, set[str | None]]]:
    yield from ((field, resources) for field in _RESOURCE_NAMES)
    yield from ((field, kinds) for field in _KIND_NAMES)


def _tell(definition: Object, problem: tuple[str, str], *, now: datetime) -> None:
    reason, message = problem
    if not reason:
        set_condition(definition, NAMES_ACCEPTED, "True", "NoConflicts", "no conflicts found", now=now)
        if not is_established(definition):
            told = "the initial names have been accepted"
            set_condition(definition, ESTABLISHED, "True", "InitialNamesAccepted", told, now=now)
        return
    set_condition(definition, NAMES_ACCEPTED, "False", reason, message, now=now)
    if condition(definition, ESTABLISHED) is None:
        set_condition(definition, ESTABLISHED, "False", "NotAccepted", "not all names are accepted", now=now)


def tell_approval(definition: Object, *, now: datetime) -> None:
    """Set the condition that says whether a group of the community's is approved, in place."""
    if not is_protected(definition["spec"]["group"]):
        return
    value = (definition["metadata"].get("annotations") or {}).get(APPROVAL) or ""
    if value.startswith("unapproved"):
        set_condition(definition, APPROVED, "False", "UnapprovedAnnotation", f'not approved: "{value}"', now=now)
    else:
        set_condition(definition, APPROVED, "True", "ApprovedAnnotation", f"approved in {value}", now=now)
