"""The rules on environment variables, and on the references into the pod that they share with downward API files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fauxkube.kinds.core.field_checks import name_errors, required_name_errors
from fauxkube.machinery import names, quantity
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

_ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
#: The pod's fields that a downward API file may show.
FILE_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
#: Every field that upstream can convert; others are not even looked up.
_CONVERTIBLE = frozenset({*_ENV_FIELDS, *FILE_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase"})
_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_subscripted = re.compile(r"(.*)\['(.*)'\]").fullmatch


def env_errors(variables: Sequence[Object], path: Path) -> list[FieldError]:
    """What is wrong with a container's `env`."""
    errors: list[FieldError] = []
    for index, variable in enumerate(variables):
        at = path.index(index)
        errors += required_name_errors(variable.get("name"), names.env_var_name_problems, at.child("name"))
        if variable.get("valueFrom") is not None:
            errors += _source_errors(variable, at.child("valueFrom"))
    return errors


def _source_errors(variable: Object, path: Path) -> list[FieldError]:
    source = variable["valueFrom"]
    given = [name for name in _SOURCES if source.get(name) is not None]
    errors: list[FieldError] = []
    for name in given:
        errors += _reference_errors(name, source[name], path.child(name))
    if not given:
        listed = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        errors.append(path.invalid("", f"must specify one of: {listed}"))
    elif variable.get("value"):
        errors.append(path.invalid("", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        errors.append(path.invalid("", "may not have more than one field specified at a time"))
    return errors


def _reference_errors(name: str, reference: Object, path: Path) -> list[FieldError]:
    if name == "fieldRef":
        return field_ref_errors(reference, _ENV_FIELDS, path)
    if name == "resourceFieldRef":
        return resource_ref_errors(reference, path)
    if name == "fileKeyRef":
        return [path.child(field).required() for field in ("volumeName", "path", "key") if not reference.get(field)]
    errors = name_errors(reference.get("name") or "", names.dns_subdomain_problems, path.child("name"))
    return errors + required_name_errors(reference.get("key"), names.config_map_key_problems, path.child("key"))


def env_from_errors(sources: Sequence[Object], path: Path) -> list[FieldError]:
    """What is wrong with a container's `envFrom`."""
    errors: list[FieldError] = []
    for index, source in enumerate(sources):
        at = path.index(index)
        if source.get("prefix"):
            errors += name_errors(source["prefix"], names.env_var_name_problems, at.child("prefix"))
        given = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        for name in given:
            name_path = at.child(name, "name")
            errors += required_name_errors(source[name].get("name"), names.dns_subdomain_problems, name_path)
        if not given:
            errors.append(path.invalid("", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(path.invalid("", "may not have more than one field specified at a time"))
    return errors


def field_ref_errors(reference: Object, supported: Sequence[str], path: Path) -> list[FieldError]:
    """What is wrong with a reference to one of the pod's own fields."""
    for name in ("apiVersion", "fieldPath"):
        if not reference.get(name):
            return [path.child(name).required()]
    field = reference["fieldPath"]
    found = _subscripted(field)
    if found is not None:
        return _subscript_errors(found[1], found[2], path)
    if field not in _CONVERTIBLE:
        detail = f"error converting fieldPath: field label not supported: {field}"
        return [path.child("fieldPath").invalid(field, detail)]
    return [] if field in supported else [path.child("fieldPath").not_supported(field, supported)]


def _subscript_errors(field: str, key: str, path: Path) -> list[FieldError]:
    if field == "metadata.annotations":
        return name_errors(key.lower(), names.qualified_name_problems, path)
    if field == "metadata.labels":
        return name_errors(key, names.qualified_name_problems, path)
    return [path.invalid(field, "does not support subscript")]


def resource_ref_errors(reference: Object, path: Path, *, of_file: bool = False) -> list[FieldError]:
    """What is wrong with a reference to a container's request or limit; a file must name the container."""
    resource = reference.get("resource") or ""
    errors: list[FieldError] = []
    if of_file and not reference.get("containerName"):
        errors.append(path.child("containerName").required())
    elif not resource:
        errors.append(path.child("resource").required())
    elif resource not in _RESOURCES and not resource.startswith(("limits.hugepages-", "requests.hugepages-")):
        errors.append(path.child("resource").not_supported(resource, _RESOURCES))
    return errors + _divisor_errors(resource, str(reference.get("divisor") or "0"), path.child("divisor"))


def _divisor_errors(resource: str, divisor: str, path: Path) -> list[FieldError]:
    if not quantity.parse(divisor):
        return []
    _, _, kind = resource.partition(".")
    text = quantity.canonical(divisor)
    if kind == "cpu":
        rule = "only divisor's values 1m and 1 are supported with the cpu resource"
        return [] if text in {"1m", "1"} else [path.invalid(resource, rule)]
    word = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(kind)
    if kind.startswith("hugepages-"):
        word = "hugepages"
    if word is None or text in _DIVISORS:
        return []
    rule = f"only divisor's values {', '.join(_DIVISORS)} are supported with the {word} resource"
    return [path.invalid(resource, rule)]
