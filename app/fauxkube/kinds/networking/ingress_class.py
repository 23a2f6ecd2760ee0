"""IngressClasses: which controller serves the ingresses that name the class, and with what parameters.

The controller is fixed at creation. A class that carries the annotation `DEFAULT_CLASS` is given to new ingresses
that name none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.core.field_checks import name_errors
from fauxkube.kinds.networking.object_reference import object_reference_errors
from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.metadata import validate_immutable
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import NONE, age

#: The annotation that makes a class the default one.
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"

#: What `spec.controller` is where our own ingress controller serves the class.
OWN_CONTROLLER = "fauxkube.io/ingress"

_SPEC = Path("spec")
_CONTROLLER, _PARAMETERS = _SPEC.child("controller"), _SPEC.child("parameters")
_SCOPES = ("Cluster", "Namespace")
_CONTROLLER_LENGTH = 250


def is_default(ingress_class: Object) -> bool:
    """Whether new ingresses that name no class are of this one."""
    return (ingress_class["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"


class IngressClassStrategy(Strategy):
    """The rules of an ingress class's writes."""

    generation_of = ("spec",)

    def default(self, obj: Object) -> None:
        parameters = obj.setdefault("spec", {}).get("parameters")
        if parameters is not None:
            parameters.setdefault("scope", "Cluster")

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        parameters = spec.get("parameters")
        errors = _controller_errors(spec.get("controller") or "")
        return errors if parameters is None else errors + _parameters_errors(parameters)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_immutable(obj["spec"].get("controller"), old["spec"].get("controller"), _CONTROLLER)


def _controller_errors(controller: str) -> list[FieldError]:
    """A path with a domain before it: `example.com/controller`."""
    if not controller:
        return [_CONTROLLER.required()]
    errors = [_CONTROLLER.too_long(_CONTROLLER_LENGTH)] if len(controller.encode()) > _CONTROLLER_LENGTH else []
    domain, _, path = controller.partition("/")
    if not domain or not path:
        detail = 'must be a domain-prefixed path (such as "acme.io/foo")'
        return [*errors, _CONTROLLER.invalid(controller, detail)]
    errors += name_errors(domain, names.dns_subdomain_problems, _CONTROLLER)
    return errors + name_errors(path, names.http_path_problems, _CONTROLLER)


def _parameters_errors(parameters: Object) -> list[FieldError]:
    scope = parameters["scope"]
    errors = object_reference_errors(parameters, _PARAMETERS)
    if scope not in _SCOPES:
        return [*errors, _PARAMETERS.child("scope").not_supported(scope, _SCOPES)]
    return errors + _namespace_errors(parameters.get("namespace"), scope, _PARAMETERS.child("namespace"))


def _namespace_errors(namespace: str | None, scope: str, path: Path) -> list[FieldError]:
    """A namespace is given where the scope is one, and only there."""
    if scope == "Cluster":
        return [] if namespace is None else [path.forbidden("`parameters.scope` is set to 'Cluster'")]
    if namespace is None:
        return [path.required("`parameters.scope` is set to 'Namespace'")]
    return name_errors(namespace, names.dns_label_problems, path)


def _row(ingress_class: Object, now: datetime) -> list[Any]:
    metadata, spec = ingress_class["metadata"], ingress_class["spec"]
    name = f"{metadata['name']} (default)" if is_default(ingress_class) else metadata["name"]
    return [name, spec["controller"], _parameters_shown(spec.get("parameters")), age(ingress_class, now)]


def _parameters_shown(parameters: Object | None) -> str:
    if parameters is None:
        return NONE
    group = parameters.get("apiGroup")
    kind = parameters["kind"] if group is None else f"{parameters['kind']}.{group}"
    return f"{kind}/{parameters['name']}"


RESOURCE = Resource(
    group="networking.k8s.io",
    kind="IngressClass",
    plural="ingressclasses",
    singular="ingressclass",
    namespaced=False,
    strategy=IngressClassStrategy(),
    columns=(
        NAME_COLUMN,
        Column("Controller", "The controller that serves the ingresses of the class."),
        Column("Parameters", "The object that holds more of the controller's settings."),
        AGE_COLUMN,
    ),
    row=_row,
)
