"""EndpointSlices for every service with a selector, as upstream's endpointslice controller (KEP-752).

Slices belong to their service by owner reference, so that the garbage collector removes them with it; what another
writer changes in them is put right again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fauxkube.client.loop import is_namespace_terminating
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.managed_slices import ManagedSlices
from fauxkube.controllers.pod_memory import PodMemory, TriggerTimes
from fauxkube.controllers.service_backends import TRIGGER_TIME_ANNOTATION, annotated, takes_backends
from fauxkube.controllers.service_membership import ServiceMembership
from fauxkube.controllers.slice_endpoints import SliceBackend, slice_backend_of
from fauxkube.controllers.slice_hints import FamilySlices
from fauxkube.controllers.slice_plan import CONTROLLER_NAME, Plan, plan_slices
from fauxkube.controllers.slice_topology import SliceTopology, Told
from fauxkube.controllers.slice_zone_shares import is_node_ready, zone_of
from fauxkube.kinds.gvrs import NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError

#: With more pods than this, further changes of the service are gathered for a moment (seconds) after a write.
_LARGE = 100
_GATHER_SECONDS = 0.02


class EndpointSliceController(Controller):
    """Keys are services."""

    name = "endpointslice-controller"
    source = "endpoint-slice-controller"
    workers = 5

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._services = context.informers.of(SERVICES)
        self._slices = ManagedSlices(self, CONTROLLER_NAME)
        self._nodes = context.informers.of(NODES)
        pods = context.informers.of(PODS)
        self._membership = ServiceMembership(self._services, pods)
        self._backends: PodMemory[SliceBackend | None] = PodMemory(self._backend_of)
        self._trigger_times = TriggerTimes()
        self._topology = SliceTopology(self._nodes.items)
        self._services.on_change(self.enqueue)
        pods.on_change(self._pod_changed)
        self._nodes.on_change(self._node_changed)

    async def reconcile(self, key: str) -> None:
        service = self._services.get(key)
        if service is None:
            self._backends.forget(key)
            self._trigger_times.forget(key)
            self._slices.forget(key)
            self._topology.forget(key)
        elif takes_backends(service):
            await self._put_right(key, service)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        for key in self._membership.touched_by(old, new):
            self.queue.add(key)

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        """A node that comes, goes or moves to another zone changes the endpoints on it, and the shares of zones."""
        if self._nodes.resuming:
            return
        if old is None or new is None or is_node_ready(old) != is_node_ready(new) or zone_of(old) != zone_of(new):
            for key in self._topology.nodes_changed():
                self.queue.add(key)
        if old is None or new is None or zone_of(old) != zone_of(new):
            self._backends.clear()
            for service in self._services.items():
                self.enqueue(None, service)

    async def _put_right(self, key: str, service: Object) -> None:
        self._slices.catch_up(key)
        pods = self._membership.pods_of(service)
        changed_at = self._trigger_times.next(key, service, pods)
        backends = self._backends.of(key, service, pods)
        told: list[Told] = []

        def hint(service: Object, family: str, slices: FamilySlices) -> None:
            told.extend(self._topology.hint(service, family, slices))

        plan = plan_slices(service, backends, self._slices.of(key), hint)
        try:
            await self._slices.carry_out(key, _stamped(plan, changed_at))
        except StatusError as error:
            self._tell_failure(key, service, error)
            raise
        for event in told:
            self.recorder.event(service, *event)
        if len(pods) > _LARGE and (plan.create or plan.update):
            await asyncio.sleep(_GATHER_SECONDS)  # it spares the machine, whatever the cluster's clock says

    def _backend_of(self, service: Object, pod: Object) -> SliceBackend | None:
        """The pod's part in the service; a pod whose node is not there has none unless all are to be published."""
        node = self._nodes.get(pod["spec"].get("nodeName") or "")
        if node is None and not service["spec"].get("publishNotReadyAddresses"):
            return None
        return slice_backend_of(service, pod, zone_of(node))

    def _tell_failure(self, key: str, service: Object, error: StatusError) -> None:
        if is_namespace_terminating(error) or error.code in {404, 409}:
            return
        message = f"Error updating Endpoint Slices for Service {key}: {error.message}"
        self.recorder.event(service, "Warning", "FailedToUpdateEndpointSlices", message)


def _stamped(plan: Plan, changed_at: str) -> Plan:
    """The plan, with the time of the change that its slices follow."""
    create, update = ([_with_time(each, changed_at) for each in slices] for slices in (plan.create, plan.update))
    return replace(plan, create=create, update=update)


def _with_time(slice_: Object, changed_at: str) -> Object:
    metadata = slice_["metadata"]
    annotations = annotated(metadata, {TRIGGER_TIME_ANNOTATION: changed_at})
    return {**slice_, "metadata": {**metadata, "annotations": annotations}}
