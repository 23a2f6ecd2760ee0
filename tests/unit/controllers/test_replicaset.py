"""The ReplicaSet controller over a fake API server."""

from __future__ import annotations

import asyncio
from typing import Any

from fauxkube.controllers.replicaset import ReplicaSetController
from fauxkube.kinds.gvrs import PODS, REPLICA_SETS
from fauxkube.machinery.objects import Object, key_of
from fauxkube.machinery.status import forbidden
from support.control_loops import ControlLoops

KEY = "default/web"


def replica_set(replicas: int = 3, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}]},
            },
            **spec,
        },
    }


def pod(name: str, *, labels: dict[str, str] | None = None, owner: Object | None = None) -> Object:
    metadata: Object = {"name": name, "namespace": "default", "labels": labels or {"app": "web"}}
    if owner:
        uid = owner["metadata"]["uid"]
        reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": uid, "controller": True}
        metadata["ownerReferences"] = [reference]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}}


def test_missing_pods_are_created_from_the_template_and_counted() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            owner = loops.api.seed(REPLICA_SETS, replica_set(3))
            await loops.settle()
            pods = loops.pods()
            assert len(pods) == 3
            assert all(each["metadata"]["name"].startswith("web-") for each in pods)
            assert pods[0]["metadata"]["ownerReferences"] == [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": "web",
                    "uid": owner["metadata"]["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ]
            status = loops.status(REPLICA_SETS, KEY)
            assert status == {
                "replicas": 3,
                "fullyLabeledReplicas": 3,
                "observedGeneration": 1,
                "terminatingReplicas": 0,
            }
            assert sorted(loops.told()) == sorted(
                ("SuccessfulCreate", f"Created pod: {each['metadata']['name']}") for each in pods
            )

    asyncio.run(main())


def test_ready_pods_are_available_at_once_without_min_ready_seconds() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            loops.api.seed(REPLICA_SETS, replica_set(2))
            await loops.settle()
            loops.make_ready()
            await loops.settle()
            status = loops.status(REPLICA_SETS, KEY)
            assert (status["readyReplicas"], status["availableReplicas"]) == (2, 2)

    asyncio.run(main())


def test_min_ready_seconds_pass_by_the_clock() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            loops.api.seed(REPLICA_SETS, replica_set(1, minReadySeconds=30))
            await loops.settle()
            loops.make_ready()
            await loops.advance(29)
            status = loops.status(REPLICA_SETS, KEY)
            assert (status["readyReplicas"], status.get("availableReplicas")) == (1, None)
            await loops.advance(1)
            status = loops.status(REPLICA_SETS, KEY)
            assert status["availableReplicas"] == 1

    asyncio.run(main())


def test_a_deleted_pod_is_replaced() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            loops.api.seed(REPLICA_SETS, replica_set(2))
            await loops.settle()
            gone = loops.pods()[0]
            loops.api.remove(PODS, key_of(gone))
            await loops.settle()
            names = {each["metadata"]["name"] for each in loops.pods()}
            assert len(names) == 2
            assert gone["metadata"]["name"] not in names

    asyncio.run(main())


def test_scaling_down_spares_the_ready_pods() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            loops.api.seed(REPLICA_SETS, replica_set(4))
            await loops.settle()
            kept = loops.pods()[2]
            loops.make_ready(kept)
            loops.api.change(REPLICA_SETS, KEY, {"spec": {"replicas": 1}})
            await loops.settle()
            assert [each["metadata"]["name"] for each in loops.pods()] == [kept["metadata"]["name"]]
            assert [reason for reason, _ in loops.told()].count("SuccessfulDelete") == 3

    asyncio.run(main())


def test_a_matching_orphan_is_adopted_before_new_pods_are_made() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            loops.api.seed(PODS, pod("stray"))
            loops.api.seed(REPLICA_SETS, replica_set(2))
            await loops.settle()
            adopted = loops.api.find(PODS, "default/stray")
            assert adopted is not None
            assert adopted["metadata"]["ownerReferences"][0]["name"] == "web"
            assert len(loops.pods()) == 2

    asyncio.run(main())


def test_a_relabelled_pod_is_released_and_replaced() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            loops.api.seed(REPLICA_SETS, replica_set(2))
            await loops.settle()
            key = key_of(loops.pods()[0])
            loops.api.change(PODS, key, {"metadata": {"labels": {"app": "debug"}}})
            await loops.settle()
            released = loops.api.find(PODS, key)
            assert released is not None
            assert "ownerReferences" not in released["metadata"]
            assert len(loops.pods()) == 3

    asyncio.run(main())


def test_a_terminating_pod_counts_as_terminating_and_is_replaced() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            loops.api.seed(REPLICA_SETS, replica_set(1))
            await loops.settle()
            loops.make_ready()
            await loops.settle()
            leaving = loops.pods()[0]
            await loops.api.delete(PODS, leaving["metadata"]["name"], namespace="default")
            await loops.settle()
            status = loops.status(REPLICA_SETS, KEY)
            assert (status["replicas"], status["terminatingReplicas"]) == (1, 1)
            assert len(loops.pods()) == 1

    asyncio.run(main())


def test_a_refused_create_is_told_and_tried_again() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            refusal = forbidden("pods", "web-x", "exceeded quota")
            loops.api.fail("create", PODS, refusal, refusal)
            loops.api.seed(REPLICA_SETS, replica_set(2))
            await loops.settle()
            failed = loops.status(REPLICA_SETS, KEY)["conditions"][0]
            assert (failed["type"], failed["reason"], failed["message"]) == (
                "ReplicaFailure",
                "FailedCreate",
                refusal.message,
            )
            assert ("FailedCreate", f"Error creating: {refusal.message}") in loops.told()
            await loops.advance(10)
            status = loops.status(REPLICA_SETS, KEY)
            assert status["replicas"] == 2
            assert "conditions" not in status

    asyncio.run(main())


def test_pods_of_another_owner_are_left_alone() -> None:
    async def main() -> None:
        async with ControlLoops(ReplicaSetController) as loops:
            other = {"metadata": {"uid": "someone-else"}}
            loops.api.seed(PODS, pod("theirs", owner=other))
            loops.api.seed(REPLICA_SETS, replica_set(1))
            await loops.settle()
            assert len(loops.pods()) == 2
            theirs = loops.api.find(PODS, "default/theirs")
            assert theirs is not None
            assert theirs["metadata"]["ownerReferences"][0]["uid"] == "someone-else"

    asyncio.run(main())
