"""Endpoints for every service with a selector, as upstream's endpoint controller (`pkg/controller/endpoint`).

The Endpoints object has its service's name and labels, goes when the service goes, and is written only when its
addresses, ports or labels differ from what they should be. Services without a selector, and ExternalName ones, are
left alone.
"""

from __future__ import annotations

import asyncio

from fauxkube.client.loop import Requeue, is_namespace_terminating
from fauxkube.client.own_writes import OwnWrites
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.endpoint_subsets import Backend, backend_of, compute_subsets, truncate
from fauxkube.controllers.pod_memory import PodMemory, TriggerTimes
from fauxkube.controllers.service_backends import TRIGGER_TIME_ANNOTATION, annotated, backend_labels, takes_backends
from fauxkube.controllers.service_membership import ServiceMembership
from fauxkube.kinds.gvrs import ENDPOINTS, PODS, SERVICES
from fauxkube.machinery.objects import Object, key_of, labels_of, split_key, with_field
from fauxkube.machinery.status import StatusError

MANAGED_BY = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}
_OVER_CAPACITY_ANNOTATION = "endpoints.kubernetes.io/over-capacity"
_LEADER_ANNOTATION = "control-plane.alpha.kubernetes.io/leader"
#: After writing more addresses than this, further changes of the service are gathered for a moment (seconds).
_LARGE = 100
_GATHER_SECONDS = 0.02
#: How long (seconds) to wait at most for the informer to show the last write.
_LAG_SECONDS = 1.0


class EndpointsController(Controller):
    """Keys are services."""

    name = "endpoint-controller"
    workers = 5

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._services = context.informers.of(SERVICES)
        self._endpoints = context.informers.of(ENDPOINTS)
        pods = context.informers.of(PODS)
        self._membership = ServiceMembership(self._services, pods)
        self._backends = PodMemory(backend_of)
        self._trigger_times = TriggerTimes()
        self._own_writes = OwnWrites(self._endpoints)
        self._services.on_change(self.enqueue)
        pods.on_change(self._pod_changed)
        self._endpoints.on_change(self._endpoints_changed)

    def start(self) -> None:
        """Reconcile from now on, first what is left of services that went while nobody looked."""
        for endpoints in self._endpoints.items():
            if _LEADER_ANNOTATION not in (endpoints["metadata"].get("annotations") or {}):
                self.queue.add(key_of(endpoints))
        super().start()

    async def reconcile(self, key: str) -> None:
        service = self._services.get(key)
        if service is None:
            await self._service_gone(key)
        elif takes_backends(service):
            await self._put_right(key, service)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        for key in self._membership.touched_by(old, new):
            self.queue.add(key)

    def _endpoints_changed(self, old: Object | None, new: Object | None) -> None:
        """Only a deletion is made good at once; another's change stays until the service or its pods change."""
        if new is None and old is not None:
            self.queue.add(key_of(old))
        elif new is not None and self._own_writes.awaited(key_of(new)):
            self.queue.add(key_of(new))

    async def _service_gone(self, key: str) -> None:
        self._backends.forget(key)
        self._trigger_times.forget(key)
        self._own_writes.forget(key)
        namespace, name = split_key(key)
        try:
            await self.client.delete(ENDPOINTS, name, namespace=namespace)
        except StatusError as error:
            if error.code != 404:
                raise

    async def _put_right(self, key: str, service: Object) -> None:
        if self._own_writes.must_wait(key):
            raise Requeue(_LAG_SECONDS)
        pods = self._membership.pods_of(service)
        changed_at = self._trigger_times.next(key, service, pods)
        current = self._endpoints.get(key)
        desired = desired_endpoints(service, self._backends.of(key, service, pods), current, changed_at)
        if desired is None:
            return
        self._own_writes.note(key, await self._write(service, desired, create=current is None))
        if len(pods) > _LARGE:
            await asyncio.sleep(_GATHER_SECONDS)  # it spares the machine, whatever the cluster's clock says

    async def _write(self, service: Object, desired: Object, *, create: bool) -> Object:
        try:
            if create:
                return await self.client.create(ENDPOINTS, desired, namespace=desired["metadata"]["namespace"])
            return await self.client.update(ENDPOINTS, desired)
        except StatusError as error:
            self._tell_failure(service, desired, error, create=create)
            raise

    def _tell_failure(self, service: Object, desired: Object, error: StatusError, *, create: bool) -> None:
        if is_namespace_terminating(error) or error.code in {404, 409}:
            return
        key = key_of(service)
        if create:
            message = f"Failed to create endpoint for service {key}: {error.message}"
            self.recorder.event(desired, "Warning", "FailedToCreateEndpoint", message)
        else:
            message = f"Failed to update endpoint {key}: {error.message}"
            self.recorder.event(desired, "Warning", "FailedToUpdateEndpoint", message)


def desired_endpoints(
    service: Object, backends: list[Backend | None], current: Object | None, changed_at: str
) -> Object | None:
    """The Endpoints object to write; None when `current` is right already."""
    subsets = compute_subsets(backends)
    kept = truncate(subsets)
    over_capacity = "truncated" if kept is not subsets else ""
    labels = backend_labels(service, MANAGED_BY)
    metadata = current["metadata"] if current else _new_metadata(service)
    was_over = (metadata.get("annotations") or {}).get(_OVER_CAPACITY_ANNOTATION, "")
    if current and _same(current, kept, labels) and was_over == over_capacity:
        return None
    annotations = annotated(metadata, {TRIGGER_TIME_ANNOTATION: changed_at, _OVER_CAPACITY_ANNOTATION: over_capacity})
    metadata = {**with_field(metadata, "annotations", annotations), "labels": labels}
    return with_field({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}, "subsets", kept)


def _new_metadata(service: Object) -> Object:
    metadata = service["metadata"]
    return {"name": metadata["name"], "namespace": metadata["namespace"]}


def _same(current: Object, subsets: list[Object], labels: dict[str, str]) -> bool:
    return (current.get("subsets") or []) == subsets and labels_of(current) == labels
