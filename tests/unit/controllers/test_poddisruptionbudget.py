"""The disruption controller: the arithmetic by table, the loop over a fake API server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fauxkube.controllers.disruption_status import Counts, counts_of
from fauxkube.controllers.poddisruptionbudget import DisruptionController
from fauxkube.kinds.gvrs import DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS
from fauxkube.machinery.objects import Object
from support.control_loops import ControlLoops

KEY = "default/pdb"
SELECTOR = {"matchLabels": {"app": "web"}}


def budget(**spec: Any) -> Object:
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "pdb", "namespace": "default"},
        "spec": {"selector": SELECTOR, **spec},
        "status": dict.fromkeys(counts, 0),
    }


def pod(name: str, owner: Object | None = None, **labels: str) -> Object:
    metadata: Object = {"name": name, "namespace": "default", "labels": labels or {"app": "web"}}
    if owner:
        metadata["ownerReferences"] = [reference(owner)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}}


def reference(owner: Object) -> Object:
    metadata = owner["metadata"]
    named = {"apiVersion": "apps/v1", "kind": owner["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {**named, "controller": True}


def workload(kind: str, name: str, replicas: int, owner: Object | None = None) -> Object:
    metadata: Object = {"name": name, "namespace": "default"}
    if owner:
        metadata["ownerReferences"] = [reference(owner)]
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": {"replicas": replicas}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, Counts(0, 0)),
        ({"minAvailable": 2}, Counts(3, 2)),
        ({"minAvailable": "50%"}, Counts(5, 3)),
        ({"maxUnavailable": 1}, Counts(5, 4)),
        ({"maxUnavailable": "25%"}, Counts(5, 3)),
        ({"maxUnavailable": 9}, Counts(5, 0)),
    ],
)
def test_shares_are_of_what_the_controllers_want_and_rounded_up(spec: Object, expected: Counts) -> None:
    assert counts_of(budget(**spec), pods=3, scale=5) == expected


def test_what_is_healthy_beyond_the_minimum_may_go() -> None:
    async def main() -> None:
        async with ControlLoops(DisruptionController) as loops:
            for name in ("a", "b", "c"):
                loops.api.seed(PODS, pod(name))
            loops.api.seed(PODS, pod("stranger", app="db"))
            loops.api.seed(POD_DISRUPTION_BUDGETS, budget(minAvailable=1))
            loops.make_ready(*loops.pods()[:2])
            await loops.settle()
            status = loops.status(POD_DISRUPTION_BUDGETS, KEY)
            (condition,) = status.pop("conditions")
            assert status == {
                "observedGeneration": 1,
                "disruptionsAllowed": 1,
                "currentHealthy": 2,
                "desiredHealthy": 1,
                "expectedPods": 3,
            }
            assert (condition["type"], condition["status"], condition["reason"]) == (
                "DisruptionAllowed",
                "True",
                "SufficientPods",
            )

    asyncio.run(main())


def test_a_deployment_s_pods_are_counted_by_what_it_wants() -> None:
    async def main() -> None:
        async with ControlLoops(DisruptionController) as loops:
            deployment = loops.api.seed(DEPLOYMENTS, workload("Deployment", "web", 4))
            replica_set = loops.api.seed(REPLICA_SETS, workload("ReplicaSet", "web-1", 2, deployment))
            for name in ("a", "b"):
                loops.api.seed(PODS, pod(name, replica_set))
            loops.make_ready()
            loops.api.seed(POD_DISRUPTION_BUDGETS, budget(maxUnavailable=1))
            await loops.settle()
            status = loops.status(POD_DISRUPTION_BUDGETS, KEY)
            assert (status["expectedPods"], status["desiredHealthy"], status["disruptionsAllowed"]) == (4, 3, 0)
            loops.api.change(DEPLOYMENTS, "default/web", {"spec": {"replicas": 2}})
            await loops.settle()
            status = loops.status(POD_DISRUPTION_BUDGETS, KEY)
            assert (status["expectedPods"], status["desiredHealthy"], status["disruptionsAllowed"]) == (2, 1, 1)

    asyncio.run(main())


def test_pods_that_nobody_controls_are_told_of() -> None:
    async def main() -> None:
        async with ControlLoops(DisruptionController) as loops:
            loops.api.seed(PODS, pod("a"))
            loops.api.seed(POD_DISRUPTION_BUDGETS, budget(maxUnavailable=1))
            await loops.settle()
            reason, message = loops.told()[0]
            assert reason == "UnmanagedPods"
            assert message.startswith(
                "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{"
                "app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. "
            )

    asyncio.run(main())


def test_what_cannot_be_counted_may_not_go() -> None:
    async def main() -> None:
        async with ControlLoops(DisruptionController) as loops:
            daemon = {"kind": "DaemonSet", "metadata": {"name": "d", "uid": "1"}}
            loops.api.seed(PODS, pod("a", daemon))
            loops.api.seed(POD_DISRUPTION_BUDGETS, budget(minAvailable="50%"))
            await loops.settle()
            status = loops.status(POD_DISRUPTION_BUDGETS, KEY)
            problem = "daemonsets.apps does not implement the scale subresource"
            assert (status["conditions"][0]["reason"], status["conditions"][0]["message"]) == ("SyncFailed", problem)
            assert loops.told()[0] == (
                "CalculateExpectedPodCountFailed",
                f"Failed to calculate the number of expected pods: {problem}",
            )

    asyncio.run(main())


def test_an_eviction_that_was_granted_and_does_not_happen_is_forgotten() -> None:
    async def main() -> None:
        async with ControlLoops(DisruptionController) as loops:
            loops.api.seed(PODS, pod("a"))
            loops.make_ready()
            granted = budget(minAvailable=0)
            granted["status"]["disruptedPods"] = {"a": "2026-01-01T00:00:00Z"}
            loops.clock.set_now(loops.clock.now().replace(year=2026, month=1, day=1, hour=0, minute=0, second=30))
            loops.api.seed(POD_DISRUPTION_BUDGETS, granted)
            await loops.settle()
            assert loops.status(POD_DISRUPTION_BUDGETS, KEY)["currentHealthy"] == 0
            await loops.advance(100)
            status = loops.status(POD_DISRUPTION_BUDGETS, KEY)
            assert (status["currentHealthy"], "disruptedPods" in status) == (1, False)

    asyncio.run(main())


def test_a_budget_without_pods_says_so() -> None:
    async def main() -> None:
        async with ControlLoops(DisruptionController) as loops:
            loops.api.seed(POD_DISRUPTION_BUDGETS, budget(minAvailable=1))
            await loops.settle()
            assert ("NoPods", "No matching pods found") in loops.told()

    asyncio.run(main())
