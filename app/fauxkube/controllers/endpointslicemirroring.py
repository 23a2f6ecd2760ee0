"""Mirrors Endpoints that users keep into EndpointSlices, as upstream's controller of that name (KEP-752).

Only what belongs to a service without a selector is mirrored, unless its label
`endpointslice.kubernetes.io/skip-mirror` says otherwise. Slices belong to their Endpoints object and go when it is not
to be mirrored any more.
"""

from __future__ import annotations

from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.managed_slices import ManagedSlices
from fauxkube.controllers.slice_mirror import CAPACITY, CONTROLLER_NAME, Mirror, plan_mirror, should_mirror
from fauxkube.controllers.slice_plan import Plan
from fauxkube.kinds.gvrs import ENDPOINTS, SERVICES
from fauxkube.kit.backoff import Backoff
from fauxkube.machinery.objects import Object, key_of


class EndpointSliceMirroringController(Controller):
    """Keys are Endpoints objects, and the services of their names."""

    name = "endpointslice-mirroring-controller"
    source = "endpoint-slice-mirroring-controller"
    workers = 5

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._services = context.informers.of(SERVICES)
        self._endpoints = context.informers.of(ENDPOINTS)
        self._slices = ManagedSlices(self, CONTROLLER_NAME)
        self._services.on_change(self._service_changed)
        self._endpoints.on_change(self._endpoints_changed)

    def backoff(self) -> Backoff:
        return Backoff(base=1.0, cap=100.0)

    async def reconcile(self, key: str) -> None:
        self._slices.catch_up(key)
        endpoints, service = self._endpoints.get(key), self._services.get(key)
        slices = self._slices.of(key)
        if endpoints is None or service is None or not should_mirror(endpoints) or _has_selector(service):
            await self._slices.carry_out(key, Plan(delete=slices))
            return
        mirror = plan_mirror(endpoints, slices)
        self._tell(endpoints, mirror)
        await self._slices.carry_out(key, mirror.plan)

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


def _has_selector(service: Object) -> bool:
    return service["spec"].get("selector") is not None
