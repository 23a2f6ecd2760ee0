"""A cluster's time: settled means that nothing is left to do, and time passes when and as far as it is told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.cluster.time import ClockError, NotRunningError, NotSettledError
from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import DEPLOYMENTS, ENDPOINT_SLICES, ENDPOINTS, EVENTS, LEASES, NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object, is_terminating, name_of
from fauxkube.machinery.status import StatusError
from fauxkube.machinery.times import from_time
from support.api import deployment, pod, service
from support.running import settled

START = datetime(2026, 1, 1, tzinfo=UTC)
FROZEN = Settings(clock_start=START, clock_rate=0)


def run(body: Callable[[Cluster], Awaitable[None]], settings: Settings = FROZEN) -> None:
    async def main() -> None:
        async with settled(Cluster(settings)) as cluster:
            await body(cluster)

    asyncio.run(main())


def web(**parts: object) -> Object:
    """A service's body that selects what the deployment `web` runs."""
    return service("web", selector={"app": "web"}) | parts


async def ready_nodes(cluster: Cluster) -> dict[str, str]:
    nodes = (await cluster.client.list(NODES)).items
    return {name_of(node): (condition(node, "Ready") or {})["status"] for node in nodes}


# Settle


def test_a_deployment_comes_up_while_time_stands_still() -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(DEPLOYMENTS, deployment("web", replicas=3), namespace="default")
        settled = await cluster.time.settle()
        pods = (await cluster.client.list(PODS)).items
        assert [each["status"]["phase"] for each in pods] == ["Running"] * 3
        assert {each["metadata"]["creationTimestamp"] for each in pods} == {"2026-01-01T00:00:00Z"}
        rolled_out = await cluster.client.get(DEPLOYMENTS, "web", "default")
        assert rolled_out["status"]["availableReplicas"] == 3
        assert (settled.now, settled.revision) == (START, cluster.store.revision)

    run(body)


