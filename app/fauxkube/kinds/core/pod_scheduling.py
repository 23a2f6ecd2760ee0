"""The rules on what steers a pod to a node: affinity, spreading, tolerations, gates, selectors."""

from __future__ import annotations

from collections.abc import Sequence

from fauxkube.kinds.core.field_checks import POSITIVE, name_errors, optional_supported_errors, supported_errors
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.selectors import validate_label_selector

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_OPERATOR_WRONG = "not a valid selector operator"


def scheduling_errors(spec: Object, path: Path) -> list[FieldError]:
    """What is wrong with the scheduling part of a pod's spec."""
    errors = node_selector_errors(spec.get("nodeSelector") or {}, path.child("nodeSelector"))
    if spec.get("affinity"):
        errors += _affinity_errors(spec["affinity"], path.child("affinity"))
    errors += _gate_errors(spec.get("schedulingGates") or (), path.child("schedulingGates"))
    constraints = spec.get("topologySpreadConstraints") or ()
    errors += _spread_errors(constraints, path.child("topologySpreadConstraints"))
    return errors + toleration_errors(spec.get("tolerations") or (), path.child("tolerations"))


def node_selector_errors(selector: Object, path: Path) -> list[FieldError]:
    """A map of labels that the node must have."""
    errors: list[FieldError] = []
    for key, value in selector.items():
        errors += name_errors(key, names.qualified_name_problems, path)
        errors += name_errors(value, names.label_value_problems, path)
    return errors


def toleration_errors(tolerations: Sequence[Object], path: Path) -> list[FieldError]:
    """What is wrong with a pod's tolerations."""
    errors: list[FieldError] = []
    for index, toleration in enumerate(tolerations):
        errors += _toleration_errors(toleration, path.index(index))
    return errors


def _toleration_errors(toleration: Object, path: Path) -> list[FieldError]:
    key, operator = toleration.get("key") or "", toleration.get("operator") or ""
    value, effect = toleration.get("value") or "", toleration.get("effect") or ""
    errors = name_errors(key, names.qualified_name_problems, path.child("key")) if key else []
    at = path.child("operator")
    if not key and operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        errors.append(at.invalid(operator, detail))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(path.child("effect").invalid(effect, detail))
    if operator in {"", "Equal"}:
        problems = names.label_value_problems(value)
        errors += [at.invalid(value, ";".join(problems))] if problems else []
    elif operator != "Exists":
        errors.append(at.not_supported(operator, ("Equal", "Exists")))
    elif value:
        errors.append(at.invalid(value, "value must be empty when `operator` is 'Exists'"))
    return errors + (supported_errors(effect, TAINT_EFFECTS, path.child("effect")) if effect else [])


