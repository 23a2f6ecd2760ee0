"""The Deployment controller: rolls its pods from one template to the next (upstream's `pkg/controller/deployment`).

Each template has a replica set of its own. A rollout grows the new one and shrinks the old ones step by step, each step
taken when the replica sets' statuses show that the one before has worked; nothing of it is remembered but what the
objects say.
"""

from __future__ import annotations

from collections.abc import Sequence

from fauxkube.client.loop import is_namespace_terminating
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.controller_refs import CONTROLLER_INDEX, Claimant, index_by_controller
from fauxkube.controllers.deployment_revisions import (
    REVISION,
    annotations_of,
    expendable,
    has_same_template,
    new_replica_set,
    next_revision,
    revised_annotations,
    revision_of,
    size_annotations,
    split,
)
from fauxkube.controllers.deployment_rollout import (
    Sizes,
    emptied,
    is_scaling,
    new_size,
    rolling_sizes,
    scaled_sizes,
)
from fauxkube.controllers.deployment_status import (
    counted_status,
    deadline_of,
    is_complete,
    put_condition,
    seconds_until_deadline,
    tell_pause,
    tell_progress,
    tell_replica_failure,
)
from fauxkube.controllers.deployment_strategy import is_rolling, replicas_of
from fauxkube.controllers.ownership import Ownership
from fauxkube.kinds.core.pod_status import condition, controller_of, is_terminal
from fauxkube.kinds.gvrs import DEPLOYMENTS, PODS, REPLICA_SETS
from fauxkube.machinery.objects import Labels, Object, copy_of, is_terminating, key_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError


class Rollout:
    """A deployment at one moment: a copy that may be changed, as it was read, and its replica sets."""

    def __init__(self, deployment: Object, replica_sets: Sequence[Object]) -> None:
        self.read = deployment
        self.deployment = copy_of(deployment)
        self.new, self.old = split(deployment, replica_sets)

    @property
    def replica_sets(self) -> list[Object]:
        """All of them, the new one last."""
        return [*self.old, self.new] if self.new else self.old

    def replace(self, replica_set: Object) -> None:
        """Go on with a replica set as it was written."""
        if self.new and name_of(self.new) == name_of(replica_set):
            self.new = replica_set
        else:
            self.old = [replica_set if name_of(each) == name_of(replica_set) else each for each in self.old]


