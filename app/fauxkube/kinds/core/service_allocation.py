"""What a service needs allocated, and how its address fields are brought in order around the allocation.

Pure functions that mirror upstream's `pkg/registry/core/service/storage` (`normalizeClusterIPs`,
`patchAllocatedValues`, `initIPFamilyFields`) and `dropTypeDependentFields` of its strategy. The allocator's part is to
fill in what `needs_cluster_ip`, `needs_node_port` and `needs_health_check_node_port` say is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

#: The cluster IP of a headless service.
HEADLESS = "None"
_SPEC = Path("spec")
_OTHER_FAMILY = {"IPv4": "IPv6", "IPv6": "IPv4"}
_DUAL_STACK_POLICIES = frozenset({"PreferDualStack", "RequireDualStack"})


def is_headless(service: Object) -> bool:
    """Whether the service asks for no cluster IP (`clusterIP: None`)."""
    spec = service["spec"]
    return HEADLESS in (spec.get("clusterIP"), *(spec.get("clusterIPs") or ())[:1])


def cluster_ips(service: Object) -> list[str]:
    """The cluster IPs that the service has, the first being the one of its main family; none for a headless one."""
    spec = service["spec"]
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP")]
    return [address for address in addresses if address and address != HEADLESS]


def needs_cluster_ip(service: Object) -> bool:
    """Whether the service's type has a cluster IP; a headless service's is `None`."""
    return service["spec"].get("type") in {"ClusterIP", "NodePort", "LoadBalancer"}


def needs_node_port(service: Object) -> bool:
    """Whether each of the service's ports has a node port."""
    spec = service["spec"]
    if spec.get("type") == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return bool(spec.get("type") == "NodePort")


