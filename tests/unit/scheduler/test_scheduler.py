"""The scheduler over a fake API server; no kubelets but those that the nodes bring."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import EVENTS, NODES, PODS
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import conflict, internal, unavailable
from support.simulated_nodes import SimulatedNodes


def run(body: Callable[[SimulatedNodes], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        async with SimulatedNodes(**settings) as nodes:
            await nodes.settle()
            await body(nodes)

    asyncio.run(main())


def asking(cpu: str) -> list[Object]:
    return [{"name": "nginx", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}]


def node_of(nodes: SimulatedNodes, name: str = "web") -> str:
    return str(nodes.pod(name)["spec"].get("nodeName", ""))


def test_a_pod_is_bound_and_an_event_says_so() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        assert node_of(nodes) == "node-1"
        assert nodes.told()[0] == ("Scheduled", "Successfully assigned default/web to node-1")
        (event,) = [each for each in nodes.api.all(EVENTS) if each["reason"] == "Scheduled"]
        assert event["source"] == {"component": "default-scheduler"}
        assert event["type"] == "Normal"

    run(body, count=1)


def test_each_decision_counts_the_ones_before_it() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        for number in range(24):
            nodes.create_pod(f"web-{number}", containers=asking("1"))
        await nodes.settle()
        placed = [node_of(nodes, f"web-{number}") for number in range(24)]
        assert {name: placed.count(name) for name in set(placed)} == {"node-1": 8, "node-2": 8, "node-3": 8}

    run(body, count=3)


@pytest.mark.parametrize(
    "spec",
    [
        {"schedulerName": "another"},
        {"schedulingGates": [{"name": "example.com/wait"}]},
        {"nodeName": "elsewhere"},
    ],
)
def test_pods_that_are_not_its_own_are_left_alone(spec: Object) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(**spec)
        await nodes.settle()
        assert nodes.writes("pods") == []
        assert nodes.told() == []

    run(body, count=1)


def test_a_pod_is_scheduled_once_its_gates_are_open() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(schedulingGates=[{"name": "example.com/wait"}])
        await nodes.settle()
        nodes.api.change(PODS, "default/web", {"spec": {"schedulingGates": None}})
        await nodes.settle()
        assert node_of(nodes) == "node-1"

    run(body, count=1)


def test_a_pod_that_fits_nowhere_says_why_once_and_waits() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(containers=asking("9"))
        await nodes.settle()
        message = (
            "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: "
            "0/2 nodes are available: 2 Preemption is not helpful for scheduling."
        )
        assert nodes.told() == [("FailedScheduling", message)]
        found = condition(nodes.pod(), "PodScheduled")
        assert found is not None
        assert (found["status"], found["reason"], found["message"]) == ("False", "Unschedulable", message)
        assert nodes.writes("pods") == [("update/status", "default/web")]

    run(body, count=2)


def test_a_new_node_wakes_the_pods_that_it_can_take() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod("small")
        nodes.create_pod("big", containers=asking("9"))
        await nodes.settle()
        assert nodes.told("small") == [("FailedScheduling", "no nodes available to schedule pods")]
        nodes.api.seed(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-9"}, "spec": {}})
        await nodes.settle()
        assert node_of(nodes, "small") == "node-9"
        assert node_of(nodes, "big") == ""

    run(body, count=0)


def test_a_pod_that_goes_makes_room_for_one_that_waits() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod("first", containers=asking("8"))
        await nodes.settle()
        nodes.create_pod("second", containers=asking("8"))
        await nodes.settle()
        assert node_of(nodes, "second") == ""
        nodes.api.remove(PODS, "default/first")
        await nodes.settle()
        assert node_of(nodes, "second") == "node-1"

    run(body, count=1)


def test_a_cordoned_node_takes_pods_again_when_it_is_uncordoned() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.change(NODES, "node-1", {"spec": {"unschedulable": True}})
        await nodes.settle()
        nodes.create_pod()
        await nodes.settle()
        assert nodes.told()[0][1].startswith("0/1 nodes are available: 1 node(s) were unschedulable.")
        nodes.api.change(NODES, "node-1", {"spec": {"unschedulable": None}})
        await nodes.settle()
        assert node_of(nodes) == "node-1"

    run(body, count=1)


def test_a_deleted_node_gets_no_more_pods() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.remove(NODES, "node-1")
        await nodes.settle()
        nodes.create_pod()
        await nodes.settle()
        assert node_of(nodes) == "node-2"

    run(body, count=2)


def test_a_changed_toleration_lets_a_waiting_pod_go_on() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        taint = {"key": "dedicated", "effect": "NoSchedule"}
        nodes.api.change(NODES, "node-1", {"spec": {"taints": [taint]}})
        await nodes.settle()
        nodes.create_pod()
        await nodes.settle()
        assert node_of(nodes) == ""
        nodes.api.change(PODS, "default/web", {"spec": {"tolerations": [{"operator": "Exists"}]}})
        await nodes.settle()
        assert node_of(nodes) == "node-1"

    run(body, count=1)


def test_a_lost_race_for_the_condition_is_run_again() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.fail("update/status", PODS, conflict("pods", "web", "modified"))
        nodes.create_pod(containers=asking("9"))
        await nodes.settle()
        assert condition(nodes.pod(), "PodScheduled") is not None

    run(body, count=1)


def test_a_binding_that_fails_is_tried_again_and_takes_no_room_meanwhile() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.fail("bind", PODS, unavailable("not now"))
        nodes.create_pod("first", containers=asking("8"))
        await nodes.settle()
        assert node_of(nodes, "first") == ""
        assert ("FailedScheduling", 'running Bind plugin "DefaultBinder": not now') in nodes.told("first")
        nodes.create_pod("second", containers=asking("8"))
        await nodes.settle()
        assert node_of(nodes, "second") == "node-1"
        nodes.api.remove(PODS, "default/second")
        await nodes.advance(1)
        assert node_of(nodes, "first") == "node-1"

    run(body, count=1)


def test_a_pod_that_someone_else_bound_counts_where_it_is() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod("theirs", node="node-1", containers=asking("8"))
        nodes.create_pod("ours", containers=asking("8"))
        await nodes.settle()
        assert node_of(nodes, "ours") == "node-2"

    run(body, count=2)


def test_a_pod_that_goes_while_it_is_being_bound_leaves_nothing_behind() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.fail("bind", PODS, internal("late"))
        nodes.create_pod("first", containers=asking("8"))
        await nodes.settle()
        nodes.api.remove(PODS, "default/first")
        nodes.create_pod("second", containers=asking("8"))
        await nodes.advance(20)
        assert node_of(nodes, "second") == "node-1"
        assert ("bind", "default/first") not in nodes.writes("pods")[1:]

    run(body, count=1)


def test_a_pod_in_its_last_phase_takes_no_room() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod("done", containers=asking("8"))
        await nodes.settle()
        nodes.api.change(PODS, "default/done", {"status": {"phase": "Succeeded"}})
        nodes.create_pod("next", containers=asking("8"))
        await nodes.settle()
        assert node_of(nodes, "next") == "node-1"

    run(body, count=1)


def test_a_waiting_pod_is_tried_again_after_five_minutes() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(containers=asking("9"))
        await nodes.settle()
        for _ in range(12):
            await nodes.advance(30)
        (event,) = [each for each in nodes.api.all(EVENTS) if each["involvedObject"]["name"] == "web"]
        assert event["count"] == 2

    run(body, count=1)
