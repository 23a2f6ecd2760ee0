"""The ReplicaSet controller: as many pods as asked for, no more, no fewer (upstream's `pkg/controller/replicaset`).

A replica set owns the pods that match its selector; missing ones are created from its template, surplus ones deleted,
and its status counts them.
"""

from __future__ import annotations

from collections.abc import Sequence

from fauxkube.controllers.availability import next_availability
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.controller_refs import CONTROLLER_INDEX, Claimant, controller_ref, index_by_controller
from fauxkube.controllers.expectations import Expectations
from fauxkube.controllers.ownership import Ownership
from fauxkube.controllers.pod_control import PodControl, matters, observe, pod_from
from fauxkube.controllers.pod_ranking import pods_to_delete
from fauxkube.controllers.replicaset_status import failure_condition, status_of
from fauxkube.kinds.core.pod_status import controller_of, is_active
from fauxkube.kinds.gvrs import PODS, REPLICA_SETS
from fauxkube.machinery.objects import Object, is_terminating
from fauxkube.machinery.status import StatusError

#: The most pods created or deleted in one go.
BURST = 500


class ReplicaSetController(Controller):
    """Keys are those of replica sets."""

    name = "replicaset-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._replica_sets = context.informers.of(REPLICA_SETS)
        self._pods = context.informers.of(PODS)
        self._expectations = Expectations(context.clock)
        self._control = PodControl(self.client, self.recorder, self._expectations)
        self._claimant = Claimant(self.client, self._pods, owner_gvr=REPLICA_SETS, owner_kind="ReplicaSet")
        self._ownership = Ownership(self._replica_sets, "ReplicaSet")
        index_by_controller(self._replica_sets)
        index_by_controller(self._pods)
        self._replica_sets.on_change(self.enqueue)
        self._pods.on_change(self._pod_changed)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        observe(self._expectations, self._ownership.owner_key(new or old), old, new)
        if matters(old, new):
            for key in self._ownership.concerned(old, new):
                self.queue.add(key)

    async def reconcile(self, key: str) -> None:
        replica_set = self._replica_sets.get(key)
        if replica_set is None:
            self._expectations.forget(key)
            return
        settled = self._expectations.satisfied(key)
        pods = await self._claimant.claim(replica_set)
        surplus = sum(map(is_active, pods)) - replica_set["spec"].get("replicas", 1)
        error = None
        if settled and surplus and not is_terminating(replica_set):
            error = await self._scale(key, replica_set, pods, surplus)
        await self._report(key, replica_set, pods, _failure_reason(error, surplus))
        if error:
            raise error

    async def _scale(self, key: str, replica_set: Object, pods: Sequence[Object], surplus: int) -> StatusError | None:
        if surplus < 0:
            reference = controller_ref(replica_set, REPLICA_SETS, "ReplicaSet")
            pod = pod_from(replica_set["spec"]["template"], replica_set, reference)
            return await self._control.replace(key, replica_set, create=[pod] * min(-surplus, BURST))
        active = [pod for pod in pods if is_active(pod)]
        related = self._related_pods(replica_set)
        leaving = pods_to_delete(active, min(surplus, BURST), related=related, now=self.clock.now())
        return await self._control.replace(key, replica_set, delete=leaving)

    def _related_pods(self, replica_set: Object) -> list[Object]:
        """The pods of all replica sets with the same controller (a deployment's old and new ones)."""
        reference = controller_of(replica_set)
        siblings = self._replica_sets.by_index(CONTROLLER_INDEX, reference["uid"]) if reference else [replica_set]
        return [pod for each in siblings for pod in self._pods.by_index(CONTROLLER_INDEX, each["metadata"]["uid"])]

    async def _report(
        self, key: str, replica_set: Object, pods: Sequence[Object], failure: tuple[str, str] | None
    ) -> None:
        now = self.clock.now()
        condition = failure_condition(*failure, now) if failure else None
        status = status_of(replica_set, pods, now=now, failure=condition)
        if status != replica_set.get("status"):
            await self.client.update(REPLICA_SETS, {**replica_set, "status": status}, subresource="status")
        wait = next_availability(filter(is_active, pods), replica_set["spec"].get("minReadySeconds", 0), now)
        if wait:
            self.queue.add_after(key, wait)


def _failure_reason(error: StatusError | None, surplus: int) -> tuple[str, str] | None:
    """The reason and message of `ReplicaFailure`, if pods could not be created or deleted."""
    if error is None:
        return None
    return "FailedCreate" if surplus < 0 else "FailedDelete", error.message