def needs_health_check_node_port(service: Object) -> bool:
    """Whether load balancers probe the service's nodes on a port of its own."""
    spec = service["spec"]
    return bool(spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local")


def is_externally_accessible(service: Object) -> bool:
    """Whether traffic from outside the cluster can be addressed to the service."""
    spec = service["spec"]
    kind = spec.get("type")
    return kind in {"LoadBalancer", "NodePort"} or bool(kind == "ClusterIP" and spec.get("externalIPs"))


def family_of(address: str) -> str:
    """`IPv4` or `IPv6`; ValueError when it is no address."""
    return f"IPv{ip_address(address).version}"


def normalise_cluster_ips(new: Object, old: Object | None) -> None:
    """Bring `clusterIP` and `clusterIPs` together, in place, following whichever of the two the client changed.

    What is left contradictory (both given, and different) is for validation to refuse.
    """
    spec = new["spec"]
    address, addresses = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if old is None:
        if address and not addresses:
            spec["clusterIPs"] = [address]
        return
    old_address, old_addresses = old["spec"].get("clusterIP") or "", old["spec"].get("clusterIPs") or []
    if old_address and not address and addresses == old_addresses:
        spec.pop("clusterIPs", None)
    elif old_addresses and not addresses and address == old_address:
        spec.pop("clusterIP", None)
    elif address != old_address and addresses == old_addresses:
        spec["clusterIPs"] = [address]
    elif addresses and addresses != old_addresses and address == old_address:
        spec["clusterIP"] = addresses[0]


def patch_allocated_values(new: Object, old: Object) -> None:
    """Fill in, in place, allocated values that an update left out, so that applying a manifest again keeps them."""
    if needs_cluster_ip(old) and needs_cluster_ip(new):
        _keep_cluster_ips(new["spec"], old["spec"])
    if needs_node_port(old) and needs_node_port(new):
        _keep_node_ports(new["spec"].get("ports") or [], old["spec"].get("ports") or [])
    if needs_health_check_node_port(old) and needs_health_check_node_port(new):
        _keep(new["spec"], old["spec"], "healthCheckNodePort")


def _keep(new: Object, old: Object, name: str) -> None:
    if not new.get(name) and old.get(name):
        new[name] = old[name]


def _keep_cluster_ips(new: Object, old: Object) -> None:
    _keep(new, old, "clusterIP")
    if new.get("clusterIP") == old.get("clusterIP"):
        _keep(new, old, "clusterIPs")


def _keep_node_ports(new: list[Object], old: list[Object]) -> None:
    """A port keeps its node port by its name, unless another port has been given that number."""
    known = {port.get("name") or "": port.get("nodePort") or 0 for port in old}
    taken = set(known.values()) & {port.get("nodePort") or 0 for port in new}
    for port in new:
        number = known.get(port.get("name") or "", 0)
        if number and number not in taken and not port.get("nodePort"):
            port["nodePort"] = number


def drop_type_dependent_fields(new: Object, old: Object) -> None:
    """Clear, in place, what the new type has no use for and the client did not change."""
    spec, old_spec = new["spec"], old["spec"]
    if _no_longer(needs_cluster_ip, new, old):
        if spec.get("clusterIPs") == old_spec.get("clusterIPs"):
            spec.pop("clusterIP", None)
        for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            _drop_unchanged(spec, old_spec, name)
    if _no_longer(needs_node_port, new, old) and _node_ports(spec) == _node_ports(old_spec):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    if _no_longer(needs_health_check_node_port, new, old):
        _drop_unchanged(spec, old_spec, "healthCheckNodePort")
    if _no_longer(_is_load_balancer, new, old):
        _drop_unchanged(spec, old_spec, "allocateLoadBalancerNodePorts")
        _drop_unchanged(spec, old_spec, "loadBalancerClass")
    if _no_longer(is_externally_accessible, new, old):
        _drop_unchanged(spec, old_spec, "externalTrafficPolicy")


def _no_longer(holds: Callable[[Object], bool], new: Object, old: Object) -> bool:
    return holds(old) and not holds(new)


def _is_load_balancer(service: Object) -> bool:
    return bool(service["spec"].get("type") == "LoadBalancer")


def _drop_unchanged(new: Object, old: Object, name: str) -> None:
    if new.get(name) == old.get(name):
        new.pop(name, None)


def _node_ports(spec: Object) -> set[Any]:
    return {port.get("nodePort") or 0 for port in spec.get("ports") or ()}


def default_families(service: Object, cluster_families: Sequence[str], old: Object | None = None) -> list[FieldError]:
    """Set `ipFamilies` and `ipFamilyPolicy`, in place, by the families of the cluster's service CIDRs, the first first.

    Returns what makes that impossible, such as a family that the cluster does not have. ExternalName services have
    neither field.
    """
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return []
    if not spec.get("ipFamilyPolicy"):
        spec["ipFamilyPolicy"] = _default_policy(service, old)
    if old is not None:
        errors = _follow_downgrade(spec, old["spec"])
        if errors:
            return errors
    errors = _check_policy(spec) + _infer_families(spec, cluster_families)
    if errors:
        return errors
    if is_headless(service) and not spec.get("selector"):
        _complete_families(spec, cluster_families[0], dual_stack=True)
        return []
    errors = _check_families(spec, cluster_families)
    if not errors:
        _complete_families(spec, cluster_families[0], dual_stack=len(cluster_families) == 2)
    return errors


def _default_policy(service: Object, old: Object | None) -> str:
    if old is not None and old["spec"].get("ipFamilyPolicy"):
        return str(old["spec"]["ipFamilyPolicy"])
    return "RequireDualStack" if is_headless(service) and not service["spec"].get("selector") else "SingleStack"


def _follow_downgrade(spec: Object, old: Object) -> list[FieldError]:
    """A policy of one family drops the second address; dropping it without saying so is an error."""
    single = spec["ipFamilyPolicy"] == "SingleStack"
    errors = []
    for name, what in (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")):
        values, old_values = spec.get(name) or [], old.get(name) or []
        if single and values == old_values and len(values) > 1:
            spec[name] = values[:1]
        elif not single and values and len(values) == 1 and len(old_values) == 2 and values[0] == old_values[0]:
            detail = f"must be 'SingleStack' to release the secondary {what}"
            errors.append(_SPEC.child("ipFamilyPolicy").invalid(spec["ipFamilyPolicy"], detail))
    return errors


def _check_policy(spec: Object) -> list[FieldError]:
    if spec["ipFamilyPolicy"] != "SingleStack":
        return []
    errors = []
    for name, what in (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")):
        if len(spec.get(name) or ()) == 2:
            detail = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
            errors.append(_SPEC.child("ipFamilyPolicy").invalid(spec["ipFamilyPolicy"], detail))
    return errors


def _infer_families(spec: Object, cluster_families: Sequence[str]) -> list[FieldError]:
    errors = []
    families = list(spec.get("ipFamilies") or ())
    for index, address in enumerate(spec.get("clusterIPs") or ()):
        if address == HEADLESS:
            break
        if index < len(families):
            continue
        family = family_of(address)
        if family in cluster_families:
            families.append(family)
        else:
            detail = f"{family} is not configured on this cluster"
            errors.append(_SPEC.child("clusterIPs").index(index).invalid(spec["clusterIPs"], detail))
    if families:
        spec["ipFamilies"] = families
    return errors


def _check_families(spec: Object, cluster_families: Sequence[str]) -> list[FieldError]:
    errors = []
    policy = spec["ipFamilyPolicy"]
    if policy == "RequireDualStack" and len(cluster_families) < 2:
        detail = "this cluster is not configured for dual-stack services"
        errors.append(_SPEC.child("ipFamilyPolicy").invalid(policy, detail))
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in cluster_families:
            errors.append(_SPEC.child("ipFamilies").index(index).invalid(family, "not configured on this cluster"))
    return errors


def _complete_families(spec: Object, default: str, *, dual_stack: bool) -> None:
    families = list(spec.get("ipFamilies") or (default,))
    if dual_stack and len(families) == 1 and spec["ipFamilyPolicy"] in _DUAL_STACK_POLICIES:
        families.append(_OTHER_FAMILY[families[0]])
    spec["ipFamilies"] = families
