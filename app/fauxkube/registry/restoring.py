"""Objects written as they are: with the UID, the times, the status and the addresses that they have had elsewhere.

What comes from another cluster was admitted and validated there. It is defaulted, and holds its addresses and ports
from then on; nothing else is asked or changed.
"""

from __future__ import annotations

from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object
from fauxkube.registry.allocation import Allocations
from fauxkube.registry.codec import attributes_of, draft_of, in_order
from fauxkube.store.model import ChangeType, Lost, Taken, Write
from fauxkube.store.store import Store


class Restorer:
    """Writes such objects to one store."""

    def __init__(self, store: Store, allocations: Allocations) -> None:
        self._store = store
        self._allocations = allocations

    async def restore(self, resource: Resource, obj: Object) -> Object:
        """The decoded object as it is stored.

        StatusError when it is there already, or holds what another holds or what is not in the cluster's ranges.
        """
        resource.strategy.default(obj)
        metadata = obj["metadata"]
        metadata.pop("managedFields", None)
        metadata.pop("resourceVersion", None)
        key = resource.key(metadata.get("namespace", ""), metadata["name"])
        with self._allocations.assign(resource, obj, None) as reservation:
            ordered = in_order(resource, obj)
            claims, _ = self._allocations.changes(resource, key, ordered, None)
            write = Write(
                key,
                ChangeType.ADDED,
                draft_of(ordered),
                expected=0,
                attributes=attributes_of(resource, ordered),
                claims=claims,
            )
            result = await self._store.write(write)
            if isinstance(result, Lost):
                raise status.already_exists(resource.group_resource, metadata["name"])
            if isinstance(result, Taken):
                raise self._allocations.refusal(resource, ordered, result)
            reservation.settle(key, claims, ())
        return ordered
