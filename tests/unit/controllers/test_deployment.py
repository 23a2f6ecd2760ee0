"""The Deployment controller, with the ReplicaSet controller beneath it, over a fake API server."""

from __future__ import annotations

import asyncio
from typing import Any

from fauxkube.controllers.deployment import DeploymentController
from fauxkube.controllers.deployment_revisions import revision_of
from fauxkube.controllers.replicaset import ReplicaSetController
from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import DEPLOYMENTS, PODS, REPLICA_SETS
from fauxkube.machinery.objects import Object, name_of
from support.control_loops import ControlLoops

KEY = "default/shop"


def deployment(replicas: int = 3, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "default", "annotations": {"team": "a"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": template("nginx:1"),
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            **spec,
        },
    }


def template(image: str) -> Object:
    return {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "c", "image": image}]}}


def loops_of_deployments() -> ControlLoops:
    return ControlLoops(DeploymentController, ReplicaSetController)


async def rolled_out(loops: ControlLoops) -> None:
    """Let pods turn ready and leave until nothing changes any more."""
    before = -1
    while before != loops.api.revision:
        before = loops.api.revision
        unready = [pod for pod in loops.pods() if condition(pod, "Ready") is None]
        loops.make_ready(*unready) if unready else None
        loops.reap()
        await loops.settle()


def progressing(loops: ControlLoops) -> Object:
    found = condition({"status": loops.status(DEPLOYMENTS, KEY)}, "Progressing")
    assert found is not None
    return found


def sizes(loops: ControlLoops) -> dict[int, int]:
    """The replica sets' sizes by revision."""
    return {revision_of(each): each["spec"]["replicas"] for each in loops.api.all(REPLICA_SETS)}


def test_a_new_deployment_makes_one_replica_set_named_after_its_template() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            loops.api.seed(DEPLOYMENTS, deployment())
            await loops.settle()
            (made,) = loops.api.all(REPLICA_SETS)
            hashed = made["metadata"]["labels"]["pod-template-hash"]
            assert name_of(made) == f"shop-{hashed}"
            assert made["spec"]["selector"]["matchLabels"] == {"app": "shop", "pod-template-hash": hashed}
            assert made["spec"]["template"]["metadata"]["labels"] == {"app": "shop", "pod-template-hash": hashed}
            assert made["metadata"]["annotations"] == {
                "team": "a",
                "deployment.kubernetes.io/revision": "1",
                "deployment.kubernetes.io/desired-replicas": "3",
                "deployment.kubernetes.io/max-replicas": "4",
            }
            assert ("ScalingReplicaSet", f"Scaled up replica set {name_of(made)} from 0 to 3") in loops.told()
            assert len(loops.pods()) == 3
            assert progressing(loops)["reason"] == "ReplicaSetUpdated"

    asyncio.run(main())


def test_a_finished_rollout_is_reported_complete() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            loops.api.seed(DEPLOYMENTS, deployment())
            await loops.settle()
            await rolled_out(loops)
            status = loops.status(DEPLOYMENTS, KEY)
            counts = {name: value for name, value in status.items() if name != "conditions"}
            assert counts == {
                "observedGeneration": 1,
                "replicas": 3,
                "updatedReplicas": 3,
                "readyReplicas": 3,
                "availableReplicas": 3,
                "terminatingReplicas": 0,
            }
            (made,) = loops.api.all(REPLICA_SETS)
            assert (progressing(loops)["reason"], progressing(loops)["message"]) == (
                "NewReplicaSetAvailable",
                f'ReplicaSet "{name_of(made)}" has successfully progressed.',
            )
            assert condition({"status": status}, "Available") == {
                "type": "Available",
                "status": "True",
                "lastUpdateTime": "2026-01-01T00:00:00Z",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
                "reason": "MinimumReplicasAvailable",
                "message": "Deployment has minimum availability.",
            }

    asyncio.run(main())


def test_a_rolling_update_keeps_within_its_bounds_and_ends_with_new_pods_only() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
            loops.api.seed(DEPLOYMENTS, deployment(4, strategy=strategy))
            await loops.settle()
            await rolled_out(loops)
            loops.api.change(DEPLOYMENTS, KEY, {"spec": {"template": template("nginx:2")}})
            await loops.settle()
            while sizes(loops) != {1: 0, 2: 4}:
                assert len(loops.pods()) <= 5
                ready = [pod for pod in loops.pods() if condition(pod, "Ready")]
                assert len(ready) >= 4
                unready = [pod for pod in loops.pods() if not condition(pod, "Ready")]
                assert unready
                loops.make_ready(unready[0])
                loops.reap()
                await loops.settle()
            await rolled_out(loops)
            assert {pod["spec"]["containers"][0]["image"] for pod in loops.pods()} == {"nginx:2"}
            assert progressing(loops)["reason"] == "NewReplicaSetAvailable"

    asyncio.run(main())


