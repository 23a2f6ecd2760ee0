"""Custom resource definitions for tests: shops, by whatever schema a test needs."""

from __future__ import annotations

from typing import Any

import httpx

from fauxkube.kinds.apiextensions.naming import is_established
from fauxkube.machinery.objects import Object
from support.api import answered, made
from support.waiting import until

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "shop.example.com"
SPEC: Object = {
    "type": "object",
    "required": ["owner"],
    "properties": {
        "owner": {"type": "string", "minLength": 1},
        "size": {"type": "integer", "default": 3, "minimum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
STATUS: Object = {"type": "object", "properties": {"open": {"type": "integer"}, "who": {"type": "string"}}}


def schema(**spec: Any) -> Object:
    """The schema of a whole shop, with more of its spec."""
    properties = {"spec": {**SPEC, "properties": {**SPEC["properties"], **spec}}, "status": STATUS}
    return {"type": "object", "properties": properties}


def version(name: str = "v1", **fields: Any) -> Object:
    """A version that is served and stored."""
    return {"name": name, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema()}, **fields}


def shops(*versions: Object, scope: str = "Namespaced", group: str = GROUP, **names: Any) -> Object:
    """The definition of shops."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"shops.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"plural": "shops", "kind": "Shop", "shortNames": ["sh"], **names},
            "versions": list(versions) or [version(subresources={"status": {}})],
        },
    }


def shop(name: str = "corner", *, version: str = "v1", group: str = GROUP, **spec: Any) -> Object:
    """A shop."""
    return {
        "apiVersion": f"{group}/{version}",
        "kind": "Shop",
        "metadata": {"name": name},
        "spec": {"owner": "jane", **spec},
    }


def path_of(version: str = "v1", group: str = GROUP) -> str:
    """The path of the shops of the namespace `default`."""
    return f"/apis/{group}/{version}/namespaces/default/shops"


def define(http: httpx.Client, definition: Object) -> Object:
    """Make the definition, and wait until it is established."""
    made(http, DEFINITIONS, definition)
    path = f"{DEFINITIONS}/{definition['metadata']['name']}"
    until(lambda: is_established(answered(http.get(path))))
    return answered(http.get(path))
