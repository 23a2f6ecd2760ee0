"""A fork goes on where its source is: the same objects, addresses, timers and names, and nobody notices its start."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.core.pod_status import condition, is_ready, pod_ip_of
from fauxkube.kinds.gvrs import CONFIG_MAPS, DEPLOYMENTS, EVENTS, LEASES, NODES, PODS, REPLICA_SETS
from fauxkube.machinery.objects import GVR, Object, is_terminating, name_of
from fauxkube.registry.pools import CLUSTER_IPS
from support.api import config_map, deployment, pod
from support.running import settled

STILL = Settings(nodes=2, clock_rate=0, seed=7)


async def created(cluster: Cluster, gvr: GVR, obj: Object) -> Object:
    return await cluster.client.create(gvr, obj, namespace="default")


async def listed(cluster: Cluster, gvr: GVR) -> dict[str, Object]:
    return {name_of(each): each for each in (await cluster.client.list(gvr)).items}


def unplaceable(name: str, *, replicas: int = 1) -> Object:
    """A deployment whose pods want a node that is not there."""
    wanted = deployment(name, replicas=replicas)
    wanted["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "fast"}
    return wanted


def test_a_fork_has_the_same_objects_at_the_same_revision_and_its_start_writes_nothing() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await created(source, DEPLOYMENTS, deployment("web", replicas=3))
            await source.time.settle()
            async with settled(source.fork()) as fork:
                assert fork.store.revision == source.store.revision
                assert fork.store.page("").entries == source.store.page("").entries

    asyncio.run(scenario())


def test_a_fork_in_real_time_is_as_quiet() -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=3))) as source, settled(source.fork()) as fork:
            assert fork.store.revision == source.store.revision

    asyncio.run(scenario())


def test_a_fork_answers_before_its_control_loops_have_been_told() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            fork = source.fork()
            await fork.start()
            assert not fork.is_running
            assert name_of(await fork.client.get(NODES, "node-1")) == "node-1"
            written = await created(fork, CONFIG_MAPS, config_map("early"))
            settled_at = await fork.time.settle(revision=int(written["metadata"]["resourceVersion"]))
            assert fork.is_running
            assert settled_at.revision == source.store.revision + 1
            await fork.close()

    asyncio.run(scenario())


def test_source_and_fork_go_their_own_ways() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await created(source, DEPLOYMENTS, deployment("both", replicas=2))
            await source.time.settle()
            async with settled(source.fork()) as fork:
                await source.client.delete(DEPLOYMENTS, "both", namespace="default")
                await created(fork, DEPLOYMENTS, deployment("ours"))
                await asyncio.gather(source.time.settle(), fork.time.settle())
                assert list(await listed(source, PODS)) == []
                pods = (await listed(fork, PODS)).values()
                assert sorted(each["metadata"]["labels"]["app"] for each in pods) == ["both", "both", "ours"]
                assert all(map(is_ready, pods))

    asyncio.run(scenario())


def test_a_fork_draws_what_its_source_draws() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source, settled(source.fork()) as fork:
            for cluster in (source, fork):
                await created(cluster, DEPLOYMENTS, deployment("web", replicas=3))
                await cluster.time.settle()
            ours, theirs = await listed(fork, PODS), await listed(source, PODS)
            assert {name: each["metadata"]["uid"] for name, each in ours.items()} == {
                name: each["metadata"]["uid"] for name, each in theirs.items()
            }

    asyncio.run(scenario())


def test_no_address_is_handed_out_twice_and_those_given_back_last_stay_cool() -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=1, clock_rate=0))) as source:
            for name in ("stays", "goes"):
                await created(source, PODS, pod(name))
                await source.time.settle()
            given = {name: pod_ip_of(each) for name, each in (await listed(source, PODS)).items()}
            await source.client.delete(PODS, "goes", namespace="default", grace_period_seconds=0)
            await source.time.settle()
            async with settled(source.fork()) as fork:
                await created(fork, PODS, pod("new"))
                await fork.time.settle()
                assert pod_ip_of((await listed(fork, PODS))["new"]) not in given.values()
                assert {each.owner for each in fork.store.allocations("pods/node-1")} == {
                    "pods/default/stays",
                    "pods/default/new",
                    None,
                }

    asyncio.run(scenario())


def test_an_address_that_the_source_is_about_to_write_is_free_in_the_fork() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            reserved = source.pools[CLUSTER_IPS].reserve()
            async with settled(source.fork()) as fork:
                assert fork.pools[CLUSTER_IPS].reserve() == reserved

    asyncio.run(scenario())


def test_a_fork_of_a_cluster_with_a_data_file_lives_in_memory(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=1, data=tmp_path / "data.db"))) as source:
            await created(source, PODS, pod("kept"))
            await source.time.settle()
            async with settled(source.fork()) as fork:
                assert fork.settings.data is None
                await created(fork, PODS, pod("lost"))
                await fork.time.settle()
                addresses = [pod_ip_of(each) for each in (await listed(fork, PODS)).values()]
                assert len(set(addresses)) == 2
        async with settled(Cluster(Settings(nodes=1, data=tmp_path / "data.db"))) as again:
            assert list(await listed(again, PODS)) == ["kept"]

    asyncio.run(scenario())


def test_leases_are_renewed_in_time_and_nodes_stay_ready() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await source.time.advance(6)
            async with settled(source.fork()) as fork:
                renewed = await _renewals(fork)
                await fork.time.advance(3)
                assert await _renewals(fork) == renewed
                await fork.time.advance(3)
                assert all(after > before for after, before in zip(await _renewals(fork), renewed, strict=True))
                await fork.time.advance(600)
                assert all(map(_is_ready_node, (await listed(fork, NODES)).values()))

    asyncio.run(scenario())


async def _renewals(cluster: Cluster) -> list[str]:
    leases = await listed(cluster, LEASES)
    return [leases[name]["spec"]["renewTime"] for name in sorted(leases)]


def _is_ready_node(node: Object) -> bool:
    ready = condition(node, "Ready")
    return ready is not None and ready["status"] == "True"


def test_a_deleted_node_stays_away() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await source.client.delete(NODES, "node-2")
            await source.time.settle()
            async with settled(source.fork()) as fork:
                assert list(await listed(fork, NODES)) == ["node-1"]

    asyncio.run(scenario())


def test_nodes_that_the_source_has_not_made_yet_are_made() -> None:
    async def scenario() -> None:
        source = Cluster(STILL)
        await source.start()
        async with settled(source.fork()) as fork:
            assert sorted(await listed(fork, NODES)) == ["node-1", "node-2"]
            assert all(map(_is_ready_node, (await listed(fork, NODES)).values()))
        await source.close()

    asyncio.run(scenario())


def test_an_unschedulable_pod_goes_on_waiting_without_a_word() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await created(source, DEPLOYMENTS, unplaceable("web"))
            await source.time.settle()
            async with settled(source.fork()) as fork:
                assert await listed(fork, EVENTS) == await listed(source, EVENTS)
                node = await fork.client.get(NODES, "node-1")
                node["metadata"]["labels"]["disk"] = "fast"
                await fork.client.update(NODES, node)
                await fork.time.settle()
                [placed] = (await listed(fork, PODS)).values()
                assert placed["spec"]["nodeName"] == "node-1"

    asyncio.run(scenario())


def test_a_rollout_s_deadline_ends_when_it_would_have() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await created(source, DEPLOYMENTS, unplaceable("web"))
            await source.time.advance(400)
            async with settled(source.fork()) as fork:
                await fork.time.advance(195)
                assert await _progress(fork) == ("True", "ReplicaSetUpdated")
                await fork.time.advance(10)
                assert await _progress(fork) == ("False", "ProgressDeadlineExceeded")

    asyncio.run(scenario())


async def _progress(cluster: Cluster) -> tuple[str, str]:
    found = condition(await cluster.client.get(DEPLOYMENTS, "web", "default"), "Progressing")
    assert found
    return found["status"], found["reason"]


def test_a_rollout_goes_on() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await created(source, DEPLOYMENTS, deployment("web", replicas=4))
            await source.time.settle()
            wanted = await source.client.get(DEPLOYMENTS, "web", "default")
            wanted["spec"]["template"]["metadata"]["labels"]["version"] = "2"
            grown = source.store.subscribe("apps/replicasets/", after=source.store.revision)
            await source.client.update(DEPLOYMENTS, wanted)
            await grown.next()
            async with settled(source.fork()) as fork:
                pods = (await listed(fork, PODS)).values()
                assert [each["metadata"]["labels"].get("version") for each in pods] == ["2"] * 4
                sizes = sorted(each["spec"]["replicas"] for each in (await listed(fork, REPLICA_SETS)).values())
                assert sizes == [0, 4]

    asyncio.run(scenario())


def test_pods_of_a_lost_node_leave_when_they_would_have() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await _lose_a_node_with_a_pod(source)
            await source.time.advance(200)
            async with settled(source.fork()) as fork:
                assert not is_terminating((await listed(fork, PODS))["stranded"])
                await fork.time.advance(200)
                assert is_terminating((await listed(fork, PODS))["stranded"])

    asyncio.run(scenario())


async def _lose_a_node_with_a_pod(cluster: Cluster) -> None:
    """A node whose kubelet is no one's falls silent with a pod on it."""
    annotations = {"fauxkube.io/kubelet": "none"}
    node: dict[str, Any] = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "far", "annotations": annotations}}
    await cluster.client.create(NODES, node)
    await created(cluster, PODS, pod("stranded", nodeName="far"))
    await cluster.time.advance(61)