class DeploymentController(Controller):
    """Keys are those of deployments."""

    name = "deployment-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._deployments = context.informers.of(DEPLOYMENTS)
        self._replica_sets = context.informers.of(REPLICA_SETS)
        self._pods = context.informers.of(PODS)
        self._claimant = Claimant(self.client, self._replica_sets, owner_gvr=DEPLOYMENTS, owner_kind="Deployment")
        self._ownership = Ownership(self._deployments, "Deployment")
        self._pods_ownership = Ownership(self._replica_sets, "ReplicaSet")
        index_by_controller(self._replica_sets)
        index_by_controller(self._pods)
        self._deployments.on_change(self.enqueue)
        self._replica_sets.on_change(self._replica_set_changed)
        self._pods.on_change(self._pod_changed)

    def _replica_set_changed(self, old: Object | None, new: Object | None) -> None:
        for key in self._ownership.concerned(old, new):
            self.queue.add(key)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        """A deployment that recreates its pods waits until the old ones are gone."""
        if old is None or (new is not None and is_terminal(new) == is_terminal(old)):
            return
        owner = self._pods_ownership.owner_key(old)
        key = self._ownership.owner_key(self._replica_sets.get(owner)) if owner else None
        deployment = self._deployments.get(key) if key else None
        if deployment and not is_rolling(deployment):
            self.queue.add(key_of(deployment))

    async def reconcile(self, key: str) -> None:
        deployment = self._deployments.get(key)
        if deployment is None:
            return
        rollout = Rollout(deployment, await self._claimant.claim(deployment))
        if is_terminating(deployment):
            await self._report(key, rollout)
            return
        tell_pause(deployment, rollout.deployment.setdefault("status", {}), self.clock.now())
        if deployment["spec"].get("paused") or is_scaling(deployment, rollout.replica_sets):
            await self._rescale(rollout)
            await self._report(key, rollout)
        else:
            await (self._roll(rollout) if is_rolling(deployment) else self._recreate(rollout))
            await self._report(key, rollout, progress=True)

    async def _rescale(self, rollout: Rollout) -> None:
        """Follow the deployment's size without getting on with a rollout."""
        await self._revise(rollout)
        await self._resize(rollout, scaled_sizes(rollout.deployment, rollout.new, rollout.old))
        if rollout.deployment["spec"].get("paused"):
            await self._forget_history(rollout)

    async def _roll(self, rollout: Rollout) -> None:
        new = await self._ensure_new(rollout)
        sizes = rolling_sizes(rollout.deployment, new, rollout.old)
        await self._resize(rollout, sizes)
        if not sizes and is_complete(rollout.deployment, rollout.deployment["status"]):
            await self._forget_history(rollout)

    async def _recreate(self, rollout: Rollout) -> None:
        await self._revise(rollout)
        sizes = emptied(rollout.old)
        if sizes or self._has_running_pods(rollout.old):
            await self._resize(rollout, sizes)
            return
        new = await self._ensure_new(rollout)
        if replicas_of(new) != replicas_of(rollout.deployment):
            await self._resize(rollout, {name_of(new): replicas_of(rollout.deployment)})
        if is_complete(rollout.deployment, rollout.deployment["status"]):
            await self._forget_history(rollout)

    def _has_running_pods(self, old: Sequence[Object]) -> bool:
        if any(each.get("status", {}).get("replicas", 0) for each in old):
            return True
        pods = (pod for each in old for pod in self._pods.by_index(CONTROLLER_INDEX, each["metadata"]["uid"]))
        return any(not is_terminal(pod) for pod in pods)

    async def _ensure_new(self, rollout: Rollout) -> Object:
        """The new replica set, created if it is not there yet."""
        if rollout.new is None:
            revision = next_revision(rollout.old)
            size = new_size(rollout.deployment, None, rollout.old)
            wanted = new_replica_set(rollout.deployment, revision=revision, replicas=size)
            rollout.new = await self._create(rollout, wanted)
        await self._revise(rollout)
        return rollout.new

    async def _create(self, rollout: Rollout, wanted: Object) -> Object:
        name, size = name_of(wanted), replicas_of(wanted)
        try:
            created = await self.client.create(REPLICA_SETS, wanted, namespace=namespace_of(wanted))
        except StatusError as error:
            if error.reason == "AlreadyExists":
                return await self._existing(rollout, wanted, error)
            if not is_namespace_terminating(error):
                await self._tell_create_failed(rollout, name, error)
            raise
        if size:
            self._tell_scaled(rollout, name, 0, size)
        self._tell_progressing(rollout, "True", "NewReplicaSetCreated", f'Created new replica set "{name}"')
        return created

    async def _existing(self, rollout: Rollout, wanted: Object, error: StatusError) -> Object:
        """The replica set of that name when it is the one wanted (the cache lags); else a new name must be found."""
        present = await self.client.get(REPLICA_SETS, name_of(wanted), namespace_of(wanted))
        owner = controller_of(present)
        ours = owner is not None and owner["uid"] == rollout.read["metadata"]["uid"]
        if ours and has_same_template(rollout.read, present):
            return present
        status = rollout.deployment["status"]
        await self._write_status(rollout, {**status, "collisionCount": status.get("collisionCount", 0) + 1})
        raise error

    async def _tell_create_failed(self, rollout: Rollout, name: str, error: StatusError) -> None:
        message = f'Failed to create new replica set "{name}": {error.message}'
        self._tell_progressing(rollout, "False", "ReplicaSetCreateError", message)
        self.recorder.event(rollout.read, "Warning", "ReplicaSetCreateError", message)
        await self._write_status(rollout, rollout.deployment["status"])

    async def _revise(self, rollout: Rollout) -> None:
        """Mark the new replica set, if there is one, as the latest revision, and the deployment likewise."""
        new = rollout.new
        if new is None:
            return
        annotations = revised_annotations(rollout.deployment, annotations_of(new), next_revision(rollout.old))
        min_ready = rollout.deployment["spec"].get("minReadySeconds", 0)
        if annotations != annotations_of(new) or min_ready != new["spec"].get("minReadySeconds", 0):
            new = await self._write(rollout, new, annotations, {"minReadySeconds": min_ready})
        rollout.deployment["metadata"]["annotations"] = {
            **annotations_of(rollout.deployment),
            REVISION: str(revision_of(new)),
        }
        if condition(rollout.deployment, "Progressing") is None:
            self._tell_progressing(rollout, "True", "FoundNewReplicaSet", f'Found new replica set "{name_of(new)}"')

    async def _resize(self, rollout: Rollout, sizes: Sizes) -> None:
        noted = size_annotations(rollout.deployment)
        for replica_set in [each for each in rollout.replica_sets if name_of(each) in sizes]:
            before, after = replicas_of(replica_set), sizes[name_of(replica_set)]
            present = annotations_of(replica_set)
            if before == after and present == present | noted:
                continue
            await self._write(rollout, replica_set, present | noted, {"replicas": after})
            if before != after:
                self._tell_scaled(rollout, name_of(replica_set), before, after)

    async def _write(self, rollout: Rollout, replica_set: Object, annotations: Labels, spec: Object) -> Object:
        changed = {
            **replica_set,
            "metadata": {**replica_set["metadata"], "annotations": annotations},
            "spec": replica_set["spec"] | spec,
        }
        written = await self.client.update(REPLICA_SETS, changed)
        rollout.replace(written)
        return written

    async def _forget_history(self, rollout: Rollout) -> None:
        for replica_set in expendable(rollout.deployment, rollout.old):
            uid = replica_set["metadata"]["uid"]
            await self.client.delete(REPLICA_SETS, name_of(replica_set), namespace=namespace_of(replica_set), uid=uid)

    def _tell_scaled(self, rollout: Rollout, name: str, before: int, after: int) -> None:
        direction = "up" if after > before else "down"
        message = f"Scaled {direction} replica set {name} from {before} to {after}"
        self.recorder.event(rollout.read, "Normal", "ScalingReplicaSet", message)

    def _tell_progressing(self, rollout: Rollout, state: str, reason: str, message: str) -> None:
        if deadline_of(rollout.deployment) is not None:
            status = rollout.deployment["status"]
            put_condition(status, "Progressing", state, reason, message, now=self.clock.now())

    async def _report(self, key: str, rollout: Rollout, *, progress: bool = False) -> None:
        deployment, now = rollout.deployment, self.clock.now()
        status = counted_status(deployment, rollout.new, rollout.replica_sets, now)
        if progress:
            tell_progress(deployment, status, rollout.new, now)
            tell_replica_failure(status, rollout.new, rollout.replica_sets)
            wait = seconds_until_deadline(deployment, status, now)
            if wait is not None:
                self.queue.add_after(key, wait)
        await self._write_status(rollout, status)

    async def _write_status(self, rollout: Rollout, status: Object) -> None:
        read = rollout.read
        if status != read.get("status") or annotations_of(rollout.deployment) != annotations_of(read):
            await self.client.update(DEPLOYMENTS, {**rollout.deployment, "status": status}, subresource="status")
