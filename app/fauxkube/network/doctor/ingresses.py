"""Ingresses that point at what is not there: services, their ports, secrets, classes."""

from __future__ import annotations

from collections.abc import Iterator

from fauxkube.kinds.networking.ingress import annotated_class
from fauxkube.kinds.networking.ingress_class import DEFAULT_CLASS
from fauxkube.machinery.objects import Object, name_of, namespace_of, split_key
from fauxkube.network import mistakes
from fauxkube.network.doctor.finding import WARNING, Finding, place
from fauxkube.network.doctor.surroundings import Surroundings
from fauxkube.network.proxy import ports_of
from fauxkube.network.topology import Topology


def examine(topology: Topology, around: Surroundings) -> Iterator[Finding]:
    """What is wrong with the ingresses."""
    for ingress in around.ingresses:
        yield from _of_class(ingress, around)
        yield from _of_secrets(ingress, around)
        for path, backend in _backends(ingress):
            yield from _of_backend(topology, ingress, path, backend)


def _of_class(ingress: Object, around: Surroundings) -> Iterator[Finding]:
    known = [name_of(each) for each in around.ingress_classes]
    wanted = ingress["spec"].get("ingressClassName")
    at = place("ingress", ingress)
    likely: tuple[str, ...]
    if wanted is None:
        if annotated_class(ingress) is None:
            likely = (f'set spec.ingressClassName, or annotate a class with {DEFAULT_CLASS}: "true"',)
            yield Finding("NoIngressClass", at, "it names no class, so that no controller serves it", likely, WARNING)
    elif wanted not in known:
        likely = mistakes.similar(wanted, known) or _known("classes", known)
        yield Finding("IngressClassMissing", at, f"there is no ingress class {wanted}", likely)


def _of_secrets(ingress: Object, around: Surroundings) -> Iterator[Finding]:
    namespace = namespace_of(ingress)
    for each in ingress["spec"].get("tls") or ():
        name = each.get("secretName")
        if not name or f"{namespace}/{name}" in around.secrets:
            continue
        known = [split_key(key) for key in around.secrets]
        elsewhere = sorted(where for where, secret in known if secret == name)
        likely = [f"secret {name} is in namespace {where}: an ingress takes those of its own" for where in elsewhere]
        likely += mistakes.similar(name, [secret for where, secret in known if where == namespace])
        hosts = ", ".join(each.get("hosts") or ()) or "all hosts"
        message = f"there is no secret {name} in namespace {namespace} for the TLS of {hosts}"
        yield Finding("TLSSecretMissing", place("ingress", ingress), message, tuple(likely))


def _backends(ingress: Object) -> Iterator[tuple[str, Object]]:
    """Each backend that is a service, with the host and path that lead to it."""
    spec = ingress["spec"]
    if default := (spec.get("defaultBackend") or {}).get("service"):
        yield "the default backend", default
    for rule in spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            if service := (path.get("backend") or {}).get("service"):
                yield f"{rule.get('host') or '*'}{path.get('path') or '/'}", service


def _of_backend(topology: Topology, ingress: Object, path: str, backend: Object) -> Iterator[Finding]:
    namespace, name, at = namespace_of(ingress), backend["name"], place("ingress", ingress)
    service = topology.services.by_key.get(f"{namespace}/{name}")
    if service is None:
        likely = mistakes.of_name(topology, name, namespace)
        message = f"{path} leads to service {name}, which is not in namespace {namespace}"
        yield Finding("IngressServiceMissing", at, message, likely)
        return
    port = backend.get("port") or {}
    wanted = port.get("number") or port.get("name")
    ports = ports_of(service)
    if ports and not any(wanted in {each.number, each.name} for each in ports):
        likely = mistakes.of_port(service, "TCP", port.get("number") or -1)
        message = f"{path} leads to port {wanted} of service {name}, which has no such port"
        yield Finding("IngressPortMissing", at, message, likely)


def _known(what: str, names: list[str]) -> tuple[str, ...]:
    return (f"there are the {what} {', '.join(names)}",) if names else (f"there are no {what}",)
