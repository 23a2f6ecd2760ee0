"""The schemas of custom resources beside Kubernetes' own, in the form in which those come.

As upstream's `apiextensions-apiserver/pkg/controller/openapi/builder`: a version's schema with what every object has,
and a list of such objects, under the group's name turned around (`org.example.shop.v1.Order`).
"""

from __future__ import annotations

from collections.abc import Iterable

from fauxkube.kinds.resource import Form, Resource
from fauxkube.machinery.objects import Object

_META = "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1."
_TYPE: Object = {
    "apiVersion": {"type": "string", "description": "The group and the version that the object is written in."},
    "kind": {"type": "string", "description": "What sort of object it is."},
}


def custom_definitions(resources: Iterable[Resource]) -> dict[str, Object]:
    """The definitions of those of the resources that have a form of their own, by name."""
    found: dict[str, Object] = {}
    for resource in resources:
        if resource.form is not None:
            name = f"{'.'.join(reversed(resource.group.split('.')))}.{resource.version}.{resource.kind}"
            found[name] = _object(resource, resource.form)
            found[f"{name}List"] = _list(resource, name)
    return found


def _object(resource: Resource, form: Form) -> Object:
    metadata = {"$ref": f"{_META}ObjectMeta", "description": "What every object has: its name, its labels and so on."}
    properties = {**(form.definition.get("properties") or {}), **_TYPE, "metadata": metadata}
    return {**form.definition, "properties": properties, **_kind(resource, resource.kind)}


def _list(resource: Resource, name: str) -> Object:
    items = {"type": "array", "items": {"$ref": f"#/$defs/{name}"}, "description": f"The {resource.plural}."}
    metadata = {"$ref": f"{_META}ListMeta", "description": "What every list has."}
    return {
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {**_TYPE, "metadata": metadata, "items": items},
        **_kind(resource, f"{resource.kind}List"),
    }


def _kind(resource: Resource, kind: str) -> Object:
    named = {"group": resource.group, "version": resource.version, "kind": kind}
    return {"x-kubernetes-group-version-kind": [named]}
