"""The disruption controller: each budget's status says how many of its pods may be evicted now.

Mirrors upstream's `pkg/controller/disruption`. When a budget's pods cannot be counted, nothing may be evicted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fauxkube.client.indexes import in_namespace, index_by_namespace
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.disruption_status import counts_of, needs_scale, seconds_to_recheck, status_of
from fauxkube.kinds.core.pod_status import controller_of
from fauxkube.kinds.gvrs import DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS
from fauxkube.kinds.policy.pod_disruption_budget import covers, set_disruption_allowed
from fauxkube.machinery.objects import GVR, Object, copy_of, key_of, labels_of, name_of, namespace_of
from fauxkube.machinery.status import StatusError


class UncountableError(Exception):
    """What wants the pods is not known, or does not say how many it wants."""


class DisruptionController(Controller):
    """Keys are those of disruption budgets."""

    name = "disruption-controller"
    source = "controllermanager"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._budgets = context.informers.of(POD_DISRUPTION_BUDGETS)
        self._pods = context.informers.of(PODS)
        self._replica_sets = context.informers.of(REPLICA_SETS)
        self._deployments = context.informers.of(DEPLOYMENTS)
        for informer in (self._budgets, self._pods):
            index_by_namespace(informer)
        self._budgets.on_change(self.enqueue)
        self._pods.on_change(self._pod_changed)
        for informer in (self._replica_sets, self._deployments):
            informer.on_change(self._scale_changed)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        for budget in in_namespace(self._budgets, namespace_of(new or old or {})):
            if any(pod and covers(budget, labels_of(pod)) for pod in (old, new)):
                self.queue.add(key_of(budget))

    def _scale_changed(self, old: Object | None, new: Object | None) -> None:
        if old and new and old["spec"].get("replicas") == new["spec"].get("replicas"):
            return
        for budget in in_namespace(self._budgets, namespace_of(new or old or {})):
            if needs_scale(budget):
                self.queue.add(key_of(budget))

    async def reconcile(self, key: str) -> None:
        budget = self._budgets.get(key)
        if budget is None:
            return
        pods = [pod for pod in in_namespace(self._pods, namespace_of(budget)) if covers(budget, labels_of(pod))]
        if not pods:
            self.recorder.event(budget, "Normal", "NoPods", "No matching pods found")
        try:
            scale = await self._scale(budget, pods) if needs_scale(budget) else 0
        except UncountableError as error:
            await self._give_up(budget, str(error))
            return
        now = self.clock.now()
        status = status_of(budget, pods, counts_of(budget, pods=len(pods), scale=scale), now=now)
        if status != budget.get("status"):
            await self._write(budget, status)
        wait = seconds_to_recheck(status.get("disruptedPods") or {}, now)
        if wait is not None:
            self.queue.add_after(key, wait + 1)

    async def _write(self, budget: Object, status: Object) -> None:
        await self.client.update(POD_DISRUPTION_BUDGETS, {**budget, "status": status}, subresource="status")

    async def _give_up(self, budget: Object, problem: str) -> None:
        """Let nothing be evicted while the pods cannot be counted."""
        message = f"Failed to calculate the number of expected pods: {problem}"
        self.recorder.event(budget, "Warning", "CalculateExpectedPodCountFailed", message)
        told = copy_of(budget)
        told["status"]["disruptionsAllowed"] = 0
        set_disruption_allowed(told, allowed=False, reason="SyncFailed", message=problem, now=self.clock.now())
        if told["status"] != budget["status"]:
            await self._write(budget, told["status"])

    async def _scale(self, budget: Object, pods: Sequence[Object]) -> int:
        """How many pods those want who control the pods; pods that nobody controls are told of and not counted."""
        wanted: dict[str, int] = {}
        unmanaged = False
        for pod in pods:
            reference = controller_of(pod)
            if reference is None:
                unmanaged = True
            elif reference["uid"] not in wanted:
                wanted[reference["uid"]] = 0
                uid, replicas = await self._scaled(reference, namespace_of(pod), name_of(pod))
                wanted[uid] = replicas
        if unmanaged:
            self.recorder.event(budget, "Warning", "UnmanagedPods", _unmanaged(budget["spec"].get("selector")))
        return sum(wanted.values())

    async def _scaled(self, reference: Object, namespace: str, pod: str) -> tuple[str, int]:
        """Who says how many pods there are to be, and how many: a replica set, its deployment, whatever has a scale."""
        resource = self.context.catalogue.of_object(reference)
        if resource is None:
            raise UncountableError(f'found no controllers for pod "{pod}"')
        scale = resource.projections.get("scale")
        if scale is None:
            raise UncountableError(f"{resource.group_resource} does not implement the scale subresource")
        owner = await self._find(resource.gvr, reference, namespace)
        if owner is None:
            raise UncountableError(f'found no controllers for pod "{pod}"')
        above = controller_of(owner)
        if resource.gvr == REPLICA_SETS and above and above["kind"] == "Deployment":
            owner = await self._find(DEPLOYMENTS, above, namespace) or owner
        try:
            return owner["metadata"]["uid"], scale.read(owner)["spec"].get("replicas", 0)
        except StatusError as error:
            raise UncountableError(error.message) from None

    async def _find(self, gvr: GVR, reference: Object, namespace: str) -> Object | None:
        """The very object that is referred to; an informer may not have heard of it yet, and others have none."""
        watched = {REPLICA_SETS: self._replica_sets, DEPLOYMENTS: self._deployments}.get(gvr)
        found = watched.get(f"{namespace}/{reference['name']}") if watched else None
        if found is None:
            try:
                found = await self.client.get(gvr, reference["name"], namespace)
            except StatusError as error:
                if error.code != 404:
                    raise
        return found if found and found["metadata"]["uid"] == reference["uid"] else None


def _unmanaged(selector: Object | None) -> str:
    return (
        f"Pods selected by this PodDisruptionBudget (selector: {_go_text(selector)}) were found to be unmanaged. As a "
        "result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To "
        'account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
    )


def _go_text(selector: Object | None) -> str:
    """A label selector as Go prints it."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    expressions = "".join(map(_expression, selector.get("matchExpressions") or ()))
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )


def _expression(each: Object) -> str:
    values: Iterable[str] = each.get("values") or ()
    shown = f"[{' '.join(values)}]"
    return f"LabelSelectorRequirement{{Key:{each['key']},Operator:{each['operator']},Values:{shown},}},"
