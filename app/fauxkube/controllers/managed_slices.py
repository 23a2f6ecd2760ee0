"""The EndpointSlices that one controller manages, by the key of what they belong to, and its writes to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from fauxkube.client.loop import Requeue
from fauxkube.client.own_writes import OwnWrites
from fauxkube.controllers.controller import Controller
from fauxkube.controllers.slice_plan import MANAGED_BY_LABEL, SERVICE_NAME_LABEL, Plan
from fauxkube.kinds.gvrs import ENDPOINT_SLICES
from fauxkube.machinery.objects import Object, labels_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError

#: How long (seconds) to wait at most for the informer to show the last write.
_LAG_SECONDS = 1.0


class ManagedSlices:
    """Slices with the label `managed-by: <manager>`; what another writer changes in them enqueues their key again."""

    def __init__(self, controller: Controller, manager: str) -> None:
        self._client = controller.client
        self._queue = controller.queue
        self._informer = controller.informers.of(ENDPOINT_SLICES)
        self._keys_of: Callable[[Object], Iterable[str]] = partial(_keys, manager)
        self._index = f"{controller.name}/owner"
        self._own_writes = OwnWrites(self._informer)
        self._informer.add_index(self._index, self._keys_of)
        self._informer.on_change(self._changed)

    def of(self, key: str) -> list[Object]:
        """The slices of a key."""
        return self._informer.by_index(self._index, key)

    def catch_up(self, key: str) -> None:
        """Raise `Requeue` as long as the informer does not show what was written last for the key."""
        if self._own_writes.must_wait(key):
            raise Requeue(_LAG_SECONDS)

    def forget(self, key: str) -> None:
        """What the key stood for is gone."""
        self._own_writes.forget(key)

    async def carry_out(self, key: str, plan: Plan) -> None:
        """Write what the plan for a key says."""
        for each in plan.create:
            written = await self._client.create(ENDPOINT_SLICES, each, namespace=namespace_of(each))
            self._own_writes.note(key, written)
        for each in plan.update:
            self._own_writes.note(key, await self._client.update(ENDPOINT_SLICES, each))
        for each in plan.delete:
            await self._delete(each)

    async def _delete(self, slice_: Object) -> None:
        try:
            await self._client.delete(ENDPOINT_SLICES, name_of(slice_), namespace=namespace_of(slice_))
        except StatusError as error:
            if error.code != 404:
                raise

    def _changed(self, old: Object | None, new: Object | None) -> None:
        for each in (old, new):
            for key in self._keys_of(each) if each else ():
                if self._own_writes.awaited(key) or new is None or not self._own_writes.is_own(key, new):
                    self._queue.add(key)


def _keys(manager: str, slice_: Object) -> Iterable[str]:
    labels = labels_of(slice_)
    if labels.get(MANAGED_BY_LABEL) != manager or not labels.get(SERVICE_NAME_LABEL):
        return ()
    return (f"{namespace_of(slice_)}/{labels[SERVICE_NAME_LABEL]}",)
