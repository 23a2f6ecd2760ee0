"""Where an ingress controller sends a request: the rules of all ingresses of our class, merged and in order.

A host that is named goes before a wildcard (of one label, RFC 6125), and that before rules for any host. Of a host's
paths an exact one goes first, then the longest prefix, taken element by element; `ImplementationSpecific` is a prefix
here. Of equals the older ingress's goes first. What matches no path goes to the default backend of an ingress that has
a rule for the host, else to that of any ingress.

The controller runs on the network of every node, at ports 80 and 443, and sends to endpoints itself, past cluster IPs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fauxkube.kinds.networking.ingress import annotated_class
from fauxkube.kinds.networking.ingress_class import OWN_CONTROLLER
from fauxkube.machinery.objects import Object, key_of, name_of, namespace_of
from fauxkube.network.proxy import ServicePort, ports_of

HTTP_PORT, HTTPS_PORT = 80, 443
#: What is told to listen there.
INGRESS = "the ingress controller"


@dataclass(frozen=True, slots=True)
class Backend:
    """A port of a service, by its number or name; `resource` names what is no service and cannot be sent to."""

    service: str = ""
    port: int | str = 0
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Routed:
    """What a request is for: the key of the ingress, the rule that matched in words, and the backend."""

    ingress: str
    rule: str
    backend: Backend


@dataclass(frozen=True, slots=True)
class _Path:
    """A path of a rule, what it leads to, and what it goes before."""

    path: str
    exact: bool
    age: tuple[str, str]
    routed: Routed

    @property
    def rank(self) -> tuple[int, bool, tuple[str, str]]:
        """The lowest goes first."""
        return -len(self.path.rstrip("/") or "/"), not self.exact, self.age

    def matches(self, path: str) -> bool:
        """Whether a request's path is meant."""
        if self.exact:
            return path == self.path
        prefix = self.path.rstrip("/")
        return path == prefix or path.startswith(f"{prefix}/")


@dataclass(slots=True)
class _Host:
    """What there is for a host."""

    paths: list[_Path] = field(default_factory=list)
    defaults: list[tuple[tuple[str, str], Routed]] = field(default_factory=list)


class Routes:
    """The rules of these ingresses, those that are served here."""

    def __init__(self, ingresses: Iterable[Object], classes: Iterable[Object]) -> None:
        ours = {name_of(each) for each in classes if each["spec"].get("controller") == OWN_CONTROLLER}
        self.ingresses = [each for each in ingresses if class_of(each) in ours]
        self._hosts: dict[str, _Host] = {}
        self._default: list[tuple[tuple[str, str], Routed]] = []
        #: The keys of secrets by the hosts that they are for; under an empty host those for any.
        self.secrets: dict[str, str] = {}
        for each in sorted(self.ingresses, key=_age):
            self._add(each)
        for host in self._hosts.values():
            host.paths.sort(key=lambda path: path.rank)

    def __bool__(self) -> bool:
        return bool(self.ingresses)

    def listens(self, protocol: str, port: int) -> bool:
        """Whether the controller listens at a port of the nodes: it does once there is an ingress to serve."""
        return protocol == "TCP" and port in {HTTP_PORT, HTTPS_PORT} and bool(self)

    def find(self, host: str, path: str) -> Routed | None:
        """Where a request goes; None when nothing is for it."""
        found = [self._hosts[name] for name in _candidates(host) if name in self._hosts]
        for each in found:
            for one in each.paths:
                if one.matches(path or "/"):
                    return one.routed
        defaults = [default for each in found for default in each.defaults] or self._default
        return min(defaults, key=lambda each: each[0])[1] if defaults else None

    def serves(self, host: str) -> bool:
        """Whether any rule names the host, itself or by a wildcard."""
        return any(name in self._hosts for name in _candidates(host) if name)

    def secret(self, host: str) -> str:
        """The key of the secret with the certificate for a host; empty without one."""
        return next((self.secrets[name] for name in _candidates(host) if name in self.secrets), "")

    def _add(self, ingress: Object) -> None:
        spec, age, namespace = ingress["spec"], _age(ingress), namespace_of(ingress)
        default = None
        if spec.get("defaultBackend"):
            default = age, Routed(key_of(ingress), "default backend", _backend(spec["defaultBackend"], namespace))
            self._default.append(default)
        for rule in spec.get("rules") or ():
            name = (rule.get("host") or "").lower()
            host = self._hosts.setdefault(name, _Host())
            if default is not None:
                host.defaults.append(default)
            for path in (rule.get("http") or {}).get("paths") or ():
                host.paths.append(_path(path, name, ingress))
        for tls in spec.get("tls") or ():
            if secret := tls.get("secretName"):
                for name in tls.get("hosts") or [""]:
                    self.secrets.setdefault(name.lower(), f"{namespace}/{secret}")


def class_of(ingress: Object) -> str:
    """The class that an ingress is of; empty without one."""
    return ingress["spec"].get("ingressClassName") or annotated_class(ingress) or ""


def port_of(service: Object, backend: Backend) -> ServicePort | None:
    """The port of the service that a backend means."""
    ports = [port for port in ports_of(service) if port.protocol == "TCP"]
    return next((port for port in ports if backend.port in {port.number, port.name}), None)


def host_of(header: str) -> str:
    """The host that a `Host` header names, without its port."""
    name, _, port = header.rpartition(":")
    return (name if name and port.isdigit() else header).strip("[]").lower()


def _path(path: Object, host: str, ingress: Object) -> _Path:
    text, kind = path.get("path") or "/", path.get("pathType") or "ImplementationSpecific"
    routed = Routed(key_of(ingress), f"{host or '*'}{text} ({kind})", _backend(path["backend"], namespace_of(ingress)))
    return _Path(text, kind == "Exact", _age(ingress), routed)


def _backend(backend: Object, namespace: str) -> Backend:
    if resource := backend.get("resource"):
        return Backend(resource=f"{resource.get('kind')} {resource.get('name')}")
    service = backend["service"]
    port = service.get("port") or {}
    return Backend(f"{namespace}/{service['name']}", port.get("number") or port.get("name") or 0)


def _candidates(host: str) -> tuple[str, ...]:
    """The names under which there may be rules for a host, the best first."""
    _, dot, rest = host.lower().partition(".")
    return (host.lower(), f"*.{rest}", "") if dot else (host.lower(), "")


def _age(ingress: Object) -> tuple[str, str]:
    return ingress["metadata"].get("creationTimestamp") or "", key_of(ingress)