@pytest.mark.parametrize("in_file", [False, True], ids=["memory", "file"])
def test_endpoints_are_there_once_settled(in_file: bool, tmp_path: Path) -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(SERVICES, web(), namespace="default")
        created = await cluster.client.create(DEPLOYMENTS, deployment("web", replicas=3), namespace="default")
        await cluster.time.settle(revision=int(created["metadata"]["resourceVersion"]))
        (subset,) = (await cluster.client.get(ENDPOINTS, "web", "default"))["subsets"]
        slices = (await cluster.client.list(ENDPOINT_SLICES, label_selector="kubernetes.io/service-name=web")).items
        assert len(subset["addresses"]) == len(slices[0]["endpoints"]) == 3
        reasons = {event["reason"] for event in (await cluster.client.list(EVENTS)).items}
        assert {"ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "Started"} <= reasons

    run(body, Settings(data=tmp_path / "data" if in_file else None))


def test_a_settled_cluster_stays_as_it_is() -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(DEPLOYMENTS, deployment("web", replicas=5), namespace="default")
        settled = await cluster.time.settle()
        await asyncio.sleep(0.05)
        assert await cluster.time.settle() == settled

    run(body)


def test_a_fork_settles_on_its_own() -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(DEPLOYMENTS, deployment("web"), namespace="default")
        fork = cluster.fork()
        await fork.start()
        try:
            await fork.time.settle()
            (running_pod,) = (await fork.client.list(PODS)).items
            assert running_pod["status"]["phase"] == "Running"
            await fork.time.advance(60)
            assert (fork.clock.now(), cluster.clock.now()) == (START + timedelta(minutes=1), START)
        finally:
            await fork.close()

    run(body)


def test_what_cannot_be_reached_is_named() -> None:
    async def body(cluster: Cluster) -> None:
        ahead = cluster.store.revision + 1
        with pytest.raises(NotSettledError, match=f"within 0.02 s: .*the store .* not yet at {ahead}"):
            await cluster.time.settle(revision=ahead, timeout=0.02)
        for loop in cluster.loops:
            if loop.name == "deployment-controller":
                loop.queue.add("default/web")
                assert "deployment-controller (default/web)" in list(cluster.time.activity.under_way())
                loop.queue.take()
        with pytest.raises(NotSettledError) as failure:
            await cluster.time.settle(timeout=0)
        assert failure.value.busy == ["deployment-controller (default/web)"]

    run(body)


def test_a_cluster_that_is_closed_does_not_settle() -> None:
    async def main() -> None:
        async with settled(Cluster(FROZEN)) as cluster:
            waiting = asyncio.create_task(cluster.time.settle(revision=10**9))
            await asyncio.sleep(0)
        with pytest.raises(NotRunningError, match="the cluster is not running"):
            await waiting
        with pytest.raises(NotRunningError):
            await cluster.time.advance(1)

    asyncio.run(main())


def test_what_fails_for_good_keeps_nobody_waiting_for_long() -> None:
    async def body(cluster: Cluster) -> None:
        loop = next(iter(cluster.loops))
        for _ in range(6):
            loop.queue.add_rate_limited("default/gone")
        assert loop.pressing(0.25)
        await cluster.time.settle(timeout=5)
        for _ in range(9):
            loop.queue.add_rate_limited("default/broken")
            loop.queue.forget("default/gone")
        began = time.monotonic()
        await cluster.time.settle()
        assert time.monotonic() - began < 5

    run(body)


def test_a_watch_that_nobody_reads_is_not_waited_for_twice() -> None:
    async def body(cluster: Cluster) -> None:
        stuck = cluster.store.subscribe("pods/", after=0)
        await cluster.client.create(PODS, pod("web"), namespace="default")
        await cluster.time.settle(timeout=5)
        assert stuck.pending
        began = time.monotonic()
        await cluster.time.settle()
        assert time.monotonic() - began < 0.2
        stuck.close()

    run(body)


def test_what_a_paused_loop_is_to_do_is_not_waited_for() -> None:
    async def body(cluster: Cluster) -> None:
        (loop,) = (each for each in cluster.loops if each.name == "replicaset-controller")
        loop.pause()
        cluster.scheduler.pause()
        await cluster.client.create(DEPLOYMENTS, deployment("web"), namespace="default")
        await cluster.time.settle()
        assert (await cluster.client.list(PODS)).items == []
        loop.resume()
        await cluster.time.settle()
        (created,) = (await cluster.client.list(PODS)).items
        assert "nodeName" not in created["spec"]
        cluster.scheduler.resume()
        await cluster.time.settle()
        assert (await cluster.client.list(PODS)).items[0]["status"]["phase"] == "Running"

    run(body)


# Advance


def test_an_hour_passes_and_every_node_is_well() -> None:
    async def body(cluster: Cluster) -> None:
        settled = await cluster.time.advance(3600)
        assert settled.now == cluster.clock.now() == START + timedelta(hours=1)
        assert await ready_nodes(cluster) == {"node-1": "True", "node-2": "True", "node-3": "True"}
        leases = (await cluster.client.list(LEASES)).items
        assert len(leases) == 3
        for lease in leases:
            assert settled.now - from_time(lease["spec"]["renewTime"]) < timedelta(seconds=11)

    run(body)


def test_events_are_forgotten_after_an_hour() -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(PODS, pod("web"), namespace="default")
        await cluster.time.settle()
        await cluster.time.advance(3599)
        assert len((await cluster.client.list(EVENTS, "default")).items) > 5
        await cluster.time.advance(1)
        assert (await cluster.client.list(EVENTS, "default")).items == []

    run(body)


def test_a_node_that_falls_silent_is_lost_and_its_pods_have_to_go() -> None:
    """Nobody renews the lease of a node whose kubelet is someone else's, here no one's."""
    lost = {
        "metadata": {"name": "lost", "annotations": {"fauxkube.io/kubelet": "none"}},
        "spec": {},
    }

    async def body(cluster: Cluster) -> None:
        client = cluster.client
        node = await client.create(NODES, lost)
        beat = {"lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        told = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "well", **beat}
        await client.update(NODES, node | {"status": {"conditions": [told]}}, subresource="status")
        await client.create(PODS, pod("web", nodeName="lost"), namespace="default")
        await cluster.time.advance(49)
        assert (await ready_nodes(cluster))["lost"] == "True"
        await cluster.time.advance(2)
        assert (await ready_nodes(cluster))["lost"] == "Unknown"
        taints = (await client.get(NODES, "lost"))["spec"]["taints"]
        assert ("node.kubernetes.io/unreachable", "NoExecute") in [(each["key"], each["effect"]) for each in taints]
        await cluster.time.advance(295)
        assert not is_terminating(await client.get(PODS, "web", "default"))
        await cluster.time.advance(10)
        assert is_terminating(await client.get(PODS, "web", "default"))
        assert (await ready_nodes(cluster))["node-1"] == "True"

    run(body)


def test_pods_take_the_time_they_are_said_to_take() -> None:
    async def body(cluster: Cluster) -> None:
        client = cluster.client

        async def state() -> tuple[str, bool]:
            found = await client.get(PODS, "web", "default")
            return found["status"]["phase"], is_terminating(found)

        await client.create(PODS, pod("web", terminationGracePeriodSeconds=20), namespace="default")
        await cluster.time.advance(5)
        assert await state() == ("Pending", False)
        await cluster.time.advance(1)
        assert await state() == ("Running", False)
        await client.delete(PODS, "web", namespace="default")
        await cluster.time.advance(19)
        assert await state() == ("Running", True)
        await cluster.time.advance(1)
        with pytest.raises(StatusError, match="not found"):
            await state()

    run(body, replace(FROZEN, image_pull_seconds=4, container_start_seconds=2, stop_seconds=60))


def test_time_runs_on_from_where_it_was_advanced_to() -> None:
    async def body(cluster: Cluster) -> None:
        before = cluster.clock.now()
        settled = await cluster.time.advance(600)
        assert timedelta(minutes=10) <= settled.now - before < timedelta(minutes=11)
        assert cluster.time.state().rate == 1
        assert set((await ready_nodes(cluster)).values()) == {"True"}
        now = cluster.clock.now()
        await asyncio.sleep(0.002)
        assert cluster.clock.now() > now

    run(body, Settings())


def test_those_who_advance_time_take_turns() -> None:
    async def body(cluster: Cluster) -> None:
        moments = await asyncio.gather(*(cluster.time.advance(30) for _ in range(3)))
        assert [settled.now - START for settled in moments] == [timedelta(seconds=each) for each in (30, 60, 90)]

    run(body)


def test_to_advance_by_nothing_settles() -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(DEPLOYMENTS, deployment("web"), namespace="default")
        assert (await cluster.time.advance(0)).now == START
        assert len((await cluster.client.list(PODS)).items) == 1

    run(body)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e9])
