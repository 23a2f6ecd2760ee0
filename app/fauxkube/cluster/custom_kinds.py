"""Kinds that custom resource definitions have made or will make, served before their controller gets to it.

What makes their resources is imported once there is a definition, for most clusters have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from fauxkube.kinds.apiextensions.naming import accept_names, is_established
from fauxkube.kinds.catalogue import Catalogue, default_catalogue
from fauxkube.kinds.gvrs import CUSTOM_RESOURCE_DEFINITIONS
from fauxkube.machinery.objects import Object, copy_of, name_of
from fauxkube.registry.codec import decode
from fauxkube.store.store import Store

_KIND = "CustomResourceDefinition"
#: Conditions of definitions that are only thought of have a time, too, which nobody sees.
_SOME_TIME = datetime.fromtimestamp(0, UTC)


def serve_stored(catalogue: Catalogue, store: Store) -> None:
    """Serve the kinds of every definition in the store that is established."""
    resource = catalogue.find(*CUSTOM_RESOURCE_DEFINITIONS)
    for entry in store.page(resource.prefix).entries if resource else ():
        definition = decode(entry.value)
        if is_established(definition):
            _serve(catalogue, definition)


def serve_wanted(catalogue: Catalogue, obj: Object) -> None:
    """Serve what an object will make if it is a definition that can be read; its names are taken to be free."""
    resource = catalogue.find(*CUSTOM_RESOURCE_DEFINITIONS)
    if resource is None or obj.get("kind") != _KIND:
        return
    definition = copy_of(obj)
    resource.strategy.default(definition)
    if not is_established(definition):
        resource.strategy.prepare_for_create(definition)
        if resource.strategy.validate(definition):
            return
        accept_names(definition, (), now=_SOME_TIME)
    _serve(catalogue, definition)


def catalogue_with(objects: Iterable[Object]) -> Catalogue:
    """What a cluster serves once the definitions among these objects are established."""
    catalogue = default_catalogue()
    for obj in objects:
        serve_wanted(catalogue, obj)
    return catalogue


def _serve(catalogue: Catalogue, definition: Object) -> None:
    from fauxkube.kinds.apiextensions.custom_resource import resources_of

    catalogue.replace(name_of(definition), resources_of(definition))
