"""The rules on services, as upstream's `ValidateService` and `ValidateServiceUpdate` have them.

Which node ports and cluster IPs lie in range and are free is for the allocation to say, and so is what it fills in.
"""

from __future__ import annotations

from collections.abc import Iterable

from fauxkube.kinds.core.field_checks import (
    IMMUTABLE,
    PROTOCOLS,
    cidr_errors,
    cidr_warnings,
    hostname_errors,
    ip_errors,
    ip_warnings,
    name_errors,
    non_special_ip_errors,
    optional_supported_errors,
    port_errors,
    range_errors,
    required_name_errors,
    supported_errors,
)
from fauxkube.kinds.core.pod_scheduling import node_selector_errors
from fauxkube.kinds.core.service_addresses import cluster_ip_errors, cluster_ip_update_errors
from fauxkube.kinds.core.service_allocation import (
    cluster_ips,
    is_externally_accessible,
    is_headless,
    needs_cluster_ip,
    needs_health_check_node_port,
)
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_SPEC = Path("spec")
TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_HINTS = "service.kubernetes.io/topology-aware-hints"
_TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
_MAX_AFFINITY = 86400
_ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")


def validate_service(service: Object) -> list[FieldError]:
    """What is wrong with a service, whether new or changed."""
    spec = service["spec"]
    errors = _type_errors(service)
    errors += _port_list_errors(service)
    errors += node_selector_errors(spec.get("selector") or {}, _SPEC.child("selector"))
    errors += _affinity_errors(spec)
    errors += cluster_ip_errors(service)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        at = _SPEC.child("externalIPs").index(index)
        errors += ip_errors(address, at) or non_special_ip_errors(address, at)
    errors += supported_errors(spec.get("type"), TYPES, _SPEC.child("type"))
    errors += _clash_errors(spec.get("ports") or [])
    return errors + _load_balancer_errors(service) + _traffic_errors(service)


