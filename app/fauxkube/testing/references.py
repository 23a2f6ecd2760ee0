"""What a call is about, from the words it is given: `"pod/web"`, `("deploy", "web")`, or an object itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.kinds.words import resolve, resource_of
from fauxkube.machinery.objects import Object, name_of, namespace_of

#: A word for a resource, with `/name` or without, or an object that has a kind and a name.
What: TypeAlias = str | Mapping[str, Any]
#: What labels and fields are selected by: `"app=web,tier!=db"`, or the values that they must have.
Selector: TypeAlias = str | Mapping[str, str]
ObjectList: TypeAlias = list[Object]

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class Reference:
    """An object by its name, or without one the objects of a collection that have the labels of a selector."""

    resource: Resource
    namespace: str
    name: str = ""
    labels: str = ""
    fields: str = ""

    @property
    def field_selector(self) -> str:
        """What lists nothing else."""
        by_name = f"metadata.name={self.name}" if self.name else ""
        return ",".join(each for each in (by_name, self.fields) if each)

    def __str__(self) -> str:
        """As a message names it: `deployment.apps/web in namespace default`."""
        group = f".{self.resource.group}" if self.resource.group else ""
        selected = f" with {self.labels}" if self.labels else ""
        what = f"{self.resource.singular}{group}/{self.name}" if self.name else self.resource.group_resource + selected
        return f"{what} in namespace {self.namespace}" if self.namespace else what


def reference(
    catalogue: Catalogue,
    what: What,
    name: str = "",
    *,
    namespace: str = DEFAULT_NAMESPACE,
    labels: Selector = "",
    fields: Selector = "",
) -> Reference:
    """The reference that the words make; UnknownWordError for a word that names nothing.

    An object's own namespace counts rather than `namespace`, and none for what lies in no namespace.
    """
    if isinstance(what, Mapping):
        return _reference_to(catalogue, dict(what), namespace)
    word, _, named = what.partition("/")
    resource = resolve(catalogue, word)
    namespace = namespace if resource.namespaced else ""
    return Reference(resource, namespace, named or name, _selector(labels), _selector(fields))


def _reference_to(catalogue: Catalogue, obj: Object, namespace: str) -> Reference:
    resource = resource_of(catalogue, obj)
    return Reference(resource, (namespace_of(obj) or namespace) if resource.namespaced else "", name_of(obj))


def _selector(wanted: Selector) -> str:
    return wanted if isinstance(wanted, str) else ",".join(f"{name}={value}" for name, value in wanted.items())
