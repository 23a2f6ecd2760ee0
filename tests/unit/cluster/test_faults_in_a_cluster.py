"""Faults in a whole cluster whose time stands still: what controllers make of nodes and pods that go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.core.pod_status import condition, is_ready
from fauxkube.kinds.gvrs import DEPLOYMENTS, ENDPOINTS, NODES, PODS, REPLICA_SETS, SERVICES
from fauxkube.machinery.objects import Object, is_terminating, name_of
from fauxkube.simulation.faults.engine import FaultError
from support.api import deployment, pod, service

FROZEN = Settings(clock_start=datetime(2026, 1, 1, tzinfo=UTC), clock_rate=0, seed=7)


def run(body: Callable[[Cluster], Awaitable[None]], settings: Settings = FROZEN) -> None:
    async def main() -> None:
        cluster = Cluster(settings)
        await cluster.start()
        try:
            await cluster.time.settle()
            await body(cluster)
        finally:
            await cluster.close()

    asyncio.run(main())


async def pods(cluster: Cluster) -> list[Object]:
    return (await cluster.client.list(PODS, "default")).items


async def taints(cluster: Cluster, node: str) -> list[tuple[str, str]]:
    spec = (await cluster.client.get(NODES, node))["spec"]
    return [(each["key"].rpartition("/")[2], each["effect"]) for each in spec.get("taints") or ()]


async def ready_status(cluster: Cluster, node: str) -> str:
    return str((condition(await cluster.client.get(NODES, node), "Ready") or {})["status"])


async def addresses(cluster: Cluster, name: str = "web") -> tuple[int, int]:
    """How many addresses of a service are ready, and how many are not."""
    subsets = (await cluster.client.get(ENDPOINTS, name, "default")).get("subsets") or []
    count = {key: sum(len(each.get(key) or ()) for each in subsets) for key in ("addresses", "notReadyAddresses")}
    return count["addresses"], count["notReadyAddresses"]


async def shop(cluster: Cluster, replicas: int = 3) -> None:
    await cluster.client.create(DEPLOYMENTS, deployment("web", replicas=replicas), namespace="default")
    await cluster.client.create(SERVICES, service("web", selector={"app": "web"}), namespace="default")
    await cluster.time.settle()


@pytest.mark.parametrize("effect", ["down", "partitioned"])
def test_a_node_is_lost_its_pods_move_and_it_comes_back(effect: str) -> None:
    async def body(cluster: Cluster) -> None:
        await shop(cluster)
        assert await addresses(cluster) == (3, 0)
        cluster.faults.add({"kind": "node", "match": {"name": "node-2"}, "effect": effect})
        await cluster.time.advance(45)
        assert await ready_status(cluster, "node-2") == "True"
        await cluster.time.advance(20)
        assert await ready_status(cluster, "node-2") == "Unknown"
        assert await taints(cluster, "node-2") == [("unreachable", "NoSchedule"), ("unreachable", "NoExecute")]
        assert await addresses(cluster) == (2, 1)
        await cluster.time.advance(310)
        leaving = [each for each in await pods(cluster) if is_terminating(each)]
        assert [each["spec"]["nodeName"] for each in leaving] == ["node-2"]
        assert await addresses(cluster) == (3, 0)
        await cluster.time.advance(600)
        assert len(await pods(cluster)) == 4
        cluster.faults.clear()
        await cluster.time.settle()
        assert len(await pods(cluster)) == 3
        assert await ready_status(cluster, "node-2") == "True"
        assert await taints(cluster, "node-2") == []

    run(body)


def test_a_node_that_was_away_for_a_moment_has_its_pods_ready_again() -> None:
    async def body(cluster: Cluster) -> None:
        await shop(cluster)
        for seconds in (60, 70, 130):
            cluster.faults.add({"kind": "node", "effect": "partitioned", "for": seconds})
            await cluster.time.advance(seconds - 1)
            assert await addresses(cluster) == (0, 3)
            await cluster.time.advance(1)
            await cluster.time.advance(20)
            assert await addresses(cluster) == (3, 0)

    run(body)


def test_nodes_under_pressure_are_tainted_and_pods_are_replaced_elsewhere() -> None:
    async def body(cluster: Cluster) -> None:
        await shop(cluster)
        cluster.faults.add({"kind": "node", "match": {"name": "node-1"}, "effect": "disk-pressure"})
        await cluster.time.settle()
        assert await taints(cluster, "node-1") == [("disk-pressure", "NoSchedule")]
        evicted = [each for each in await pods(cluster) if each["status"]["phase"] == "Failed"]
        assert [(each["spec"]["nodeName"], each["status"]["reason"]) for each in evicted] == [("node-1", "Evicted")]
        assert await addresses(cluster) == (3, 0)
        running = [each["spec"]["nodeName"] for each in await pods(cluster) if is_ready(each)]
        assert "node-1" not in running

    run(body)


def test_a_crash_loop_takes_pods_out_of_their_service_and_lets_them_in_again() -> None:
    async def body(cluster: Cluster) -> None:
        await shop(cluster, replicas=2)
        name = name_of((await pods(cluster))[0])
        cluster.faults.add(
            {"kind": "pod", "match": {"name": name}, "effect": {"type": "crash", "repeat": True}, "count": 2}
        )
        await cluster.time.settle()
        assert await addresses(cluster) == (1, 1)
        own = (await cluster.client.get(PODS, name, "default"))["status"]["containerStatuses"][0]
        assert own["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        rolled_out = await cluster.client.get(DEPLOYMENTS, "web", "default")
        assert rolled_out["status"]["unavailableReplicas"] == 1
        await cluster.time.advance(10)
        assert await addresses(cluster) == (2, 0)

    run(body)


def test_a_rollout_of_an_image_that_is_not_there_gets_stuck_and_goes_on() -> None:
    async def body(cluster: Cluster) -> None:
        await shop(cluster)
        cluster.faults.add({"kind": "pod", "match": {"image": "*:broken"}, "effect": "image-pull-error"})
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:broken"}]}}}}
        await cluster.client.patch(DEPLOYMENTS, "web", patch, namespace="default", kind="strategic")
        await cluster.time.settle()
        await cluster.time.advance(601)
        rolled_out = await cluster.client.get(DEPLOYMENTS, "web", "default")
        assert (condition(rolled_out, "Progressing") or {})["reason"] == "ProgressDeadlineExceeded"
        assert await addresses(cluster) == (3, 1)
        cluster.faults.clear()
        await cluster.time.advance(300)
        rolled_out = await cluster.client.get(DEPLOYMENTS, "web", "default")
        assert rolled_out["status"]["updatedReplicas"] == rolled_out["status"]["availableReplicas"] == 3

    run(body)


@pytest.mark.parametrize("name", ["deployment-controller", "deployment-*"])
def test_a_controller_that_is_paused_does_its_work_afterwards(name: str) -> None:
    async def body(cluster: Cluster) -> None:
        cluster.faults.add({"kind": "controller", "match": {"name": name}, "effect": "pause", "for": "1m"})
        await shop(cluster)
        assert (await cluster.client.list(REPLICA_SETS)).items == []
        await cluster.time.advance(60)
        assert await addresses(cluster) == (3, 0)

    run(body)


def test_a_scheduler_that_is_paused_leaves_pods_pending() -> None:
    async def body(cluster: Cluster) -> None:
        fault = cluster.faults.add({"kind": "controller", "match": {"name": "kube-scheduler"}, "effect": "pause"})
        await cluster.client.create(PODS, pod("web"), namespace="default")
        await cluster.time.settle()
        assert "nodeName" not in (await cluster.client.get(PODS, "web", "default"))["spec"]
        cluster.faults.remove(fault.id)
        await cluster.time.settle()
        assert is_ready(await cluster.client.get(PODS, "web", "default"))

    run(body)


def test_only_what_the_cluster_has_can_be_paused() -> None:
    async def body(cluster: Cluster) -> None:
        with pytest.raises(FaultError) as caught:
            cluster.faults.add({"kind": "controller", "match": {"name": "job-controller"}, "effect": "pause"})
        assert "there is no control loop 'job-controller', but there are bootstrap-signer-controller, " in str(
            caught.value
        )
        for name in ("garbage-collector-controller", "node-lifecycle-controller", "kube-scheduler", "kubelet"):
            assert f", {name}" in str(caught.value)

    run(body, Settings(nodes=0))


def test_a_seeded_cluster_makes_the_same_choices_in_its_faults() -> None:
    spec: dict[str, Any] = {"kind": "pod", "effect": "crash", "probability": 0.5}

    async def crashed() -> list[str]:
        cluster = Cluster(FROZEN)
        await cluster.start()
        try:
            await shop(cluster, replicas=8)
            cluster.faults.add(spec)
            await cluster.time.settle()
            status = [(name_of(each), each["status"]["containerStatuses"][0]) for each in await pods(cluster)]
            return sorted(name for name, own in status if own["restartCount"])
        finally:
            await cluster.close()

    first = asyncio.run(crashed())
    assert 0 < len(first) < 8
    assert asyncio.run(crashed()) == first


def test_a_fork_goes_on_with_what_was_wrong() -> None:
    async def body(cluster: Cluster) -> None:
        await shop(cluster, replicas=4)
        names = [name_of(each) for each in await pods(cluster) if each["spec"]["nodeName"] != "node-3"]
        effects: list[tuple[str, Any]] = [
            (names[0], {"type": "crash", "repeat": True}),
            (names[1], "unready"),
            ("late", "image-pull-error"),
        ]
        for name, effect in effects:
            cluster.faults.add({"kind": "pod", "match": {"name": name}, "effect": effect, "for": "1m"})
        cluster.faults.add({"kind": "node", "match": {"name": "node-3"}, "effect": "down", "count": 1})
        cluster.faults.add({"kind": "controller", "match": {"name": "replicaset-controller"}, "effect": "pause"})
        await cluster.client.create(PODS, pod("late", nodeName="node-1"), namespace="default")
        await cluster.time.advance(25)
        before = cluster.faults.list()[0].described()
        fork = cluster.fork()
        await fork.start()
        try:
            settled = await fork.time.settle()
            assert [each.described() for each in fork.faults.list()] == [
                each.described() for each in cluster.faults.list()
            ]
            assert settled.revision == cluster.store.revision
            await fork.time.advance(34)
            assert fork.faults.list()[0].described()["hits"] > before["hits"]
            assert cluster.faults.list()[0].described() == before
            await fork.time.advance(1)
            assert {each.state for each in fork.faults.list()} == {"expired", "exhausted", "active"}
            await fork.time.advance(60)
            assert all(is_ready(each) for each in await pods(fork) if each["spec"]["nodeName"] != "node-3")
            assert await ready_status(fork, "node-3") == "Unknown"
            await fork.client.delete(PODS, names[1], namespace="default")
            await fork.time.settle()
            assert len(await pods(fork)) == 4
            fork.faults.clear()
            await fork.time.advance(30)
            assert await addresses(fork) == (4, 0)
        finally:
            await fork.close()

    run(body)
