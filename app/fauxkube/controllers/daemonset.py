"""The DaemonSet controller: one pod on every node that should have one (upstream's `pkg/controller/daemon`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fauxkube.controllers.availability import next_availability
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.controller_refs import Claimant, controller_ref, index_by_controller
from fauxkube.controllers.controller_revisions import (
    data_of,
    expendable,
    hash_of,
    new_revision,
    next_revision,
    split,
)
from fauxkube.controllers.daemonset_nodes import HASH_LABEL, daemon_template, pinned, target_node, verdict_on
from fauxkube.controllers.daemonset_rollout import (
    Situation,
    Steps,
    by_node,
    ended_message,
    rolling_update,
    status_of,
    upkeep,
)
from fauxkube.controllers.expectations import Expectations
from fauxkube.controllers.ownership import Ownership
from fauxkube.controllers.pod_control import PodControl, matters, observe, pod_from
from fauxkube.kinds.core.pod_status import phase_of
from fauxkube.kinds.gvrs import CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS
from fauxkube.kit.backoff import Backoff
from fauxkube.machinery.objects import Object, is_terminating, key_of, labels_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError

#: The most pods created, and the most deleted, in one go.
BURST = 250
#: Seconds before a pod that failed on a node is replaced there: the first wait and the longest.
_FAILED_BACKOFF = (1.0, 900.0)


class DaemonSetController(Controller):
    """Keys are those of daemon sets."""

    name = "daemonset-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._daemon_sets = context.informers.of(DAEMON_SETS)
        self._nodes = context.informers.of(NODES)
        self._pods = context.informers.of(PODS)
        self._revisions = context.informers.of(CONTROLLER_REVISIONS)
        self._expectations = Expectations(context.clock)
        self._failures = FailedPods(self)
        self._control = PodControl(self.client, self.recorder, self._expectations)
        claimant = partial(Claimant, self.client, owner_gvr=DAEMON_SETS, owner_kind="DaemonSet")
        self._pod_claimant, self._revision_claimant = claimant(self._pods), claimant(self._revisions)
        self._ownership = Ownership(self._daemon_sets, "DaemonSet")
        index_by_controller(self._pods)
        index_by_controller(self._revisions)
        self._daemon_sets.on_change(self.enqueue)
        self._nodes.on_change(self._node_changed)
        self._pods.on_change(self._pod_changed)
        self._revisions.on_change(self._revision_changed)

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if old and new and _placement_of(old) == _placement_of(new):
            return
        for daemon_set in self._daemon_sets.items():
            before = verdict_on(daemon_set, old) if old else None
            after = verdict_on(daemon_set, new) if new else None
            if before != after:
                self.queue.add(key_of(daemon_set))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        observe(self._expectations, self._ownership.owner_key(new or old), old, new)
        if matters(old, new):
            self._revision_changed(old, new)

    def _revision_changed(self, old: Object | None, new: Object | None) -> None:
        for key in self._ownership.concerned(old, new):
            self.queue.add(key)

    async def reconcile(self, key: str) -> None:
        daemon_set = self._daemon_sets.get(key)
        if daemon_set is None:
            self._expectations.forget(key)
            return
        if is_terminating(daemon_set):
            return
        current, old = await self._history(daemon_set)
        settled = self._expectations.satisfied(key)
        situation = self._situation(daemon_set, hash_of(current), await self._pod_claimant.claim(daemon_set))
        failure = None
        if settled:
            failure = await self._step(key, situation)
            await self._forget_history(situation, old)
        await self._report(key, situation, observed=settled)
        if failure:
            raise failure

    def _situation(self, daemon_set: Object, revision_hash: str, pods: Sequence[Object]) -> Situation:
        verdicts = {name_of(node): verdict_on(daemon_set, node) for node in self._nodes.items()}
        return Situation(daemon_set, revision_hash, verdicts, by_node(pods), self.clock.now())

    async def _step(self, key: str, situation: Situation) -> StatusError | None:
        """See to the nodes' pods; when nothing is to be done there, get on with an update."""
        steps = self._due(key, situation.daemon_set, upkeep(situation))
        strategy = (situation.daemon_set["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
        if not steps and strategy == "RollingUpdate":
            steps = rolling_update(situation)
        return await self._take(key, situation, steps)

    def _due(self, key: str, daemon_set: Object, steps: Steps) -> Steps:
        """The steps without those pods that ended but must wait to be replaced."""
        ended = [pod for pod in steps.ended if self._failures.may_replace(key, daemon_set, pod)]
        for pod in ended:
            self.recorder.event(daemon_set, *ended_message(pod))
        return Steps(steps.create_on, steps.delete + ended)

    async def _take(self, key: str, situation: Situation, steps: Steps) -> StatusError | None:
        if not steps:
            return None
        owner = situation.daemon_set
        reference = controller_ref(owner, DAEMON_SETS, "DaemonSet")
        template = daemon_template(owner, situation.revision_hash)
        create = [pod_from(pinned(template, node), owner, reference) for node in steps.create_on[:BURST]]
        return await self._control.replace(key, owner, create=create, delete=steps.delete[:BURST])

    async def _report(self, key: str, situation: Situation, *, observed: bool) -> None:
        daemon_set = situation.daemon_set
        status = status_of(situation, observed=observed)
        if status != daemon_set.get("status"):
            await self.client.update(DAEMON_SETS, {**daemon_set, "status": status}, subresource="status")
        pods = (pod for pods in situation.pods.values() for pod in pods)
        wait = next_availability(pods, daemon_set["spec"].get("minReadySeconds", 0), situation.now)
        if wait:
            self.queue.add_after(key, wait)

    async def _history(self, daemon_set: Object) -> tuple[Object, list[Object]]:
        """The revision that records the daemon set as it is now, made if need be, and the others."""
        current, old = split(daemon_set, await self._revision_claimant.claim(daemon_set))
        number = next_revision(old)
        if not current:
            return await self._snapshot(daemon_set, number), old
        kept = current[-1]
        if int(kept["revision"]) < number:
            kept = await self.client.update(CONTROLLER_REVISIONS, {**kept, "revision": number})
        return kept, current[:-1] + old

    async def _snapshot(self, daemon_set: Object, number: int) -> Object:
        wanted = new_revision(daemon_set, number, gvr=DAEMON_SETS, kind="DaemonSet")
        try:
            return await self.client.create(CONTROLLER_REVISIONS, wanted, namespace=namespace_of(daemon_set))
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            present = await self.client.get(CONTROLLER_REVISIONS, name_of(wanted), namespace_of(daemon_set))
            if present.get("data") == data_of(daemon_set):
                return present
            status = daemon_set.get("status", {})
            counted = {**status, "collisionCount": status.get("collisionCount", 0) + 1}
            await self.client.update(DAEMON_SETS, {**daemon_set, "status": counted}, subresource="status")
            raise

    async def _forget_history(self, situation: Situation, old: Sequence[Object]) -> None:
        live = {labels_of(pod).get(HASH_LABEL, "") for pods in situation.pods.values() for pod in pods}
        for revision in expendable(situation.daemon_set, old, live):
            await self.client.delete(CONTROLLER_REVISIONS, name_of(revision), namespace=namespace_of(revision))


class FailedPods:
    """Keeps a pod that fails again and again from being replaced again and again at once."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._backoff = Backoff(*_FAILED_BACKOFF)
        self._not_before: dict[str, float] = {}

    def may_replace(self, key: str, daemon_set: Object, pod: Object) -> bool:
        """Whether a pod that ended may go now; if not, the daemon set is looked at again in time."""
        if phase_of(pod) != "Failed":
            return True
        place = f"{daemon_set['metadata']['uid']}/{target_node(pod)}"
        now = self._controller.clock.monotonic()
        wait = self._not_before.get(place, now) - now
        if wait > 0:
            self._controller.queue.add_after(key, wait)
            return False
        self._not_before[place] = now + self._backoff.next(place)
        return True


def _placement_of(node: Object) -> tuple[Object, list[Object]]:
    """What of a node decides whether pods belong on it."""
    return labels_of(node), node.get("spec", {}).get("taints") or []
