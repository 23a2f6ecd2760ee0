"""The rules on resource requests and limits, of containers and of whole pods (`validateResourceRequirements`)."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from functools import lru_cache
from typing import Any

from fauxkube.kinds.core.field_checks import NOT_NEGATIVE, name_errors
from fauxkube.kinds.core.pod_status import amount, pod_requests
from fauxkube.machinery import names, quantity
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

HUGE_PAGES = "hugepages-"
#: Resources that have no domain before their name, and those of them that a container may ask for.
_STANDARD = frozenset(
    {"cpu", "memory", "ephemeral-storage", "storage", "pods", "services", "secrets", "configmaps", "services.nodeports"}
    | {"services.loadbalancers", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas"}
    | {f"{kind}.{name}" for kind in ("requests", "limits") for name in ("cpu", "memory", "ephemeral-storage")}
    | {"requests.storage"}
)
_OF_CONTAINERS = frozenset({"cpu", "memory", "ephemeral-storage"})
_OF_PODS = frozenset({"cpu", "memory"})


def resource_errors(resources: Object | None, path: Path, *, claims: Collection[str] = ()) -> list[FieldError]:
    """What is wrong with a container's `resources`; `claims` are the pod's resource claims."""
    if not resources:
        return []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    errors: list[FieldError] = []
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, given in amounts.items():
            at = path.child(field).key(name)
            errors += [at.invalid(name, problem) for problem in resource_name_problems(name)]
            errors += quantity_errors(name, given, at)
    errors += _request_errors(requests, limits, path)
    asked = {*limits, *requests}
    if not asked & _OF_PODS and any(map(is_huge_pages, asked)):
        errors.append(path.forbidden("HugePages require cpu or memory"))
    return errors + _claim_errors(resources.get("claims") or [], claims, path.child("claims"))


def _request_errors(requests: Object, limits: Object, path: Path) -> list[FieldError]:
    errors = []
    for name, given in requests.items():
        limit = limits.get(name)
        if limit is None:
            if not may_overcommit(name):
                errors.append(path.child("limits").required("Limit must be set for non overcommitable resources"))
            continue
        order = 0 if given == limit else quantity.compare(given, limit)
        if order and not may_overcommit(name):
            errors.append(path.child("requests").invalid(given, f"must be equal to {name} limit of {limit}"))
        elif order > 0:
            detail = f"must be less than or equal to {name} limit of {limit}"
            errors.append(path.child("requests").invalid(given, detail))
    return errors


def _claim_errors(asked: list[Object], claims: Collection[str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for index, claim in enumerate(asked):
        at, name, request = path.index(index), claim.get("name") or "", claim.get("request") or ""
        if not name:
            errors.append(at.required())
            continue
        if request:
            errors += name_errors(request, names.dns_label_problems, at.child("request"))
        if (name, "") in seen or (name, request) in seen:
            errors.append(at.duplicate(f"{name}/{request}" if request else name))
        seen.add((name, request))
        if name not in claims:
            errors.append(at.not_found(name))
    return errors


def is_huge_pages(name: str) -> bool:
    """Whether the resource is memory pages of one size (`hugepages-2Mi`)."""
    return name.startswith(HUGE_PAGES)


def is_native(name: str) -> bool:
    """Whether the resource is Kubernetes' own: without a domain, or with `kubernetes.io`."""
    return "/" not in name or "kubernetes.io/" in name


def may_overcommit(name: str) -> bool:
    """Whether more of the resource may be allowed than is asked for."""
    return is_native(name) and not is_huge_pages(name)


@lru_cache(maxsize=1024)
def resource_name_problems(name: str) -> tuple[str, ...]:
    """What is wrong with a resource's name in a container."""
    problems = names.qualified_name_problems(name)
    if "/" not in name:
        if not problems and name not in _STANDARD and not is_huge_pages(name):
            problems.append("must be a standard resource type or fully qualified")
        if name not in _OF_CONTAINERS and not is_huge_pages(name):
            problems.append("must be a standard resource for containers")
    elif not is_native(name) and not _is_extended(name):
        problems.append("doesn't follow extended resource name standard")
    return tuple(problems)


def _is_extended(name: str) -> bool:
    return not name.startswith("requests.") and not names.qualified_name_problems(f"requests.{name}")


def quantity_errors(name: str, given: Any, path: Path) -> list[FieldError]:
    """An amount must not be negative; extended resources, pods and the like come in whole pieces."""
    text = str(given)
    return [path.invalid(text, problem) for problem in _quantity_problems(name, text)]


@lru_cache(maxsize=4096)
def _quantity_problems(name: str, text: str) -> tuple[str, ...]:
    exact = quantity.parse(text)
    problems = [NOT_NEGATIVE] if exact < 0 else []
    if _is_counted(name) and exact.denominator != 1:
        problems.append("must be an integer")
    if is_huge_pages(name) and not _is_multiple(exact, name.removeprefix(HUGE_PAGES)):
        problems.append(f"{text} is not positive integer multiple of {name}")
    return tuple(problems)


def _is_multiple(amount: Fraction, size: str) -> bool:
    try:
        whole = quantity.parse(size)
    except quantity.QuantityError:
        return False
    return bool(whole) and (amount / whole).denominator == 1


def _is_counted(name: str) -> bool:
    return not is_native(name) or name in {"pods", "services", "secrets", "configmaps", "persistentvolumeclaims"}


def pod_level_errors(spec: Object, path: Path) -> list[FieldError]:
    """What is wrong with `spec.resources`, by itself and beside the containers' (KEP-2837)."""
    resources = spec.get("resources")
    if not resources:
        return []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    errors: list[FieldError] = []
    if resources.get("claims"):
        errors.append(path.child("claims").forbidden("claims cannot be set for Resources at pod-level"))
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, given in amounts.items():
            at = path.child(field).key(name)
            if name not in _OF_PODS and not is_huge_pages(name):
                errors.append(at.not_supported(name, ("cpu", HUGE_PAGES, "memory")))
            errors += quantity_errors(name, given, at)
    errors += _request_errors(requests, limits, path)
    return errors + _consistency_errors(spec, requests, limits, path)


def _consistency_errors(spec: Object, requests: Object, limits: Object, path: Path) -> list[FieldError]:
    errors = []
    together = pod_requests({"spec": {**spec, "resources": None, "overhead": None}})
    for name in sorted(together.keys() & (_OF_PODS | requests.keys())):
        given = requests.get(name, "0")
        if together[name] > amount(name, given):
            sum_text = quantity.from_milli(together[name]) if name == "cpu" else quantity.from_bytes(together[name])
            detail = f"must be greater than or equal to aggregate container requests of {sum_text}"
            errors.append(path.child("requests").key(name).invalid(given, detail))
    for index, container in enumerate(spec.get("containers") or ()):
        for name, limit in ((container.get("resources") or {}).get("limits") or {}).items():
            if name in limits and quantity.compare(limit, limits[name]) > 0:
                at = path.child("containers").index(index).key(name).child("limits")
                errors.append(at.invalid(limit, f"must be less than or equal to pod limits of {limits[name]}"))
    return errors
