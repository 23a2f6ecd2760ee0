"""Pods over a fake API server: started, addressed, kept, stopped; level-triggered, in two writes each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fauxkube.kinds.core.pod_status import condition, is_ready
from fauxkube.kinds.gvrs import EVENTS, NODES, PODS
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import OBJECT_MODIFIED, conflict, unavailable
from support.simulated_nodes import SimulatedNodes


def run(body: Callable[[SimulatedNodes], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        async with SimulatedNodes(**({"count": 1} | settings)) as nodes:
            await nodes.settle()
            await body(nodes)

    asyncio.run(main())


def phases(nodes: SimulatedNodes, name: str = "web") -> list[str]:
    """What a watcher saw of a pod."""
    seen = []
    for pod in nodes.seen:
        if pod["metadata"]["name"] == name:
            status = pod.get("status", {})
            waiting = [each["state"].get("waiting", {}) for each in status.get("containerStatuses", ())]
            seen.append(waiting[0].get("reason") if waiting and waiting[0] else status.get("phase"))
    return [after for before, after in zip([None, *seen], seen, strict=False) if before != after]


def condition_status(pod: Object, type: str) -> str:
    found = condition(pod, type)
    return str(found["status"]) if found else ""


def test_a_pod_costs_a_binding_and_two_statuses_and_watchers_see_each() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        key = "default/web"
        assert nodes.writes("pods") == [("bind", key), ("update/status", key), ("update/status", key)]
        assert phases(nodes) == ["Pending", "ContainerCreating", "Running"]
        pod = nodes.pod()
        assert is_ready(pod)
        assert pod["status"]["podIP"] == "10.244.1.2"
        assert pod["status"]["hostIP"] == "172.18.0.3"

    run(body)


def test_a_containers_start_is_told_by_events_from_its_node() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(containers=[{"name": "nginx", "image": "nginx:1.27", "imagePullPolicy": "IfNotPresent"}])
        await nodes.settle()
        nodes.create_pod("again", containers=[{"name": "c", "image": "nginx:1.27", "imagePullPolicy": "IfNotPresent"}])
        await nodes.settle()
        told = nodes.told()[1:]
        assert told[0] == ("Pulling", 'Pulling image "nginx:1.27"')
        assert told[1][1].startswith(
            'Successfully pulled image "nginx:1.27" in 0s (0s including waiting). Image size: '
        )
        assert told[2:] == [("Created", "Container created"), ("Started", "Container started")]
        assert nodes.told("again")[1] == (
            "Pulled",
            'Container image "nginx:1.27" already present on machine and can be accessed by the pod',
        )
        (created,) = [
            each
            for each in nodes.api.all(EVENTS)
            if each["reason"] == "Created" and each["involvedObject"]["name"] == "web"
        ]
        assert created["source"] == {"component": "kubelet", "host": "node-1"}
        assert created["involvedObject"]["fieldPath"] == "spec.containers{nginx}"

    run(body)


def test_a_pod_on_the_hosts_network_has_the_nodes_address() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(hostNetwork=True)
        await nodes.settle()
        assert nodes.pod()["status"]["podIPs"] == [{"ip": "172.18.0.3"}]
        assert nodes.pools == {}

    run(body)


def test_images_and_containers_take_the_time_that_the_settings_give_them() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(initContainers=[{"name": "first", "image": "busybox", "imagePullPolicy": "Always"}])
        await nodes.settle()
        assert condition_status(nodes.pod(), "PodReadyToStartContainers") == "True"
        assert nodes.pod()["status"]["podIP"] == "10.244.1.2"
        await nodes.advance(3)
        assert condition_status(nodes.pod(), "Initialized") == "True"
        assert nodes.pod()["status"]["phase"] == "Pending"
        await nodes.advance(2.9)
        assert nodes.pod()["status"]["phase"] == "Pending"
        await nodes.advance(0.1)
        assert nodes.pod()["status"]["phase"] == "Running"
        assert [reason for reason, _ in nodes.told()] == [
            "Scheduled", "Pulling", "Pulled", "Created", "Started", "Pulling", "Pulled", "Created", "Started",
        ]  # fmt: skip
        assert "in 2s (2s including waiting)" in nodes.told()[2][1]

    run(body, image_pull_seconds=2.0, container_start_seconds=1.0)


def test_a_full_block_leaves_pods_waiting_in_line_for_the_next_address() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        for number in range(8):
            nodes.create_pod(f"web-{number}")
            await nodes.settle()
        held = {number: nodes.pod(f"web-{number}")["status"].get("podIP") for number in range(8)}
        assert [held[number] for number in range(5)] == [f"10.244.1.{number}" for number in range(2, 7)]
        assert [held[number] for number in range(5, 8)] == [None] * 3
        assert nodes.pod("web-5")["status"]["containerStatuses"][0]["state"]["waiting"] == {
            "reason": "ContainerCreating"
        }
        (warning,) = [
            each
            for each in nodes.api.all(EVENTS)
            if each["reason"] == "FailedCreatePodSandBox" and each["involvedObject"]["name"] == "web-5"
        ]
        assert warning["type"] == "Warning"
        assert "no IP addresses available in range set: 10.244.1.1-10.244.1.6" in warning["message"]
        await nodes.api.delete(PODS, "web-0", namespace="default")
        await nodes.settle()
        assert nodes.pod("web-5")["status"]["podIP"] == "10.244.1.2"
        assert nodes.pod("web-6")["status"].get("podIP") is None
        nodes.api.change(PODS, "default/web-1", {"status": {"phase": "Succeeded"}})
        await nodes.settle()
        assert nodes.pod("web-6")["status"]["podIP"] == "10.244.1.3"

    run(body, cidrs={"node-1": "10.244.1.0/29"})


def test_a_pod_that_got_no_address_is_tried_again_after_a_while() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        for number in range(6):
            nodes.create_pod(f"web-{number}")
        await nodes.settle()
        waiting = next(each["metadata"]["name"] for each in nodes.api.all(PODS) if not each["status"].get("podIP"))
        nodes.pools["node-1"].release("10.244.1.4")
        await nodes.advance(15)
        assert nodes.pod(waiting)["status"]["podIP"] == "10.244.1.4"

    run(body, cidrs={"node-1": "10.244.1.0/29"})


def test_pods_wait_on_a_node_without_a_network_save_those_on_the_hosts() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(node="node-1")
        nodes.create_pod("agent", node="node-1", hostNetwork=True)
        await nodes.settle()
        assert nodes.pod("agent")["status"]["phase"] == "Running"
        assert nodes.pod()["status"]["phase"] == "Pending"
        assert nodes.told()[0][0] == "NetworkNotReady"
        nodes.api.change(NODES, "node-1", {"spec": {"podCIDR": "10.244.7.0/24"}})
        await nodes.settle()
        assert nodes.pod()["status"]["podIP"] == "10.244.7.2"

    run(body, cidrs={})


def test_a_pod_that_was_bound_before_its_node_came_starts_when_it_comes() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(node="late-9")
        await nodes.settle()
        assert nodes.writes("pods") == []
        nodes.api.seed(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "late-9"}, "spec": {}})
        await nodes.settle()
        assert nodes.pod()["status"]["phase"] == "Running"

    run(body)


def test_a_deleted_pod_ends_and_goes_with_its_uid_and_no_grace() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        nodes.api.calls.clear()
        await nodes.api.delete(PODS, "web", namespace="default")
        await nodes.settle()
        key = "default/web"
        assert nodes.api.find(PODS, key) is None
        assert nodes.writes("pods") == [("delete", key), ("update/status", key), ("delete", key)]
        assert phases(nodes)[-1] == "Succeeded"
        assert nodes.told()[-1] == ("Killing", "Stopping container nginx")

    run(body)


def test_a_pod_that_never_ran_can_be_deleted_too() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(node="node-1")
        await nodes.settle()
        await nodes.api.delete(PODS, "web", namespace="default")
        await nodes.settle()
        assert nodes.api.find(PODS, "default/web") is None

    run(body, cidrs={})


@pytest.mark.parametrize(("stop", "grace", "ends"), [(5.0, 30, 5), (60.0, 30, 30)])
def test_containers_take_their_time_to_stop_but_no_longer_than_the_grace_period(
    stop: float, grace: int, ends: int
) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        await nodes.api.delete(PODS, "web", namespace="default", grace_period_seconds=grace)
        deadline = nodes.clock.monotonic() + ends
        # As the API server does, unlike the fake one: the moment at which the grace period ends.
        nodes.api.find(PODS, "default/web")["metadata"]["deletionTimestamp"] = f"2026-01-01T00:00:{grace:02}Z"  # type: ignore[index]
        await nodes.settle()
        assert nodes.told()[-1] == ("Killing", "Stopping container nginx")
        await nodes.advance(deadline - nodes.clock.monotonic() - 0.5)
        assert nodes.api.find(PODS, "default/web") is not None
        await nodes.advance(0.5)
        assert nodes.api.find(PODS, "default/web") is None
        assert [reason for reason, _ in nodes.told()].count("Killing") == 1

    run(body, stop_seconds=stop)


def test_a_pod_with_a_finalizer_ends_once_and_waits_for_it() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(metadata={"finalizers": ["example.com/hold"]})
        await nodes.settle()
        await nodes.api.delete(PODS, "web", namespace="default")
        await nodes.settle()
        pod = nodes.pod()
        assert pod["status"]["phase"] == "Succeeded"
        assert pod["metadata"]["deletionGracePeriodSeconds"] == 0
        writes = nodes.writes("pods")
        await nodes.advance(600)
        assert nodes.writes("pods") == writes
        nodes.api.change(PODS, "default/web", {"metadata": {"finalizers": None}})
        await nodes.settle()
        assert nodes.api.find(PODS, "default/web") is None

    run(body)


def test_a_lost_race_is_run_again_with_the_same_address() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        lost = conflict("pods", "web", OBJECT_MODIFIED)
        nodes.api.fail("update/status", PODS, lost, lost, unavailable("busy"))
        nodes.create_pod()
        for _ in range(4):
            await nodes.advance(1)
        assert nodes.pod()["status"]["podIP"] == "10.244.1.2"
        assert nodes.pools["node-1"].used == 1
        assert [reason for reason, _ in nodes.told()].count("Pulling") == 1

    run(body)


def test_an_address_is_given_back_when_its_pod_goes_before_it_is_written() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.fail("update/status", PODS, *[unavailable("busy")] * 20)
        nodes.create_pod()
        await nodes.settle()
        nodes.api.remove(PODS, "default/web")
        await nodes.advance(60)
        assert all(pool.used == 0 for pool in nodes.pools.values())

    run(body)


def test_a_readiness_gate_is_followed_both_ways() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        gate = "example.com/open"
        nodes.create_pod(readinessGates=[{"conditionType": gate}])
        await nodes.settle()
        assert condition_status(nodes.pod(), "Ready") == "False"
        assert condition_status(nodes.pod(), "ContainersReady") == "True"
        for wanted in ("True", "False"):
            others = [each for each in nodes.pod()["status"]["conditions"] if each["type"] != gate]
            conditions = [*others, {"type": gate, "status": wanted}]
            nodes.api.change(PODS, "default/web", {"status": {"conditions": conditions}})
            await nodes.settle()
            assert condition_status(nodes.pod(), "Ready") == wanted

    run(body)


def test_a_users_change_of_a_running_pods_status_stays() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        conditions = [each | {"status": "False"} for each in nodes.pod()["status"]["conditions"]]
        nodes.api.change(PODS, "default/web", {"status": {"conditions": conditions}})
        nodes.api.change(PODS, "default/web", {"metadata": {"labels": {"touched": "yes"}}})
        await nodes.advance(600)
        assert condition_status(nodes.pod(), "Ready") == "False"

    run(body)


def test_a_pod_is_ready_again_when_its_lost_node_is_back() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        lost = [each | {"status": "Unknown"} for each in nodes.node()["status"]["conditions"]]
        unready = [
            each | ({"status": "False"} if each["type"] == "Ready" else {})
            for each in nodes.pod()["status"]["conditions"]
        ]
        nodes.api.change(PODS, "default/web", {"status": {"conditions": unready}})
        nodes.api.change(NODES, "node-1", {"status": {"conditions": lost}})
        await nodes.settle()
        assert condition_status(nodes.node(), "Ready") == "True"
        assert condition_status(nodes.pod(), "Ready") == "True"

    run(body)


def test_a_new_image_restarts_its_container() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        nodes.api.change(PODS, "default/web", {"spec": {"containers": [{"name": "nginx", "image": "nginx:2"}]}})
        await nodes.settle()
        (status,) = nodes.pod()["status"]["containerStatuses"]
        assert (status["restartCount"], status["image"]) == (1, "docker.io/library/nginx:2")
        assert nodes.pod()["status"]["podIP"] == "10.244.1.2"
        assert ("Killing", "Container nginx definition changed, will be restarted") in nodes.told()

    run(body)


def test_a_further_process_leaves_running_pods_alone_and_finishes_what_was_begun() -> None:
    async def main() -> None:
        async with SimulatedNodes(count=1, image_pull_seconds=60.0) as nodes:
            await nodes.settle()
            nodes.create_pod("begun")
            nodes.create_pod("done", containers=[{"name": "c", "image": "i", "imagePullPolicy": "Never"}])
            await nodes.settle()
            api, clock = nodes.api, nodes.clock
            address = nodes.pod("begun")["status"]["podIP"]
            assert nodes.pod("begun")["status"]["phase"] == "Pending"
            assert nodes.pod("done")["status"]["phase"] == "Running"
        await api.delete(PODS, "done", namespace="default")
        nodes.create_pod("left", node="node-1", containers=[{"name": "c", "image": "i", "imagePullPolicy": "Never"}])
        api.calls.clear()
        async with SimulatedNodes(count=1, api=api, clock=clock) as further:
            await further.settle()
            assert further.pod("begun")["status"]["phase"] == "Running"
            assert further.pod("begun")["status"]["podIP"] == address
            assert further.pod("left")["status"]["phase"] == "Running"
            assert further.api.find(PODS, "default/done") is None
            api.calls.clear()
        async with SimulatedNodes(count=1, api=api, clock=clock) as third:
            await third.settle()
            assert third.writes("pods") == []

    asyncio.run(main())


def test_a_pod_that_is_recreated_at_once_is_another_pod() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        nodes.api.remove(PODS, "default/web")
        nodes.create_pod()
        await nodes.settle()
        assert nodes.pod()["status"]["phase"] == "Running"
        assert nodes.pod()["status"]["podIP"] == "10.244.1.3"

    run(body)


def test_many_pods_all_run_with_addresses_of_their_own() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        for number in range(300):
            nodes.create_pod(f"web-{number}")
        await nodes.settle()
        pods = nodes.api.all(PODS)
        assert {each["status"]["phase"] for each in pods} == {"Running"}
        assert len({each["status"]["podIP"] for each in pods}) == 300
        assert len(nodes.writes("pods")) == 900

    run(body, count=3)
