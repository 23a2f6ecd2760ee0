"""Mirrors Endpoints that users keep into EndpointSlices, as upstream's controller of that name (KEP-752).

Only what belongs to a service without a selector is mirrored, unless its label
`endpointslice.kubernetes.io/skip-mirror` says otherwise. Slices belong to their Endpoints object and go when it is not
to be mirrored any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from fauxkube.client.loop import Requeue
from fauxkube.client.own_writes import OwnWrites
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.slice_mirror import CAPACITY, CONTROLLER_NAME, Mirror, plan_mirror, should_mirror
from fauxkube.controllers.slice_plan import MANAGED_BY_LABEL, SERVICE_NAME_LABEL, Plan
from fauxkube.kinds.gvrs import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from fauxkube.kit.backoff import Backoff
from fauxkube.machinery.objects import Object, key_of, labels_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError

#: The index of the slices that this controller manages, by the key of their Endpoints object.
_BY_ENDPOINTS = "endpointslicemirroring-controller/endpoints"
#: How long (seconds) to wait at most for the informer to show the last write.
_LAG_SECONDS = 1.0


class EndpointSliceMirroringController(Controller):
    """Keys are Endpoints objects, and the services of their names."""

    name = "endpointslice-mirroring-controller"
    source = "endpoint-slice-mirroring-controller"
    workers = 5

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._services = context.informers.of(SERVICES)
        self._endpoints = context.informers.of(ENDPOINTS)
        self._slices = context.informers.of(ENDPOINT_SLICES)
        self._slices.add_index(_BY_ENDPOINTS, _endpoints_keys)
        self._own_writes = OwnWrites(self._slices)
        self._services.on_change(self._service_changed)
        self._endpoints.on_change(self._endpoints_changed)
        self._slices.on_change(self._slice_changed)

    def backoff(self) -> Backoff:
        return Backoff(base=1.0, cap=100.0)

    async def reconcile(self, key: str) -> None:
        if self._own_writes.must_wait(key):
            raise Requeue(_LAG_SECONDS)
        endpoints, service = self._endpoints.get(key), self._services.get(key)
        slices = self._slices.by_index(_BY_ENDPOINTS, key)
        if endpoints is None or service is None or not should_mirror(endpoints) or _has_selector(service):
            await self._carry_out(key, Plan(delete=slices))
            return
        mirror = plan_mirror(endpoints, slices)
        self._tell(endpoints, mirror)
        await self._carry_out(key, mirror.plan)

    async def _carry_out(self, key: str, plan: Plan) -> None:
        for each in plan.create:
            written = await self.client.create(ENDPOINT_SLICES, each, namespace=namespace_of(each))
            self._own_writes.note(key, written)
        for each in plan.update:
            self._own_writes.note(key, await self.client.update(ENDPOINT_SLICES, each))
        for each in plan.delete:
            await self._delete(each)

    async def _delete(self, slice_: Object) -> None:
        try:
            await self.client.delete(ENDPOINT_SLICES, name_of(slice_), namespace=namespace_of(slice_))
        except StatusError as error:
            if error.code != 404:
                raise

    def _tell(self, endpoints: Object, mirror: Mirror) -> None:
        if mirror.invalid:
            message = f"Skipped {mirror.invalid} invalid IP addresses when mirroring to EndpointSlices"
            self.recorder.event(endpoints, "Warning", "InvalidIPAddress", message)
        if mirror.skipped > mirror.invalid:
            message = (
                f"A max of {CAPACITY} addresses can be mirrored to EndpointSlices per Endpoints subset. "
                f"{mirror.skipped} addresses were skipped"
            )
            self.recorder.event(endpoints, "Warning", "TooManyAddressesToMirror", message)

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        """A service matters where it has no selector, or had none until now."""
        if old is None or new is None:
            service = new or old or {}
            if not _has_selector(service):
                self.queue.add(key_of(service))
        elif _has_selector(old) != _has_selector(new):
            self.queue.add(key_of(new))

    def _endpoints_changed(self, old: Object | None, new: Object | None) -> None:
        if any(each is not None and should_mirror(each) for each in (old, new)):
            self.enqueue(old, new)

    def _slice_changed(self, old: Object | None, new: Object | None) -> None:
        for each in (old, new):
            for key in _endpoints_keys(each) if each else ():
                if self._own_writes.awaited(key) or new is None or not self._own_writes.is_own(key, new):
                    self.queue.add(key)


def _has_selector(service: Object) -> bool:
    return service["spec"].get("selector") is not None


def _endpoints_keys(slice_: Object) -> Iterable[str]:
    labels = labels_of(slice_)
    if labels.get(MANAGED_BY_LABEL) != CONTROLLER_NAME or not labels.get(SERVICE_NAME_LABEL):
        return ()
    return (f"{namespace_of(slice_)}/{labels[SERVICE_NAME_LABEL]}",)
