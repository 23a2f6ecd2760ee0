"""Reading, writing and waiting for the objects of a cluster, in the words of whoever tests.

It works on the client protocol, so that a cluster in this process and one at the other end of a URL are alike, and runs
in the loop that the client belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fauxkube.client.protocol import Client
from fauxkube.kinds.apiextensions.custom_resource import resources_of
from fauxkube.kinds.apiextensions.naming import is_established
from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.gvrs import CUSTOM_RESOURCE_DEFINITIONS, EVENTS
from fauxkube.machinery.objects import Object, copy_of, name_of, namespace_of
from fauxkube.machinery.schema import Schemas
from fauxkube.simulation.manifests import Manifest, in_order
from fauxkube.testing import applying
from fauxkube.testing.conditions import Condition, condition
from fauxkube.testing.explaining import in_time
from fauxkube.testing.references import ObjectList, Reference, reference
from fauxkube.testing.waiting import wait

#: How long a custom resource definition may take until what it defines is served.
_ESTABLISHED_SECONDS = 10.0


class Objects:
    """The objects of one cluster. What is handed out is the caller's own; failures are `StatusError`."""

    def __init__(self, client: Client, catalogue: Catalogue, schemas: Schemas, *, learns: bool = False) -> None:
        """`learns` tells that the catalogue is our own, and not the one by which the cluster serves."""
        self.client = client
        self.catalogue = catalogue
        self._schemas = schemas
        self._learns = learns

    async def learn(self) -> None:
        """Get to know the custom kinds that the cluster serves."""
        for definition in (await self.client.list(CUSTOM_RESOURCE_DEFINITIONS)).items if self._learns else ():
            if is_established(definition):
                self.catalogue.replace(name_of(definition), resources_of(definition))

    async def _reference(self, obj: Object, namespace: str) -> Reference:
        """What an object is about, whether or not its kind was known before."""
        if self.catalogue.of_object(obj) is None:
            await self.learn()
        return reference(self.catalogue, obj, namespace=namespace)

    async def get(self, wanted: Reference) -> Object:
        return await self.client.get(wanted.resource.gvr, wanted.name, wanted.namespace)

    async def list(self, wanted: Reference) -> ObjectList:
        listed = await self.client.list(
            wanted.resource.gvr,
            wanted.namespace,
            label_selector=wanted.labels,
            field_selector=wanted.field_selector,
        )
        return listed.items

    async def create(self, obj: Object, namespace: str) -> Object:
        wanted = await self._reference(obj, namespace)
        return await self.client.create(wanted.resource.gvr, _within(obj, wanted), namespace=wanted.namespace)

    async def apply(self, objects: ObjectList, namespace: str) -> ObjectList:
        """One after the other, in the order in which they need each other; the live objects, in the order given.

        What a custom resource definition defines is served when this returns.
        """
        live: dict[int, Object] = {}
        for manifest in in_order(Manifest(obj, "") for obj in objects):
            live[id(manifest.object)] = await self._apply(manifest.object, namespace)
        return [live[id(obj)] for obj in objects]

    async def _apply(self, obj: Object, namespace: str) -> Object:
        wanted = await self._reference(obj, namespace)
        live = await applying.apply(self.client, wanted.resource, _within(obj, wanted), self._schemas)
        if wanted.resource.gvr == CUSTOM_RESOURCE_DEFINITIONS:
            (live,) = await self.wait(wanted, condition("condition=Established"), _ESTABLISHED_SECONDS)
        return copy_of(live)

    async def patch(self, wanted: Reference, patch: Any, *, kind: str, subresource: str) -> Object:
        return copy_of(
            await self.client.patch(
                wanted.resource.gvr,
                wanted.name,
                patch,
                namespace=wanted.namespace,
                kind=kind,
                subresource=subresource,
            )
        )

    async def delete(self, wanted: Reference, *, grace_period: int | None, propagation: str) -> None:
        """Delete the object, or all that the labels select."""
        named = [(wanted.namespace, wanted.name)]
        chosen = named if wanted.name else [(namespace_of(obj), name_of(obj)) for obj in await self.list(wanted)]
        for namespace, name in chosen:
            await self.client.delete(
                wanted.resource.gvr,
                name,
                namespace=namespace,
                grace_period_seconds=grace_period,
                propagation=propagation,
            )

    async def wait(self, wanted: Reference, condition: Condition, seconds: float, *, waited: float = 0.0) -> ObjectList:
        return await wait(self.client, wanted, condition, seconds, waited=waited)

    async def events(self, namespace: str) -> ObjectList:
        """The events, in the order in which they last happened."""
        return in_time((await self.client.list(EVENTS, namespace)).items)


def _within(obj: Mapping[str, Any], wanted: Reference) -> Object:
    """A copy of the object that says which namespace it is in."""
    placed = copy_of(dict(obj))
    if wanted.namespace:
        placed.setdefault("metadata", {})["namespace"] = wanted.namespace
    return placed