def test_recreate_waits_until_the_old_pods_are_gone() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            loops.api.seed(DEPLOYMENTS, deployment(2, strategy={"type": "Recreate"}))
            await loops.settle()
            await rolled_out(loops)
            loops.api.change(DEPLOYMENTS, KEY, {"spec": {"template": template("nginx:2")}})
            await loops.settle()
            assert sizes(loops) == {1: 0}
            assert len(loops.api.all(PODS)) == 2
            loops.reap()
            await loops.settle()
            assert sizes(loops) == {1: 0, 2: 2}

    asyncio.run(main())


def test_scaling_changes_the_size_and_no_revision() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            loops.api.seed(DEPLOYMENTS, deployment(3))
            await loops.settle()
            await rolled_out(loops)
            loops.api.change(DEPLOYMENTS, KEY, {"spec": {"replicas": 5}})
            await loops.settle()
            await rolled_out(loops)
            assert sizes(loops) == {1: 5}
            status = loops.status(DEPLOYMENTS, KEY)
            assert (status["availableReplicas"], status["observedGeneration"]) == (5, 2)
            (made,) = loops.api.all(REPLICA_SETS)
            assert ("ScalingReplicaSet", f"Scaled up replica set {name_of(made)} from 3 to 5") in loops.told()

    asyncio.run(main())


def test_a_paused_deployment_scales_but_does_not_roll() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            loops.api.seed(DEPLOYMENTS, deployment(2))
            await loops.settle()
            await rolled_out(loops)
            patch = {"spec": {"paused": True, "replicas": 4, "template": template("nginx:2")}}
            loops.api.change(DEPLOYMENTS, KEY, patch)
            await loops.settle()
            assert sizes(loops) == {1: 4}
            assert progressing(loops)["reason"] == "DeploymentPaused"
            loops.api.change(DEPLOYMENTS, KEY, {"spec": {"paused": False}})
            await loops.settle()
            await rolled_out(loops)
            assert sizes(loops) == {1: 0, 2: 4}

    asyncio.run(main())


def test_a_rollout_that_gets_stuck_runs_into_its_deadline() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            loops.api.seed(DEPLOYMENTS, deployment(1, progressDeadlineSeconds=60))
            await loops.settle()
            await loops.advance(60)
            assert progressing(loops)["reason"] == "ReplicaSetUpdated"
            await loops.advance(2)
            (made,) = loops.api.all(REPLICA_SETS)
            found = progressing(loops)
            assert (found["status"], found["reason"], found["message"]) == (
                "False",
                "ProgressDeadlineExceeded",
                f'ReplicaSet "{name_of(made)}" has timed out progressing.',
            )

    asyncio.run(main())


def test_going_back_reuses_the_old_replica_set_as_the_latest_revision() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            loops.api.seed(DEPLOYMENTS, deployment(1))
            await loops.settle()
            await rolled_out(loops)
            for image in ("nginx:2", "nginx:1"):
                loops.api.change(DEPLOYMENTS, KEY, {"spec": {"template": template(image)}})
                await loops.settle()
                await rolled_out(loops)
            assert sizes(loops) == {2: 0, 3: 1}
            (latest,) = (each for each in loops.api.all(REPLICA_SETS) if revision_of(each) == 3)
            assert latest["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"

    asyncio.run(main())


def test_history_beyond_the_limit_is_forgotten() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            loops.api.seed(DEPLOYMENTS, deployment(1, revisionHistoryLimit=1))
            await loops.settle()
            await rolled_out(loops)
            for image in ("nginx:2", "nginx:3", "nginx:4"):
                loops.api.change(DEPLOYMENTS, KEY, {"spec": {"template": template(image)}})
                await loops.settle()
                await rolled_out(loops)
            assert sizes(loops) == {3: 0, 4: 1}

    asyncio.run(main())


def test_a_name_taken_by_another_template_is_avoided_by_counting_the_collision() -> None:
    async def main() -> None:
        async with loops_of_deployments() as loops:
            loops.api.seed(DEPLOYMENTS, deployment(1, paused=True))
            await loops.settle()
            first = loops.api.find(DEPLOYMENTS, KEY)
            assert first is not None
            taken = _name_it_would_take(first)
            stranger = {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {"name": taken, "namespace": "default", "labels": {"app": "other"}},
                "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "other"}}, "template": template("other")},
            }
            loops.api.seed(REPLICA_SETS, stranger)
            loops.api.change(DEPLOYMENTS, KEY, {"spec": {"paused": False}})
            await loops.advance(10)
            assert loops.status(DEPLOYMENTS, KEY)["collisionCount"] == 1
            made = [name_of(each) for each in loops.api.all(REPLICA_SETS)]
            assert len(made) == 2
            assert len(loops.pods()) == 1

    asyncio.run(main())


def _name_it_would_take(obj: Object) -> str:
    from fauxkube.controllers.deployment_revisions import new_replica_set

    return name_of(new_replica_set(obj, revision=1, replicas=1))
