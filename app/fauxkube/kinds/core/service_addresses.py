"""The rules on a service's cluster IPs and their families, by themselves and as they change.

Mirrors upstream's `ValidateServiceClusterIPsRelatedFields`, `validateUpgradeDowngradeClusterIPs` and
`validateUpgradeDowngradeIPFamilies`: the first address and family stay, a second may come and go.
"""

from __future__ import annotations

from fauxkube.kinds.core.field_checks import ip_errors, optional_supported_errors
from fauxkube.kinds.core.service_allocation import HEADLESS, family_of, is_headless
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

FAMILIES = ("IPv4", "IPv6")
POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_SPEC = Path("spec")
_CLUSTER_IPS, _FAMILIES = _SPEC.child("clusterIPs"), _SPEC.child("ipFamilies")
_POLICY = _SPEC.child("ipFamilyPolicy")
_ONCE = "may not change once set"


def cluster_ip_errors(service: Object) -> list[FieldError]:
    """What is wrong with `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return []
    addresses, families = spec.get("clusterIPs") or [], spec.get("ipFamilies") or []
    errors = _agreement_errors(spec.get("clusterIP") or "", addresses)
    for index, family in enumerate(families):
        at = _FAMILIES.index(index)
        errors += optional_supported_errors(family, FAMILIES, at)
        if family in families[:index]:
            errors.append(at.duplicate(family))
    errors += optional_supported_errors(spec.get("ipFamilyPolicy"), POLICIES, _POLICY)
    invalid = _address_errors(addresses)
    errors += invalid
    if len(addresses) > 2:
        errors.append(_CLUSTER_IPS.invalid(addresses, "may only hold up to 2 values"))
    if invalid or is_headless(service):
        return errors
    found = [family_of(address) for address in addresses]
    if len(found) > 1 and len(set(found)) < 2:
        errors.append(_CLUSTER_IPS.invalid(addresses, "may specify no more than one IP for each IP family"))
    for index, (family, wanted) in enumerate(zip(found, families, strict=False)):
        if family != wanted and wanted in FAMILIES:
            detail = f"expected an {wanted} value as indicated by `ipFamilies[{index}]`"
            errors.append(_CLUSTER_IPS.index(index).invalid(addresses[index], detail))
    return errors


def _agreement_errors(address: str, addresses: list[str]) -> list[FieldError]:
    if not address:
        detail = "must be empty when `clusterIP` is not specified"
        return [_CLUSTER_IPS.invalid(addresses, detail)] if addresses else []
    if not addresses:
        return [_CLUSTER_IPS.required()]
    if addresses[0] != address:
        return [_CLUSTER_IPS.invalid(addresses, "first value must match `clusterIP`")]
    return []


def _address_errors(addresses: list[str]) -> list[FieldError]:
    if addresses and addresses[0] == HEADLESS:
        detail = "'None' must be the first and only value"
        return [_CLUSTER_IPS.invalid(addresses, detail)] if len(addresses) > 1 else []
    return [error for index, address in enumerate(addresses) for error in ip_errors(address, _CLUSTER_IPS.index(index))]


def cluster_ip_update_errors(new: Object, old: Object) -> list[FieldError]:
    """What a change of the cluster IPs and their families may not do; ExternalName services have neither."""
    if "ExternalName" in {new["spec"].get("type"), old["spec"].get("type")}:
        return []
    headless, was_headless = is_headless(new), is_headless(old)
    errors: list[FieldError] = []
    if not (headless and was_headless):
        errors += _list_update_errors(new["spec"], old["spec"], "clusterIPs", "clusterIP")
    if not headless and not was_headless:
        errors += _list_update_errors(new["spec"], old["spec"], "ipFamilies", "ipFamily")
    return errors


def _list_update_errors(spec: Object, old_spec: Object, name: str, singular: str) -> list[FieldError]:
    values, old_values = spec.get(name) or [], old_spec.get(name) or []
    path, errors = _SPEC.child(name), []
    if len(values) == len(old_values):
        changed = [index for index, pair in enumerate(zip(values, old_values, strict=True)) if pair[0] != pair[1]]
        return [path.index(index).invalid(values, _ONCE) for index in changed]
    if old_values and not spec.get("clusterIPs"):
        errors.append(path.index(0).invalid(values, f"primary {singular} can not be unset"))
    if values and old_values and values[0] != old_values[0]:
        errors.append(path.index(0).invalid(values, _ONCE))
    if len(values) == 1 and len(old_values) == 2 and spec.get("ipFamilyPolicy") != "SingleStack":
        detail = f"must be set to 'SingleStack' when releasing the secondary {singular}"
        errors.append(_POLICY.invalid(spec.get("ipFamilyPolicy"), detail))
    return errors
