"""Nodes that are off, cut off, without addresses or short of something, and what becomes of their pods."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fauxkube.kinds.core.pod_status import condition, is_ready
from fauxkube.kinds.gvrs import EVENTS, LEASES, NODES, PODS
from fauxkube.machinery.objects import Object
from support.simulated_nodes import SimulatedNodes


def run(body: Callable[[SimulatedNodes], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        async with SimulatedNodes(**({"count": 1} | settings)) as nodes:
            await nodes.settle()
            await body(nodes)

    asyncio.run(main())


def disturb(nodes: SimulatedNodes, effect: Any, **more: Any) -> str:
    return nodes.faults.add({"kind": "node", "match": {"name": "node-1"}, "effect": effect} | more).id


def verdict(obj: Object, type: str) -> tuple[str, str, str]:
    found = condition(obj, type) or {}
    return found.get("status", ""), found.get("reason", ""), found.get("message", "")


def times_told(nodes: SimulatedNodes, reason: str) -> int:
    """How often the node's kubelet has told of this; what it says at its start counts."""
    return sum(each["count"] for each in nodes.api.all(EVENTS) if each["reason"] == reason)


def renewed(nodes: SimulatedNodes, node: str = "node-1") -> str:
    lease = nodes.api.find(LEASES, f"kube-node-lease/{node}")
    assert lease is not None
    return str(lease["spec"]["renewTime"])


def lose(nodes: SimulatedNodes) -> None:
    """What the node lifecycle controller writes when a node has fallen silent."""
    unknown = [each | {"status": "Unknown"} for each in nodes.node()["status"]["conditions"]]
    nodes.api.change(NODES, "node-1", {"status": {"conditions": unknown}})
    mark_not_ready(nodes)


def mark_not_ready(nodes: SimulatedNodes) -> None:
    conditions = nodes.pod()["status"]["conditions"]
    unready = [each | ({"status": "False"} if each["type"] == "Ready" else {}) for each in conditions]
    nodes.api.change(PODS, "default/web", {"status": {"conditions": unready}})


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "node", "match": {"name": "node-1"}, "effect": "partitioned"},
        {"kind": "node", "match": {"labels": "kubernetes.io/hostname=node-1"}, "effect": "down"},
        {"kind": "controller", "match": {"name": "kubelet", "node": "node-1"}, "effect": "pause"},
    ],
    ids=["partitioned", "down", "paused"],
)
def test_a_silent_node_neither_speaks_nor_does_anything(spec: Object) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod(node="node-1")
        nodes.create_pod("leaving", node="node-1")
        await nodes.settle()
        nodes.faults.add(spec)
        await nodes.api.delete(PODS, "leaving", namespace="default")
        nodes.create_pod("new", node="node-1")
        last, others = renewed(nodes), renewed(nodes, "node-2")
        nodes.api.calls.clear()
        for _ in range(70):
            await nodes.advance(10)
        assert renewed(nodes) == last
        assert renewed(nodes, "node-2") > others
        assert [key for verb, _, key in nodes.api.calls if "node-1" in key or key.startswith("default/")] == []
        assert nodes.pod("new")["status"]["phase"] == "Pending"
        assert "deletionTimestamp" in nodes.pod("leaving")["metadata"]
        lose(nodes)
        await nodes.settle()
        assert verdict(nodes.node(), "Ready")[0] == "Unknown"
        nodes.faults.clear()
        await nodes.settle()
        assert renewed(nodes) > last
        assert verdict(nodes.node(), "Ready")[0] == "True"
        assert is_ready(nodes.pod())
        assert is_ready(nodes.pod("new"))
        assert nodes.api.find(PODS, "default/leaving") is None
        nodes.api.change(PODS, "default/new", {"metadata": {"generation": 2}})
        await nodes.settle()
        assert nodes.pod("new")["status"]["containerStatuses"][0]["restartCount"] == 0

    run(body, count=2)


@pytest.mark.parametrize(("effect", "restarts"), [("down", 1), ("partitioned", 0)])
def test_what_ran_on_a_node_that_was_off_is_started_again(effect: str, restarts: int) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        nodes.create_pod("once", restartPolicy="Never")
        await nodes.settle()
        disturb(nodes, effect, **{"for": "20s"})
        await nodes.advance(20)
        (own,) = nodes.pod()["status"]["containerStatuses"]
        assert (own["restartCount"], own["ready"]) == (restarts, True)
        if restarts:
            last = own["lastState"]["terminated"]
            assert (last["exitCode"], last["reason"]) == (255, "Unknown")
            assert ("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.") in nodes.told()
        assert nodes.pod("once")["status"]["phase"] == ("Failed" if restarts else "Running")

    run(body)


def test_a_pod_that_is_marked_just_after_its_node_is_back_is_ready_again() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod()
        await nodes.settle()
        disturb(nodes, "partitioned")
        lose(nodes)
        await nodes.settle()
        nodes.faults.clear()
        await nodes.settle()
        assert is_ready(nodes.pod())
        mark_not_ready(nodes)
        await nodes.settle()
        assert is_ready(nodes.pod())
        await nodes.advance(11)
        mark_not_ready(nodes)
        await nodes.settle()
        assert not is_ready(nodes.pod())

    run(body)


def test_a_node_that_says_that_it_is_not_ready_leaves_its_pods_alone() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        disturb(nodes, {"type": "not-ready", "message": "PLEG is not healthy"})
        nodes.create_pod(node="node-1")
        await nodes.settle()
        assert verdict(nodes.node(), "Ready") == ("False", "KubeletNotReady", "PLEG is not healthy")
        assert nodes.told("node-1")[-1] == ("NodeNotReady", "Node node-1 status is now: NodeNotReady")
        assert nodes.pod()["status"]["phase"] == "Pending"
        nodes.faults.clear()
        await nodes.settle()
        assert times_told(nodes, "NodeReady") == 2
        assert is_ready(nodes.pod())

    run(body)


