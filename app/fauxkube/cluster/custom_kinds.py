"""What custom resource definitions have made before: served as soon as a cluster has a store that holds them."""

from __future__ import annotations

from fauxkube.kinds.apiextensions.custom_resource import resources_of
from fauxkube.kinds.apiextensions.naming import is_established
from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.gvrs import CUSTOM_RESOURCE_DEFINITIONS
from fauxkube.machinery.objects import name_of
from fauxkube.registry.codec import decode
from fauxkube.store.store import Store


def serve_stored(catalogue: Catalogue, store: Store) -> None:
    """Serve the kinds of every definition in the store that is established."""
    resource = catalogue.find(*CUSTOM_RESOURCE_DEFINITIONS)
    for entry in store.page(resource.prefix).entries if resource else ():
        definition = decode(entry.value)
        if is_established(definition):
            catalogue.replace(name_of(definition), resources_of(definition))
