"""Creating and deleting a workload's pods, with the events that tell of it (upstream's `RealPodControl`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fauxkube.client.events import EventRecorder
from fauxkube.client.loop import is_namespace_terminating
from fauxkube.client.protocol import Client
from fauxkube.controllers.expectations import Expectations
from fauxkube.controllers.slow_start import slow_start
from fauxkube.kinds.core.pod_status import condition, phase_of
from fauxkube.kinds.gvrs import PODS
from fauxkube.machinery.objects import Object, is_terminating, name_of, namespace_of
from fauxkube.machinery.status import StatusError

_TELLING = ("uid", "labels", "ownerReferences", "deletionTimestamp")


def pod_from(template: Object, owner: Object, reference: Object) -> Object:
    """A pod as the template describes it, in its owner's namespace, named `<owner>-` and what the server adds.

    The parts are shared with the template and must not be changed.
    """
    described = template.get("metadata", {})
    metadata = {name: described[name] for name in ("labels", "annotations", "finalizers") if described.get(name)}
    metadata |= {
        "generateName": f"{name_of(owner)}-",
        "namespace": namespace_of(owner),
        "ownerReferences": [reference],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


class PodControl:
    """Makes and removes the pods of owners, keeping the owners' expectations right."""

    def __init__(self, client: Client, recorder: EventRecorder, expectations: Expectations) -> None:
        self._client = client
        self._recorder = recorder
        self._expectations = expectations

    async def replace(
        self, key: str, owner: Object, *, create: Sequence[Object] = (), delete: Sequence[Object] = ()
    ) -> StatusError | None:
        """Create some pods and delete others, noting first what is to be expected; the first failure, if any."""
        uids = [pod["metadata"]["uid"] for pod in delete]
        self._expectations.expect(key, creations=len(create), deletions=uids)
        failed_create = await self._create_all(key, owner, create)
        failed_delete = await self._delete_all(key, owner, delete)
        return failed_create or failed_delete

    async def _create_all(self, key: str, owner: Object, pods: Sequence[Object]) -> StatusError | None:
        """Create the pods, slowly at first."""
        created, failure = await slow_start(pods, lambda pod: self._create(owner, pod))
        self._expectations.creation_observed(key, len(pods) - created)
        return failure

    async def _delete_all(self, key: str, owner: Object, pods: Sequence[Object]) -> StatusError | None:
        failures = await asyncio.gather(*(self._delete(key, owner, pod) for pod in pods))
        return next((failure for failure in failures if failure), None)

    async def _create(self, owner: Object, pod: Object) -> None:
        try:
            created = await self._client.create(PODS, pod, namespace=namespace_of(owner))
        except StatusError as error:
            if is_namespace_terminating(error):
                return
            self._recorder.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self._recorder.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {name_of(created)}")

    async def _delete(self, key: str, owner: Object, pod: Object) -> StatusError | None:
        uid = pod["metadata"]["uid"]
        try:
            await self._client.delete(PODS, name_of(pod), namespace=namespace_of(pod), uid=uid)
        except StatusError as error:
            self._expectations.deletion_observed(key, uid)
            if error.code in {404, 409}:  # gone, or another pod of that name by now
                return None
            self._recorder.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            return error
        self._recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
        return None


def observe(expectations: Expectations, owner_key: str | None, old: Object | None, new: Object | None) -> None:
    """Note what a change of a pod fulfils: it came to be, or it went or was asked to go."""
    if owner_key is None:
        return
    if new is None or is_terminating(new):
        pod = new or old or {}
        expectations.deletion_observed(owner_key, pod["metadata"]["uid"])
    if old is None:
        expectations.creation_observed(owner_key)


def matters(old: Object | None, new: Object | None) -> bool:
    """Whether a change of a pod can change what its workload does or counts; most steps of a pod's start do not."""
    if old is None or new is None:
        return True
    before, after = old["metadata"], new["metadata"]
    same_metadata = all(before.get(name) == after.get(name) for name in _TELLING)
    return not (same_metadata and phase_of(old) == phase_of(new) and condition(old, "Ready") == condition(new, "Ready"))