def test_a_node_without_addresses_lets_new_pods_wait() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod("there")
        await nodes.settle()
        disturb(nodes, "out-of-ips")
        nodes.create_pod()
        await nodes.settle()
        assert is_ready(nodes.pod("there"))
        reason, message = nodes.told()[-1]
        assert reason == "FailedCreatePodSandBox"
        assert message.endswith("no IP addresses available in range set: 10.244.1.1-10.244.1.254")
        nodes.faults.clear()
        await nodes.advance(15)
        assert is_ready(nodes.pod())

    run(body)


def test_a_node_loses_its_network_and_gets_it_back() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        disturb(nodes, "network-unavailable")
        await nodes.settle()
        assert verdict(nodes.node(), "NetworkUnavailable")[:2] == ("True", "NoRouteCreated")
        nodes.faults.clear()
        await nodes.settle()
        assert verdict(nodes.node(), "NetworkUnavailable")[:2] == ("False", "RouteCreated")

    run(body)


@pytest.mark.parametrize(
    ("effect", "type", "reason", "event", "afterwards"),
    [
        ("memory-pressure", "MemoryPressure", "KubeletHasInsufficientMemory",
         "NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
        ("disk-pressure", "DiskPressure", "KubeletHasDiskPressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure"),
        ("pid-pressure", "PIDPressure", "KubeletHasInsufficientPID",
         "NodeHasInsufficientPID", "NodeHasSufficientPID"),
    ],
)  # fmt: skip
def test_a_node_says_what_it_is_short_of(effect: str, type: str, reason: str, event: str, afterwards: str) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        disturb(nodes, effect)
        await nodes.settle()
        assert verdict(nodes.node(), type)[:2] == ("True", reason)
        assert verdict(nodes.node(), "Ready")[0] == "True"
        assert times_told(nodes, event) == 1
        nodes.faults.clear()
        await nodes.settle()
        assert verdict(nodes.node(), type)[0] == "False"
        assert times_told(nodes, afterwards) == 2

    run(body)


SMALL = {"requests": {"cpu": "1", "memory": "1Gi"}}
EXACT = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}


def container(resources: Object | None = None) -> Object:
    return {"containers": [{"name": "nginx", "image": "nginx"} | ({"resources": resources} if resources else {})]}


def test_pods_are_evicted_one_by_one_those_that_ask_for_least_first() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.create_pod("exact", **container(EXACT))
        nodes.create_pod("burst", **container(SMALL))
        nodes.create_pod("best", priority=100)
        nodes.create_pod("least")
        nodes.create_pod("vital", priority=2_000_000_000)
        await nodes.settle()
        disturb(nodes, {"type": "memory-pressure", "evict": 3})
        await nodes.settle()
        order: list[str] = []
        for count in (1, 2, 3, 3, 3):
            gone = [each["metadata"]["name"] for each in nodes.api.all(PODS) if each["status"].get("reason")]
            order += [name for name in gone if name not in order]
            assert len(order) == count
            await nodes.advance(10)
        assert order == ["least", "best", "burst"]
        status = nodes.pod("least")["status"]
        message = (
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 99Mi. "
            "Container nginx was using 200Mi, request is 0, has larger consumption of memory. "
        )
        assert (status["phase"], status["reason"], status["message"]) == ("Failed", "Evicted", message)
        assert verdict(nodes.pod("least"), "DisruptionTarget") == ("True", "TerminationByKubelet", message)
        assert verdict(nodes.pod("least"), "Ready")[:2] == ("False", "PodFailed")
        ended = status["containerStatuses"][0]["state"]["terminated"]
        assert (ended["exitCode"], ended["reason"]) == (137, "Error")
        assert nodes.told("least")[-2:] == [("Evicted", message), ("Killing", "Stopping container nginx")]

    run(body)


@pytest.mark.parametrize(
    ("effect", "spec", "refused"),
    [
        ("memory-pressure", {}, True),
        ("memory-pressure", container(SMALL), False),
        (
            "memory-pressure",
            {"tolerations": [{"key": "node.kubernetes.io/memory-pressure", "operator": "Exists"}]},
            False,
        ),
        ("disk-pressure", container(EXACT), True),
        ("pid-pressure", {}, True),
        ("pid-pressure", {"priority": 2_000_001_000}, False),
    ],
)
def test_a_node_under_pressure_refuses_pods(effect: str, spec: Object, refused: bool) -> None:
    async def body(nodes: SimulatedNodes) -> None:
        short = effect if effect == "pid-pressure" else {"type": effect, "evict": 0}
        disturb(nodes, short)
        nodes.create_pod(node="node-1", **spec)
        await nodes.settle()
        status = nodes.pod()["status"]
        if not refused:
            assert status["phase"] == "Running"
            return
        name = {"memory-pressure": "MemoryPressure", "disk-pressure": "DiskPressure", "pid-pressure": "PIDPressure"}
        message = f"The node had condition: [{name[effect]}]. "
        assert (status["phase"], status["reason"]) == ("Failed", "Evicted")
        assert status["message"] == f"Pod was rejected: {message}"
        assert "containerStatuses" not in status
        assert nodes.told()[-1] == ("Evicted", message)

    run(body)


def test_a_fault_takes_as_many_nodes_as_it_counts() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.faults.add({"kind": "node", "effect": "disk-pressure", "count": 2})
        await nodes.settle()
        short = [each for each in nodes.api.all(NODES) if verdict(each, "DiskPressure")[0] == "True"]
        assert len(short) == 2

    run(body, count=4)