def test_time_goes_neither_back_nor_on_for_ever(seconds: float) -> None:
    async def body(cluster: Cluster) -> None:
        with pytest.raises(ClockError, match="time can be advanced by 0 to 31622400 seconds"):
            await cluster.time.advance(seconds)
        assert cluster.clock.now() == START

    run(body)


def test_time_does_not_go_back_when_a_cluster_is_started_again(tmp_path: Path) -> None:
    settings = Settings(clock_start=START, clock_rate=0, data=tmp_path / "data")

    async def first(cluster: Cluster) -> None:
        await cluster.time.advance(60)
        await cluster.client.create(PODS, pod("web"), namespace="default")

    async def second(cluster: Cluster) -> None:
        assert cluster.clock.now() == START + timedelta(seconds=60)

    run(first, settings)
    run(second, settings)


# Freeze and run


def test_time_is_frozen_and_runs_again() -> None:
    async def body(cluster: Cluster) -> None:
        state = await cluster.time.freeze()
        assert (state.rate, state.now) == (0, cluster.clock.now())
        assert state.next_due is not None
        assert state.next_due <= 10.4
        assert (await cluster.time.run(60)).rate == 60
        frozen = state.now
        async with asyncio.timeout(5):
            while cluster.clock.now() - frozen < timedelta(seconds=1):
                await cluster.clock.sleep(0.1)
        assert (await cluster.time.run()).rate == 1

    run(body, Settings())


def test_a_leap_harms_no_node() -> None:
    async def body(cluster: Cluster) -> None:
        state = await cluster.time.freeze(START + timedelta(days=1000))
        assert state.now == START + timedelta(days=1000)
        await cluster.time.advance(60)
        assert set((await ready_nodes(cluster)).values()) == {"True"}

    run(body)


@pytest.mark.parametrize("at", [START - timedelta(seconds=1), datetime(2027, 1, 1)])
def test_time_is_not_frozen_in_the_past_nor_without_a_time_zone(at: datetime) -> None:
    async def body(cluster: Cluster) -> None:
        with pytest.raises(ClockError):
            await cluster.time.freeze(at)

    run(body)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_time_does_not_run_at_no_rate(rate: float) -> None:
    async def body(cluster: Cluster) -> None:
        with pytest.raises(ClockError, match="time can run at a rate above 0"):
            await cluster.time.run(rate)

    run(body)


def test_a_scaled_cluster_lives_faster() -> None:
    async def body(cluster: Cluster) -> None:
        await cluster.client.create(PODS, pod("web"), namespace="default")
        async with asyncio.timeout(20):
            await cluster.clock.sleep(60)
        assert set((await ready_nodes(cluster)).values()) == {"True"}
        (web,) = (await cluster.client.list(PODS)).items
        assert web["status"]["phase"] == "Running"
        for lease in (await cluster.client.list(LEASES)).items:
            assert from_time(lease["spec"]["renewTime"]) > START + timedelta(seconds=30)

    run(body, Settings(clock_start=START, clock_rate=50))
