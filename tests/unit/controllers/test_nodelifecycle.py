"""What becomes of nodes that are unwell and of their pods: three controllers over a fake API server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fauxkube.controllers.node_health import wanted_taints
from fauxkube.controllers.nodelifecycle import NodeLifecycleController
from fauxkube.controllers.podgc import PodGCController
from fauxkube.controllers.tainteviction import TaintEvictionController, eviction_time
from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import LEASES, NODES, PODS
from fauxkube.machinery.objects import Object
from support.control_loops import ControlLoops

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TIME = "2026-01-01T00:00:00Z"


def node(ready: str = "True", *, taints: list[Object] | None = None, **conditions: str) -> Object:
    statuses = ({"Ready": ready} if ready else {}) | conditions
    listed = [{"type": kind, "status": status, "lastHeartbeatTime": TIME} for kind, status in statuses.items()]
    return {"metadata": {"name": "node-1"}, "spec": {"taints": taints or []}, "status": {"conditions": listed}}


def pod(name: str = "web", **spec: object) -> Object:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": TIME}
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": "node-1", "containers": [], **spec},
        "status": {"phase": "Running", "conditions": [ready]},
    }


def lease(renewed: str) -> Object:
    return {"metadata": {"name": "node-1", "namespace": "kube-node-lease"}, "spec": {"renewTime": renewed}}


def taint(key: str, effect: str = "NoExecute", *, added: str = "") -> Object:
    return {"key": key, "effect": effect} | ({"timeAdded": added} if added else {})


@pytest.mark.parametrize(
    ("of", "taints"),
    [
        (node(), []),
        (node("False"), ["not-ready:NoSchedule", "not-ready:NoExecute"]),
        (node("Unknown"), ["unreachable:NoSchedule", "unreachable:NoExecute"]),
        (node(MemoryPressure="True"), ["memory-pressure:NoSchedule"]),
        (node(DiskPressure="True"), ["disk-pressure:NoSchedule"]),
        (node(PIDPressure="True"), ["pid-pressure:NoSchedule"]),
        (node(NetworkUnavailable="True"), ["network-unavailable:NoSchedule"]),
        (node(MemoryPressure="Unknown"), []),
        (node() | {"spec": {"unschedulable": True}}, ["unschedulable:NoSchedule"]),
        (node(taints=[taint("node.kubernetes.io/not-ready", "NoSchedule")]), []),
        (node("", taints=[taint("node.kubernetes.io/not-ready", "NoSchedule")]), ["not-ready:NoSchedule"]),
        (node(taints=[taint("example.com/mine", "NoSchedule")]), ["example.com/mine:NoSchedule"]),
    ],
)
def test_taints_follow_from_the_conditions_and_leave_others_alone(of: Object, taints: list[str]) -> None:
    found = wanted_taints(of, NOW)
    assert [f"{each['key'].removeprefix('node.kubernetes.io/')}:{each['effect']}" for each in found] == taints


def test_a_taint_that_is_there_keeps_its_time() -> None:
    there = taint("node.kubernetes.io/not-ready", added="2025-01-01T00:00:00Z")
    assert there in wanted_taints(node("False", taints=[there]), NOW)


@pytest.mark.parametrize(
    ("tolerations", "taints", "seconds"),
    [
        ([], [], None),
        ([], [taint("a", added=TIME)], 0),
        ([{"key": "a", "operator": "Exists"}], [taint("a", added=TIME)], None),
        ([{"key": "a", "operator": "Exists", "tolerationSeconds": 300}], [taint("a", added=TIME)], 300),
        ([{"key": "a", "operator": "Exists", "tolerationSeconds": 300}], [taint("a")], 360),
        ([{"key": "a", "operator": "Exists", "tolerationSeconds": -1}], [taint("a", added=TIME)], 0),
        ([{"operator": "Exists"}], [taint("a", added=TIME), taint("b", added=TIME)], None),
        (
            [
                {"key": "a", "operator": "Exists", "tolerationSeconds": 9},
                {"operator": "Exists", "tolerationSeconds": 5},
            ],
            [taint("a", added=TIME), taint("b", added=TIME)],
            5,
        ),
    ],
)
def test_the_least_tolerated_taint_decides_when_a_pod_leaves(
    tolerations: list[Object], taints: list[Object], seconds: int | None
) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert eviction_time(tolerations, taints, NOW + timedelta(seconds=60)) == expected


def ready_of(loops: ControlLoops) -> Object:
    found = condition({"status": loops.status(NODES, "node-1")}, "Ready")
    assert found is not None
    return found


def taints_of(loops: ControlLoops) -> list[str]:
    found = loops.api.find(NODES, "node-1")
    assert found is not None
    return [each["key"].removeprefix("node.kubernetes.io/") for each in found["spec"].get("taints", [])]


def test_a_node_that_falls_silent_turns_unknown_and_its_pods_not_ready() -> None:
    async def main() -> None:
        async with ControlLoops(NodeLifecycleController) as loops:
            loops.api.seed(NODES, node(MemoryPressure="False"))
            loops.api.seed(LEASES, lease("t0"))
            loops.api.seed(PODS, pod())
            await loops.settle()
            await loops.advance(49)
            assert ready_of(loops)["status"] == "True"
            await loops.advance(1)
            assert (ready_of(loops)["status"], ready_of(loops)["reason"], ready_of(loops)["message"]) == (
                "Unknown",
                "NodeStatusUnknown",
                "Kubelet stopped posting node status.",
            )
            assert taints_of(loops) == ["unreachable", "unreachable"]
            assert loops.status(PODS, "default/web")["conditions"][0]["status"] == "False"
            assert ("NodeNotReady", "Node node-1 status is now: NodeNotReady") in loops.told()

    asyncio.run(main())


def test_a_renewed_lease_keeps_a_node_alive() -> None:
    async def main() -> None:
        async with ControlLoops(NodeLifecycleController) as loops:
            loops.api.seed(NODES, node())
            loops.api.seed(LEASES, lease("t0"))
            await loops.settle()
            for beat in range(12):
                loops.api.change(LEASES, "kube-node-lease/node-1", {"spec": {"renewTime": f"t{beat + 1}"}})
                await loops.settle()
                await loops.advance(10)
            assert ready_of(loops)["status"] == "True"

    asyncio.run(main())


def test_a_node_that_reports_again_loses_its_taints() -> None:
    async def main() -> None:
        async with ControlLoops(NodeLifecycleController) as loops:
            loops.api.seed(NODES, node())
            await loops.settle()
            await loops.advance(50)
            assert taints_of(loops) == ["unreachable", "unreachable"]
            loops.api.change(NODES, "node-1", {"status": node()["status"]})
            await loops.settle()
            assert taints_of(loops) == []

    asyncio.run(main())


def test_a_jump_of_the_clock_leaves_nodes_a_chance_to_be_heard() -> None:
    async def main() -> None:
        async with ControlLoops(NodeLifecycleController) as loops:
            loops.api.seed(NODES, node())
            loops.api.seed(LEASES, lease("t0"))
            await loops.settle()
            await loops.advance(1000)
            assert ready_of(loops)["status"] == "True"
            loops.api.change(LEASES, "kube-node-lease/node-1", {"spec": {"renewTime": "t1"}})
            await loops.settle()
            await loops.advance(49)
            assert ready_of(loops)["status"] == "True"
            await loops.advance(1000)
            await loops.advance(10)
            assert ready_of(loops)["status"] == "Unknown"

    asyncio.run(main())


def test_cordoning_taints_a_node() -> None:
    async def main() -> None:
        async with ControlLoops(NodeLifecycleController) as loops:
            loops.api.seed(NODES, node())
            await loops.settle()
            loops.api.change(NODES, "node-1", {"spec": {"unschedulable": True}})
            await loops.settle()
            assert taints_of(loops) == ["unschedulable"]
            loops.api.change(NODES, "node-1", {"spec": {"unschedulable": None}})
            await loops.settle()
            assert taints_of(loops) == []

    asyncio.run(main())


def terminating(loops: ControlLoops) -> list[str]:
    return [each["metadata"]["name"] for each in loops.api.all(PODS) if "deletionTimestamp" in each["metadata"]]


def test_pods_leave_a_tainted_node_when_their_toleration_runs_out() -> None:
    async def main() -> None:
        async with ControlLoops(TaintEvictionController) as loops:
            patient = {"key": "broken", "operator": "Exists", "tolerationSeconds": 300}
            loops.api.seed(NODES, node())
            loops.api.seed(PODS, pod("sensitive"))
            loops.api.seed(PODS, pod("patient", tolerations=[patient]))
            loops.api.seed(PODS, pod("stoic", tolerations=[{"operator": "Exists"}]))
            await loops.settle()
            loops.api.change(NODES, "node-1", {"spec": {"taints": [taint("broken", added=TIME)]}})
            await loops.settle()
            assert terminating(loops) == ["sensitive"]
            target = condition({"status": loops.status(PODS, "default/sensitive")}, "DisruptionTarget")
            assert target is not None
            assert target["reason"] == "DeletionByTaintManager"
            await loops.advance(299)
            assert terminating(loops) == ["sensitive"]
            await loops.advance(1)
            assert terminating(loops) == ["sensitive", "patient"]
            assert ("TaintManagerEviction", "Marking for deletion Pod default/patient") in loops.told()

    asyncio.run(main())


def test_a_taint_that_goes_in_time_spares_the_pod() -> None:
    async def main() -> None:
        async with ControlLoops(TaintEvictionController) as loops:
            patient = {"key": "broken", "operator": "Exists", "tolerationSeconds": 300}
            loops.api.seed(NODES, node(taints=[taint("broken", added=TIME)]))
            loops.api.seed(PODS, pod("patient", tolerations=[patient]))
            await loops.settle()
            await loops.advance(100)
            loops.api.change(NODES, "node-1", {"spec": {"taints": []}})
            await loops.settle()
            await loops.advance(1000)
            assert terminating(loops) == []
            assert ("TaintManagerEviction", "Cancelling deletion of Pod default/patient") in loops.told()

    asyncio.run(main())


def test_pods_go_when_their_node_has_been_gone_for_the_quarantine() -> None:
    async def main() -> None:
        async with ControlLoops(PodGCController) as loops:
            loops.api.seed(NODES, node())
            loops.api.seed(PODS, pod())
            await loops.settle()
            loops.api.remove(NODES, "node-1")
            await loops.settle()
            await loops.advance(39)
            assert len(loops.api.all(PODS)) == 1
            await loops.advance(1)
            assert loops.api.all(PODS) == []

    asyncio.run(main())


def test_pods_stay_when_their_node_comes_back_in_time() -> None:
    async def main() -> None:
        async with ControlLoops(PodGCController) as loops:
            loops.api.seed(NODES, node())
            loops.api.seed(PODS, pod())
            await loops.settle()
            loops.api.remove(NODES, "node-1")
            await loops.settle()
            await loops.advance(30)
            loops.api.seed(NODES, node())
            await loops.advance(100)
            assert len(loops.api.all(PODS)) == 1

    asyncio.run(main())


def test_a_pod_asked_to_go_before_it_had_a_node_goes() -> None:
    async def main() -> None:
        async with ControlLoops(PodGCController) as loops:
            waiting = pod()
            del waiting["spec"]["nodeName"]
            waiting["metadata"]["deletionTimestamp"] = TIME
            loops.api.seed(PODS, waiting)
            await loops.settle()
            assert loops.api.all(PODS) == []

    asyncio.run(main())


def test_the_oldest_of_too_many_ended_pods_go() -> None:
    async def main() -> None:
        async with ControlLoops(PodGCController, terminated_threshold=2) as loops:
            loops.api.seed(NODES, node())
            for day in (3, 1, 2, 4):
                ended = pod(f"day-{day}")
                ended["metadata"]["creationTimestamp"] = f"2025-01-0{day}T00:00:00Z"
                ended["status"] = {"phase": "Succeeded"}
                loops.api.seed(PODS, ended)
            await loops.settle()
            assert {each["metadata"]["name"] for each in loops.api.all(PODS)} == {"day-3", "day-4"}

    asyncio.run(main())