def test_a_pod_that_has_grace_left_is_not_told_to_stop_again() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            held = pod("held")
            held["metadata"]["finalizers"] = ["example.com/hold"]
            await created(source, PODS, held)
            await source.time.settle()
            await source.client.delete(PODS, "held", namespace="default")
            await source.time.settle()
            async with settled(source.fork()) as fork:
                reasons = [each["reason"] for each in (await listed(fork, EVENTS)).values()]
                assert reasons.count("Killing") == 1
                await fork.client.patch(PODS, "held", {"metadata": {"finalizers": None}}, namespace="default")
                await fork.time.settle()
                assert await listed(fork, PODS) == {}
                assert list(await listed(source, PODS)) == ["held"]

    asyncio.run(scenario())


def test_events_are_forgotten_when_they_would_have_been() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await source.time.advance(3000)
            async with settled(source.fork()) as fork:
                assert await listed(fork, EVENTS)
                await fork.time.advance(601)
                assert await listed(fork, EVENTS) == {}
                assert await listed(source, EVENTS)

    asyncio.run(scenario())


def test_an_image_that_was_pulled_is_there() -> None:
    async def scenario() -> None:
        async with settled(Cluster(Settings(nodes=1, clock_rate=0))) as source:
            containers = [{"name": "c", "image": "nginx:1.27"}]
            await created(source, PODS, pod("first", containers=containers))
            await source.time.settle()
            async with settled(source.fork()) as fork:
                await created(fork, PODS, pod("second", containers=containers))
                await fork.time.settle()
                told = [each for each in (await listed(fork, EVENTS)).values() if each["reason"] == "Pulling"]
                assert [each["involvedObject"]["name"] for each in told] == ["first"]

    asyncio.run(scenario())


def test_a_fork_can_be_forked_at_once_and_outlives_its_source() -> None:
    async def scenario() -> None:
        async with settled(Cluster(STILL)) as source:
            await created(source, DEPLOYMENTS, deployment("web", replicas=2))
            await source.time.settle()
            first = source.fork()
            await first.start()
            second = first.fork()
            await first.close()
        async with settled(second):
            await second.client.delete(DEPLOYMENTS, "web", namespace="default")
            await second.time.settle()
            assert await listed(second, PODS) == {}

    asyncio.run(scenario())
