"""The rules on nodes, as upstream's `ValidateNode` and `ValidateNodeUpdate` have them."""

from __future__ import annotations

from fauxkube.kinds.core.field_checks import (
    cidr_errors,
    duplicate_errors,
    family_list_errors,
    name_errors,
    required_name_errors,
    supported_errors,
)
from fauxkube.kinds.core.pod_resources import quantity_errors
from fauxkube.kinds.core.pod_scheduling import TAINT_EFFECTS
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_SPEC, _STATUS = Path("spec"), Path("status")
#: Where upstream reports a node's taints.
_TAINTS = Path("metadata").child("taints")
_ONCE = 'node updates may not change {} except from "" to valid'


def validate_node(node: Object) -> list[FieldError]:
    """What is wrong with a node, whether new or changed."""
    spec = node["spec"]
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(spec.get("taints") or ()):
        errors += _taint_errors(taint, seen, _TAINTS.index(index))
    cidrs, path = spec.get("podCIDRs") or [], _SPEC.child("podCIDRs")
    for index, cidr in enumerate(cidrs):
        errors += cidr_errors(cidr, path.index(index))
    return errors + family_list_errors(cidrs, path, what="CIDR") + validate_resources(node)


def _taint_errors(taint: Object, seen: set[tuple[str, str]], path: Path) -> list[FieldError]:
    key, effect, value = taint.get("key") or "", taint.get("effect") or "", taint.get("value") or ""
    errors = name_errors(key, names.qualified_name_problems, path.child("key"))
    if problems := names.label_value_problems(value):
        errors.append(path.child("value").invalid(value, ";".join(problems)))
    errors += supported_errors(effect, TAINT_EFFECTS, path.child("effect"))
    if (key, effect) in seen:
        shown = {"Key": key, "Value": value, "Effect": effect, "TimeAdded": taint.get("timeAdded")}
        duplicate = path.duplicate(shown)
        errors.append(duplicate._replace(message=f"{duplicate.message}: taints must be unique by key and effect pair"))
    seen.add((key, effect))
    return errors


def validate_resources(node: Object) -> list[FieldError]:
    """What is wrong with the amounts in a node's status."""
    errors: list[FieldError] = []
    for field in ("capacity", "allocatable"):
        for name, given in (node.get("status", {}).get(field) or {}).items():
            errors += quantity_errors(name, given, _STATUS.child(field, name))
    return errors


def validate_node_update(new: Object, old: Object) -> list[FieldError]:
    """What a change of a node, or of its status, may not do."""
    spec, old_spec = new["spec"], old.get("spec") or {}
    addresses = [
        {"Type": each.get("type") or "", "Address": each.get("address") or ""}
        for each in new.get("status", {}).get("addresses") or ()
    ]
    errors = duplicate_errors(addresses, _STATUS.child("addresses"))
    if old_spec.get("podCIDRs") and old_spec["podCIDRs"] != spec.get("podCIDRs"):
        errors.append(_SPEC.child("podCIDRs").forbidden(_ONCE.format("podCIDR")))
    if old_spec.get("providerID") and old_spec["providerID"] != spec.get("providerID"):
        errors.append(_SPEC.child("providerID").forbidden(_ONCE.format("providerID")))
    if (old_spec.get("externalID") or "") != (spec.get("externalID") or ""):
        errors.append(_SPEC.child("externalID").forbidden("may not be updated"))
    if spec.get("configSource") is not None:
        errors += _config_source_errors(spec["configSource"], _SPEC.child("configSource"))
    return errors


def _config_source_errors(source: Object, path: Path) -> list[FieldError]:
    config_map = source.get("configMap")
    if config_map is None:
        return [path.invalid(source, "exactly one reference subfield must be non-nil")]
    at = path.child("configMap")
    errors = [
        at.child(name).forbidden(f"{name} must not be set in spec")
        for name in ("uid", "resourceVersion")
        if config_map.get(name)
    ]
    for name, problems in (("namespace", names.dns_label_problems), ("name", names.dns_subdomain_problems)):
        errors += required_name_errors(config_map.get(name), problems, at.child(name))
    key = config_map.get("kubeletConfigKey")
    if not key:
        return [*errors, at.child("kubeletConfigKey").required("kubeletConfigKey must be set")]
    return errors + name_errors(key, names.config_map_key_problems, at.child("kubeletConfigKey"))


def node_warnings(node: Object) -> list[str]:
    """What to warn of in a node that is accepted: fields that do nothing any more."""
    warnings = []
    if node["spec"].get("configSource") is not None:
        warnings.append(f"{_SPEC.child('configSource')}: the feature is no longer supported")
    if node["spec"].get("externalID"):
        warnings.append(f"{_SPEC.child('externalID')}: this field is deprecated, and is unused by Kubernetes")
    return warnings
