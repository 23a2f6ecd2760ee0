"""The rules on ingresses, as upstream's `ValidateIngressSpec` and `ValidateIngressLoadBalancerStatus` have them.

Whether the classes, services and secrets that an ingress names are there is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from fauxkube.kinds.core.field_checks import hostname_errors, ip_errors, is_ip, name_errors, required_name_errors
from fauxkube.kinds.networking.object_reference import object_reference_errors
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_SPEC = Path("spec")
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
#: What a path that is compared part by part may not contain, and not end with.
_AMBIGUOUS = ("//", "/./", "/../", "%2f", "%2F")
_AMBIGUOUS_ENDS = ("/..", "/.")
_NO_ADDRESS = "must be a DNS name, not an IP address"


def validate_ingress(ingress: Object) -> list[FieldError]:
    """What is wrong with an ingress, whether new or changed."""
    spec, errors = ingress["spec"], []
    rules, backend = spec.get("rules") or (), spec.get("defaultBackend")
    if not rules and backend is None:
        errors.append(_SPEC.invalid(None, "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        errors += _backend_errors(backend, _SPEC.child("defaultBackend"))
    for index, rule in enumerate(rules):
        errors += _rule_errors(rule, _SPEC.child("rules").index(index))
    for index, tls in enumerate(spec.get("tls") or ()):
        errors += _tls_errors(tls, _SPEC.child("tls").index(index))
    class_name = spec.get("ingressClassName")
    if class_name is not None:
        errors += name_errors(class_name, names.dns_subdomain_problems, _SPEC.child("ingressClassName"))
    return errors


def _host_errors(host: str, path: Path) -> list[FieldError]:
    """A domain, or one whose first label stands for any."""
    wildcard = "*" in host
    return name_errors(host, names.wildcard_dns_problems if wildcard else names.dns_subdomain_problems, path)


def _rule_errors(rule: Object, path: Path) -> Iterator[FieldError]:
    host, http = rule.get("host"), rule.get("http")
    if host:
        if is_ip(host):
            yield path.child("host").invalid(host, _NO_ADDRESS)
        yield from _host_errors(host, path.child("host"))
    if http is None:
        return
    at = path.child("http", "paths")
    if not http.get("paths"):
        yield at.required()
    for index, each in enumerate(http.get("paths") or ()):
        yield from _path_errors(each, at.index(index))


def _path_errors(entry: Object, path: Path) -> Iterator[FieldError]:
    kind, text, at = entry.get("pathType"), entry.get("path") or "", path.child("path")
    if kind is None:
        yield path.child("pathType").required("pathType must be specified")
        return
    if kind not in _PATH_TYPES:
        yield path.child("pathType").not_supported(kind, _PATH_TYPES)
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        yield at.invalid(text, "must be an absolute path")
    if kind in {"Exact", "Prefix"}:
        yield from (at.invalid(text, f"must not contain '{each}'") for each in _AMBIGUOUS if each in text)
        yield from (at.invalid(text, f"cannot end with '{each}'") for each in _AMBIGUOUS_ENDS if text.endswith(each))
    yield from _backend_errors(entry.get("backend") or {}, path.child("backend"))


def _backend_errors(backend: Object, path: Path) -> list[FieldError]:
    """A backend is a service's port, or else an object of whatever kind."""
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        return [path.invalid("", "cannot set both resource and service backends")]
    if resource is not None:
        return object_reference_errors(resource, path.child("resource"))
    if service is None:
        return [path.invalid("", "resource or service backend is required")]
    errors = required_name_errors(service.get("name"), names.dns_label_problems, path.child("service", "name"))
    return errors + _service_port_errors(service.get("port") or {}, path)


def _service_port_errors(port: Object, backend: Path) -> list[FieldError]:
    """A service's port has either a name or a number; upstream reports what is missing at the backend."""
    name, number, at = port.get("name"), port.get("number"), backend.child("service", "port")
    if name and number:
        return [backend.invalid("", "cannot set both port name & port number")]
    if name:
        return name_errors(name, names.port_name_problems, at.child("name"))
    if number:
        return [at.child("number").invalid(number, problem) for problem in names.port_number_problems(number)]
    return [backend.required("port name or number is required")]


def _tls_errors(tls: Object, path: Path) -> Iterator[FieldError]:
    for index, host in enumerate(tls.get("hosts") or ()):
        yield from _host_errors(host, path.child("hosts").index(index))
    if tls.get("secretName"):
        yield from name_errors(tls["secretName"], names.dns_subdomain_problems, path.child("secretName"))


def validate_ingress_status(ingress: Object) -> list[FieldError]:
    """What is wrong with the addresses in an ingress's status."""
    path = Path("status").child("loadBalancer", "ingress")
    errors: list[FieldError] = []
    for index, point in enumerate(ingress["status"]["loadBalancer"].get("ingress") or ()):
        address, hostname, at = point.get("ip"), point.get("hostname"), path.index(index)
        if address:
            errors += ip_errors(address, at.child("ip"))
        if hostname:
            errors += hostname_errors(hostname, at.child("hostname"))
    return errors
