"""Evictions: deletions of pods that disruption budgets may put off (`pods/eviction`).

As upstream's `pkg/registry/core/pod/storage/eviction.go`. A pod that is over, not started or already going needs no
budget. Else the one budget that covers it must allow a disruption, which is taken from it before the pod goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.core.pod_status import is_ready, is_terminal, phase_of, set_condition, set_condition_times
from fauxkube.kinds.gvrs import POD_DISRUPTION_BUDGETS
from fauxkube.kinds.policy.pod_disruption_budget import covers, tell_disruption_allowed
from fauxkube.kinds.resource import Resource
from fauxkube.kit.clock import Clock
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object, is_terminating, labels_of, name_of, namespace_of
from fauxkube.machinery.times import to_time
from fauxkube.registry.codec import decode
from fauxkube.registry.deleting import Deleter
from fauxkube.registry.options import DeleteOptions, ListQuery, WriteOptions
from fauxkube.registry.reading import Reader
from fauxkube.registry.writing import Target, Writer

_VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."
_SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
#: Evictions that are granted and not yet seen to happen.
_GRANTS_MAX = 2000


class Evictor:
    """Evicts pods, by the budgets of one store."""

    def __init__(self, reader: Reader, writer: Writer, deleter: Deleter, *, catalogue: Catalogue, clock: Clock) -> None:
        self._reader = reader
        self._writer = writer
        self._deleter = deleter
        self._catalogue = catalogue
        self._clock = clock

    async def evict(self, target: Target, options: DeleteOptions) -> None:
        """Delete the pod; 429 when its budget forbids it for now, 500 when it has several."""
        entry = self._reader.get(target.resource, target.namespace, target.name)
        pod = decode(entry.value)
        if _needs_no_budget(pod):
            if phase_of(pod) == "Pending" and not is_terminating(pod) and not options.resource_version:
                options = replace(options, resource_version=str(entry.revision))
            await self._delete(target, options)
            return
        budget = self._budget_of(pod)
        if budget is None:
            await self._mark_and_delete(target, options)
        elif _ignores(budget, pod):
            await self._delete_unready(target, budget, str(entry.revision), options)
        else:
            await self._take_from(budget, pod, options)
            await self._mark_and_delete(target, options)

    def _budget_of(self, pod: Object) -> Object | None:
        resource = self._budgets
        listed = self._reader.list(resource, namespace_of(pod), ListQuery())
        found = [each for each in map(decode, listed.values) if covers(each, labels_of(pod))]
        if len(found) > 1:
            raise status.StatusError(500, "", _SEVERAL)
        return found[0] if found else None

    @property
    def _budgets(self) -> Resource:
        resource = self._catalogue.find(*POD_DISRUPTION_BUDGETS)
        if resource is None:
            raise status.no_such_path()
        return resource

    async def _take_from(self, budget: Object, pod: Object, options: DeleteOptions) -> None:
        """Take one disruption from the budget, or refuse; counted on what is stored as it is written."""
        target = Target(self._budgets, namespace_of(budget), name_of(budget), "status")
        write = WriteOptions(typed=True, dry_run=options.dry_run, author=options.author)
        await self._writer.guaranteed_update(target, self._taking(name_of(pod)), write)

    def _taking(self, pod: str) -> Callable[[Object], Object]:
        def take(budget: Object) -> Object:
            _check(budget)
            budget["status"]["disruptionsAllowed"] -= 1
            if not budget["status"]["disruptionsAllowed"]:
                tell_disruption_allowed(budget, now=self._clock.now())
            noted = budget["status"].get("disruptedPods") or {}
            budget["status"]["disruptedPods"] = {**noted, pod: to_time(self._clock.now())}
            return budget

        return take

    async def _delete_unready(self, target: Target, budget: Object, revision: str, options: DeleteOptions) -> None:
        """Delete a pod that does not count as healthy, unless it has changed meanwhile."""
        if options.resource_version:
            await self._delete(target, options)
            return
        try:
            await self._delete(target, replace(options, resource_version=revision))
        except status.StatusError as error:
            raise _still_processed(budget) if error.code == 409 else error from None

    async def _mark_and_delete(self, target: Target, options: DeleteOptions) -> None:
        """Tell the pod why it goes (KEP-3329), and let it go."""
        if not options.dry_run and not options.resource_version:
            write = WriteOptions(typed=True, author=options.author)
            await self._writer.guaranteed_update(target, self._marked, write, checked=True)
        await self._delete(target, options)

    def _marked(self, pod: Object) -> Object:
        told = {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
        set_condition(pod, "DisruptionTarget", "True", now=self._clock.now(), **told)
        set_condition_times(pod["status"])
        return pod

    async def _delete(self, target: Target, options: DeleteOptions) -> None:
        await self._deleter.delete(target.resource, target.namespace, target.name, options)


def _needs_no_budget(pod: Object) -> bool:
    return is_terminal(pod) or phase_of(pod) == "Pending" or is_terminating(pod)


def _ignores(budget: Object, pod: Object) -> bool:
    """Whether the pod may go whatever the budget allows, as it is not ready anyway."""
    if is_ready(pod):
        return False
    counted = budget.get("status") or {}
    healthy, desired = counted.get("currentHealthy", 0), counted.get("desiredHealthy", 0)
    return bool(budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow" or healthy >= desired > 0)


def _check(budget: Object) -> None:
    """Refuse unless the budget allows a disruption now."""
    counted, name = budget["status"], name_of(budget)
    if counted.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _still_processed(budget)
    if counted["disruptionsAllowed"] < 0:
        raise status.forbidden("poddisruptionbudget.policy", name, "pdb disruptions allowed is negative")
    if len(counted.get("disruptedPods") or ()) > _GRANTS_MAX:
        problem = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise status.forbidden("poddisruptionbudget.policy", name, problem)
    if not counted["disruptionsAllowed"]:
        needs, has = counted["desiredHealthy"], counted["currentHealthy"]
        told = f"The disruption budget {name} needs {needs} healthy pods and has {has} currently"
        raise status.too_many_requests(_VIOLATES, retry_after=0, causes=[_cause(told)])


def _still_processed(budget: Object) -> status.StatusError:
    told = f"The disruption budget {name_of(budget)} is still being processed by the server."
    return status.too_many_requests(_VIOLATES, retry_after=10, causes=[_cause(told)])


def _cause(message: str) -> Object:
    return {"reason": "DisruptionBudget", "message": message}
