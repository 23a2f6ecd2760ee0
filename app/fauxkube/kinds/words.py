"""The words that people call resources by, resolved as kubectl resolves them.

`pods`, `pod`, `po` and `Pod` name one resource, and so do `deployments.apps` and `deployments.v1.apps`. Where two
groups have a resource of one name, the one that discovery lists first is meant.
"""

from __future__ import annotations

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object


class UnknownWordError(ValueError):
    """Nothing that is served is called that."""


def resolve(catalogue: Catalogue, word: str) -> Resource:
    """The resource that `word` names; UnknownWordError in kubectl's words."""
    plain, _, qualifier = word.lower().partition(".")
    for resource in catalogue.resources:
        if plain in map(str.lower, _names(resource)) and (not qualifier or qualifier in _qualifiers(resource)):
            return resource
    raise UnknownWordError(f'the server doesn\'t have a resource type "{word}"')


def resource_of(catalogue: Catalogue, obj: Object) -> Resource:
    """The resource that an object belongs to by its `apiVersion` and `kind`; UnknownWordError in kubectl's words."""
    resource = catalogue.of_object(obj)
    if resource is None:
        kind, version = obj.get("kind") or "", obj.get("apiVersion") or ""
        raise UnknownWordError(f'no matches for kind "{kind}" in version "{version}"')
    return resource


def names_of(resource: Resource) -> tuple[str, ...]:
    """What a resource may be called by: its plain names, and the longer ones with its group."""
    plain = _names(resource)
    qualified = (f"{resource.plural}.{resource.group}", f"{resource.singular}.{resource.group}")
    return (*plain, *qualified, f"{resource.plural}.{resource.version}.{resource.group}") if resource.group else plain


def _names(resource: Resource) -> tuple[str, ...]:
    return resource.plural, resource.singular, *resource.short_names, resource.kind


def _qualifiers(resource: Resource) -> tuple[str, str]:
    """What may follow the first dot: the group, or the version and the group (`pods.v1.`: the core group is empty)."""
    return resource.group, f"{resource.version}.{resource.group}"