def _type_errors(service: Object) -> list[FieldError]:
    spec = service["spec"]
    kind = spec.get("type")
    if not spec.get("ports") and kind != "ExternalName" and not is_headless(service):
        return [_SPEC.child("ports").required()]
    if kind in {"LoadBalancer", "NodePort"} and is_headless(service):
        at = _SPEC.child("clusterIPs").index(0)
        return [at.invalid("None", f"may not be set to 'None' for {kind} services")]
    if kind != "ExternalName":
        return []
    detail = "may not be set for ExternalName services"
    given = [name for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy") if spec.get(name)]
    errors = [_SPEC.child(name).forbidden(detail) for name in given]
    target = (spec.get("externalName") or "").removesuffix(".")
    return errors + required_name_errors(target, names.dns_subdomain_problems, _SPEC.child("externalName"))


def _port_list_errors(service: Object) -> list[FieldError]:
    ports = service["spec"].get("ports") or []
    errors: list[FieldError] = []
    taken: set[str] = set()
    for index, port in enumerate(ports):
        at = _SPEC.child("ports").index(index)
        errors += _port_errors(port, at, taken, name_required=len(ports) > 1)
        if service["spec"].get("type") == "ClusterIP" and port.get("nodePort"):
            errors.append(at.child("nodePort").forbidden("may not be used when `type` is 'ClusterIP'"))
    return errors


def _port_errors(port: Object, path: Path, taken: set[str], *, name_required: bool) -> list[FieldError]:
    name, errors = port.get("name"), []
    if name:
        errors += name_errors(name, names.dns_label_problems, path.child("name"))
        if name in taken:
            errors.append(path.child("name").duplicate(name))
        taken.add(name)
    elif name_required:
        errors.append(path.child("name").required())
    errors += range_errors(port.get("port") or 0, 1, 65535, path.child("port"))
    errors += supported_errors(port.get("protocol"), PROTOCOLS, path.child("protocol"))
    errors += port_errors(port.get("targetPort"), path.child("targetPort"))
    if port.get("appProtocol") is not None:
        errors += name_errors(port["appProtocol"], names.qualified_name_problems, path.child("appProtocol"))
    return errors


def _internal_port(protocol: object, number: object) -> Object:
    """What refusals show of a port: upstream's internal struct, whose fields JSON names as Go does."""
    return {"Name": "", "Protocol": protocol, "AppProtocol": None, "Port": number, "TargetPort": 0, "NodePort": 0}


def _clash_errors(ports: list[Object]) -> list[FieldError]:
    """A node port, and a port, can be had once for each protocol."""
    errors = []
    node_ports: set[tuple[object, object]] = set()
    numbers: set[tuple[object, object]] = set()
    for index, port in enumerate(ports):
        at, protocol = _SPEC.child("ports").index(index), port.get("protocol")
        node_port, number = port.get("nodePort"), port.get("port")
        if node_port and (protocol, node_port) in node_ports:
            errors.append(at.child("nodePort").duplicate(node_port))
        if (protocol, number) in numbers:
            errors.append(at.duplicate(_internal_port(protocol, number)))
        node_ports.add((protocol, node_port))
        numbers.add((protocol, number))
    return errors


def _affinity_errors(spec: Object) -> list[FieldError]:
    affinity, path = spec.get("sessionAffinity"), _SPEC.child("sessionAffinityConfig")
    errors = supported_errors(affinity, ("ClientIP", "None"), _SPEC.child("sessionAffinity"))
    config = spec.get("sessionAffinityConfig")
    if affinity == "None" and config is not None:
        errors.append(path.forbidden("must not be set when session affinity is None"))
    if affinity != "ClientIP":
        return errors
    seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
    if seconds is None:
        errors.append(path.required("when session affinity type is ClientIP"))
    elif not 0 < seconds <= _MAX_AFFINITY:
        detail = f"must be greater than 0 and less than {_MAX_AFFINITY}"
        errors.append(path.child("clientIP", "timeoutSeconds").invalid(seconds, detail))
    return errors


def _load_balancer_errors(service: Object) -> list[FieldError]:
    spec = service["spec"]
    balanced = spec.get("type") == "LoadBalancer"
    errors = _source_range_errors(service, balanced=balanced)
    if not balanced:
        given = [name for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass") if spec.get(name) is not None]
        errors += [_SPEC.child(name).forbidden(_ONLY_LOAD_BALANCER) for name in given]
    elif spec.get("loadBalancerClass") is not None:
        at = _SPEC.child("loadBalancerClass")
        errors += name_errors(spec["loadBalancerClass"], names.qualified_name_problems, at)
    return errors


def _source_range_errors(service: Object, *, balanced: bool) -> list[FieldError]:
    """The ranges stand in the spec (upstream reports them at a path of its own spelling) or in an annotation."""
    ranges = service["spec"].get("loadBalancerSourceRanges")
    annotation = (service["metadata"].get("annotations") or {}).get(_SOURCE_RANGES)
    errors: list[FieldError] = []
    if ranges:
        path = _SPEC.child("LoadBalancerSourceRanges")
        places = [(path.index(index), text) for index, text in enumerate(ranges)]
    elif annotation is not None:
        path = Path("metadata").child("annotations").key(_SOURCE_RANGES)
        places = [(path, text) for text in annotation.strip().split(",") if annotation.strip()]
    else:
        return []
    if not balanced:
        errors.append(path.forbidden(_ONLY_LOAD_BALANCER))
    for at, text in places:
        errors += cidr_errors(text.strip(), at)
    return errors


def _traffic_errors(service: Object) -> list[FieldError]:
    spec = service["spec"]
    external, path = spec.get("externalTrafficPolicy"), _SPEC.child("externalTrafficPolicy")
    errors: list[FieldError] = []
    if is_externally_accessible(service):
        errors += supported_errors(external, ("Cluster", "Local"), path)
    elif external:
        errors.append(path.invalid(external, "may only be set for externally-accessible services"))
    errors += _health_check_errors(service)
    internal, path = spec.get("internalTrafficPolicy"), _SPEC.child("internalTrafficPolicy")
    if internal is None and needs_cluster_ip(service):
        errors.append(path.required())
    errors += optional_supported_errors(internal, ("Cluster", "Local"), path)
    distribution = spec.get("trafficDistribution")
    return errors + optional_supported_errors(distribution, _DISTRIBUTIONS, _SPEC.child("trafficDistribution"))


def _health_check_errors(service: Object) -> list[FieldError]:
    port, path = service["spec"].get("healthCheckNodePort"), _SPEC.child("healthCheckNodePort")
    if not port:
        return []
    if needs_health_check_node_port(service):
        return range_errors(port, 1, 65535, path)
    detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    return [path.invalid(port, detail)]


def validate_service_update(new: Object, old: Object) -> list[FieldError]:
    """What a change of a service may not do."""
    spec, old_spec = new["spec"], old["spec"]
    errors = cluster_ip_update_errors(new, old)
    if spec.get("type") == old_spec.get("type") == "LoadBalancer":
        load_balancer_class = spec.get("loadBalancerClass")
        if load_balancer_class != old_spec.get("loadBalancerClass"):
            errors.append(_SPEC.child("loadBalancerClass").invalid(load_balancer_class, "may not change once set"))
    if (
        needs_health_check_node_port(old)
        and needs_health_check_node_port(new)
        and spec.get("healthCheckNodePort") != old_spec.get("healthCheckNodePort")
    ):
        errors.append(_SPEC.child("healthCheckNodePort").forbidden(IMMUTABLE))
    return errors


def validate_service_status(service: Object) -> list[FieldError]:
    """What is wrong with the load balancer's addresses in a service's status."""
    path = Path("status").child("loadBalancer", "ingress")
    points = (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or []
    if points and service["spec"].get("type") != "LoadBalancer":
        return [path.forbidden("may only be used when `spec.type` is 'LoadBalancer'")]
    errors: list[FieldError] = []
    for index, point in enumerate(points):
        errors += _ingress_errors(point, path.index(index))
    return errors


def _ingress_errors(point: Object, path: Path) -> list[FieldError]:
    address, mode, hostname = point.get("ip"), point.get("ipMode"), point.get("hostname")
    errors = ip_errors(address, path.child("ip")) if address else []
    if mode is None and address:
        errors.append(path.child("ipMode").required("must be specified when `ip` is set"))
    elif mode is not None and not address:
        errors.append(path.child("ipMode").forbidden("may not be specified when `ip` is not set"))
    errors += optional_supported_errors(mode, ("Proxy", "VIP"), path.child("ipMode"))
    return errors + (hostname_errors(hostname, path.child("hostname")) if hostname else [])


def service_warnings(service: Object) -> list[str]:
    """What the API server warns of in a service that it accepts nevertheless."""
    spec, kind = service["spec"], service["spec"].get("type")
    annotations = service["metadata"].get("annotations") or {}
    headless, external = kind == "ClusterIP" and is_headless(service), bool(spec.get("externalIPs"))
    found = {
        f"annotation {_HINTS} is deprecated, please use {_TOPOLOGY_MODE} instead": _HINTS in annotations,
        **_told(_ip_list_warnings(spec, "clusterIPs") if cluster_ips(service) else ()),
        "spec.loadBalancerIP is ignored for headless services": headless and spec.get("loadBalancerIP"),
        "spec.externalIPs is ignored for headless services": headless and external,
        "spec.SessionAffinity is ignored for headless services": headless and spec.get("sessionAffinity") != "None",
        **_told(_ip_list_warnings(spec, "externalIPs")),
        "spec.externalIPs is deprecated and may no longer be implemented in some clusters": (
            external and not headless and kind != "ExternalName"
        ),
        **_told(
            ip_warnings(spec["loadBalancerIP"], _SPEC.child("loadBalancerIP")) if spec.get("loadBalancerIP") else ()
        ),
        **_told(_source_range_warnings(spec)),
        'spec.externalIPs is ignored when spec.type is "ExternalName"': kind == "ExternalName" and external,
        'spec.externalName is ignored when spec.type is not "ExternalName"': (
            kind != "ExternalName" and spec.get("externalName")
        ),
        'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"': (
            spec.get("trafficDistribution") == "PreferClose"
        ),
    }
    return [warning for warning, holds in found.items() if holds]


def _told(warnings: Iterable[str]) -> dict[str, bool]:
    return dict.fromkeys(warnings, True)


def _ip_list_warnings(spec: Object, name: str) -> list[str]:
    listed = enumerate(spec.get(name) or ())
    return [warning for index, ip in listed for warning in ip_warnings(ip, _SPEC.child(name).index(index))]


def _source_range_warnings(spec: Object) -> list[str]:
    path, listed = _SPEC.child("loadBalancerSourceRanges"), enumerate(spec.get("loadBalancerSourceRanges") or ())
    return [warning for index, cidr in listed for warning in cidr_warnings(cidr, path.index(index))]