def _gate_errors(gates: Sequence[Object], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name") or ""
        errors += name_errors(name, names.qualified_name_problems, path.index(index))
        if name in seen:
            errors.append(path.index(index).duplicate(name))
        seen.add(name)
    return errors


def _affinity_errors(affinity: Object, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if affinity.get("nodeAffinity"):
        errors += _node_affinity_errors(affinity["nodeAffinity"], path.child("nodeAffinity"))
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        for index, term in enumerate(terms.get(_REQUIRED) or ()):
            errors += _pod_term_errors(term, path.child(kind, _REQUIRED).index(index))
        for index, weighted in enumerate(terms.get(_PREFERRED) or ()):
            at = path.child(kind, _PREFERRED).index(index)
            errors += _weight_errors(weighted, at)
            errors += _pod_term_errors(weighted.get("podAffinityTerm") or {}, at.child("podAffinityTerm"))
    return errors


def _weight_errors(weighted: Object, path: Path) -> list[FieldError]:
    weight = weighted.get("weight") or 0
    return [] if 1 <= weight <= 100 else [path.child("weight").invalid(weight, "must be in the range 1-100")]


def _node_affinity_errors(affinity: Object, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if affinity.get(_REQUIRED) is not None:
        at = path.child(_REQUIRED, "nodeSelectorTerms")
        terms = affinity[_REQUIRED].get("nodeSelectorTerms")
        if not terms:
            errors.append(at.required("must have at least one node selector term"))
        for index, term in enumerate(terms or ()):
            errors += _node_term_errors(term, at.index(index), check_values=True)
    for index, weighted in enumerate(affinity.get(_PREFERRED) or ()):
        at = path.child(_PREFERRED).index(index)
        errors += _weight_errors(weighted, at)
        errors += _node_term_errors(weighted.get("preference") or {}, at.child("preference"), check_values=False)
    return errors


def _node_term_errors(term: Object, path: Path, *, check_values: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        at = path.child("matchExpressions").index(index)
        errors += _expression_errors(requirement, at)
        for position, value in enumerate(requirement.get("values") or () if check_values else ()):
            errors += name_errors(value, names.label_value_problems, at.child("values").index(position))
    for index, requirement in enumerate(term.get("matchFields") or ()):
        errors += _match_field_errors(requirement, path.child("matchFields").index(index))
    return errors


def _expression_errors(requirement: Object, path: Path) -> list[FieldError]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or []
    at = path.child("values")
    errors: list[FieldError] = []
    match operator:
        case "In" | "NotIn":
            if not values:
                errors.append(at.required("must be specified when `operator` is 'In' or 'NotIn'"))
        case "Exists" | "DoesNotExist":
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                errors.append(at.forbidden(detail))
        case "Gt" | "Lt":
            if len(values) != 1:
                errors.append(at.required("must be specified single value when `operator` is 'Lt' or 'Gt'"))
        case _:
            errors.append(path.child("operator").invalid(operator, _OPERATOR_WRONG))
    return errors + name_errors(requirement.get("key") or "", names.qualified_name_problems, path.child("key"))


def _match_field_errors(requirement: Object, path: Path) -> list[FieldError]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or []
    errors: list[FieldError] = []
    if operator not in {"In", "NotIn"}:
        errors.append(path.child("operator").invalid(operator, _OPERATOR_WRONG))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(path.child("values").required(detail))
    key = requirement.get("key") or ""
    if key != "metadata.name":
        return [*errors, path.child("key").invalid(key, "not a valid field selector key")]
    for index, value in enumerate(values):
        errors += name_errors(value, names.dns_subdomain_problems, path.child("values").index(index))
    return errors


def _pod_term_errors(term: Object, path: Path) -> list[FieldError]:
    errors = validate_label_selector(term.get("labelSelector"), path.child("labelSelector"))
    errors += validate_label_selector(term.get("namespaceSelector"), path.child("namespaceSelector"))
    for namespace in term.get("namespaces") or ():
        errors += name_errors(namespace, names.dns_label_problems, path.child("namespace"))
    errors += _label_keys_errors(term, path)
    key, at = term.get("topologyKey") or "", path.child("topologyKey")
    if not key:
        errors.append(at.required("can not be empty"))
    return errors + name_errors(key, names.qualified_name_problems, at)


def _label_keys_errors(term: Object, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = term.get(field)
        if not keys:
            continue
        at = path.child(field)
        if term.get("labelSelector") is None:
            errors.append(at.forbidden("must not be specified when labelSelector is not set"))
            continue
        for index, key in enumerate(keys):
            errors += name_errors(key, names.qualified_name_problems, at.index(index))
            if field == "matchLabelKeys" and key in (term.get("mismatchLabelKeys") or ()):
                errors.append(at.index(index).invalid(key, "exists in both matchLabelKeys and mismatchLabelKeys"))
    return errors


def _spread_errors(constraints: Sequence[Object], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, constraint in enumerate(constraints):
        at = path.index(index)
        errors += _constraint_errors(constraint, at)
        kind = _spread_kind(constraint)
        if kind in map(_spread_kind, constraints[index + 1 :]):
            errors.append(at.child("{topologyKey, whenUnsatisfiable}").duplicate(kind))
    return errors


def _spread_kind(constraint: Object) -> str:
    """What two constraints of a pod must not have in common."""
    return f"{{{constraint.get('topologyKey')}, {constraint.get('whenUnsatisfiable')}}}"


def _constraint_errors(constraint: Object, path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    skew, action = constraint.get("maxSkew") or 0, constraint.get("whenUnsatisfiable") or ""
    if skew <= 0:
        errors.append(path.child("maxSkew").invalid(skew, POSITIVE))
    if not constraint.get("topologyKey"):
        errors.append(path.child("topologyKey").required("can not be empty"))
    if action not in {"DoNotSchedule", "ScheduleAnyway"}:
        errors.append(path.child("whenUnsatisfiable").not_supported(action, ("DoNotSchedule", "ScheduleAnyway")))
    domains = constraint.get("minDomains")
    if domains is not None and domains <= 0:
        errors.append(path.child("minDomains").invalid(domains, POSITIVE))
    if domains is not None and action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        errors.append(path.child("minDomains").invalid(domains, detail))
    for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        errors += optional_supported_errors(constraint.get(field), ("Honor", "Ignore"), path.child(field))
    errors += _label_keys_errors(constraint, path)
    return errors + validate_label_selector(constraint.get("labelSelector"), path.child("labelSelector"))
