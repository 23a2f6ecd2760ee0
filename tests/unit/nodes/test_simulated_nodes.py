"""Nodes over a fake API server: registration, adoption, readiness, heartbeats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import EVENTS, LEASES, NODES
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import unavailable
from fauxkube.nodes.registration import internal_address
from support.simulated_nodes import SimulatedNodes


def run(body: Callable[[SimulatedNodes], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        async with SimulatedNodes(**settings) as nodes:
            await nodes.settle()
            await body(nodes)

    asyncio.run(main())


def bare_node(name: str, **annotations: str) -> Object:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": annotations}, "spec": {}}


def is_ready(node: Object) -> bool:
    found = condition(node, "Ready")
    return found is not None and found["status"] == "True"


def test_nodes_register_in_order_and_become_ready() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        listed = nodes.api.all(NODES)
        assert [each["metadata"]["name"] for each in listed] == [f"node-{number}" for number in range(1, 13)]
        assert [internal_address(each) for each in listed] == [f"172.18.0.{number}" for number in range(3, 15)]
        assert all(is_ready(each) for each in listed)
        assert nodes.writes("nodes").count(("create", "node-1")) == 1
        assert nodes.writes("nodes").count(("update/status", "node-1")) == 1

    run(body, count=12)


def test_a_kubelets_start_is_told_by_events_from_its_node() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        assert nodes.told("node-1") == [
            ("Starting", "Starting kubelet."),
            ("NodeHasSufficientMemory", "Node node-1 status is now: NodeHasSufficientMemory"),
            ("NodeHasNoDiskPressure", "Node node-1 status is now: NodeHasNoDiskPressure"),
            ("NodeHasSufficientPID", "Node node-1 status is now: NodeHasSufficientPID"),
            ("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods"),
            ("NodeReady", "Node node-1 status is now: NodeReady"),
        ]
        assert {(each["source"]["component"], each["source"]["host"]) for each in nodes.api.all(EVENTS)} == {
            ("kubelet", "node-1")
        }

    run(body, count=1)


def test_a_node_without_a_pod_cidr_is_not_ready_until_it_has_one() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        ready = condition(nodes.node(), "Ready")
        assert ready is not None
        assert ready["message"].startswith("container runtime network not ready: NetworkReady=false")
        nodes.api.change(NODES, "node-1", {"spec": {"podCIDR": "10.244.7.0/24"}})
        await nodes.settle()
        assert is_ready(nodes.node())
        assert nodes.told("node-1")[-1] == ("NodeReady", "Node node-1 status is now: NodeReady")

    run(body, count=1, cidrs={})


def test_a_node_that_someone_creates_is_adopted() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.seed(NODES, bare_node("mine"))
        await nodes.settle()
        node = nodes.node("mine")
        assert is_ready(node)
        assert internal_address(node) == "172.18.0.4"
        assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "mine"
        assert nodes.api.find(LEASES, "kube-node-lease/mine") is not None

    run(body, count=1)


def test_a_node_whose_kubelet_is_another_is_left_alone() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.seed(NODES, bare_node("theirs", **{"fauxkube.io/kubelet": "none"}))
        nodes.create_pod(node="theirs")
        await nodes.advance(600)
        assert nodes.writes("nodes") == []
        assert nodes.writes("pods") == []
        assert nodes.api.find(LEASES, "kube-node-lease/theirs") is None

    run(body, count=0)


def test_a_deleted_node_stays_away_and_its_address_is_free() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.remove(NODES, "node-1")
        await nodes.advance(600)
        assert nodes.api.find(NODES, "node-1") is None
        nodes.api.seed(NODES, bare_node("other"))
        await nodes.settle()
        assert internal_address(nodes.node("other")) == "172.18.0.3"

    run(body, count=2)


def test_leases_belong_to_their_nodes_and_are_renewed_every_ten_seconds() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        lease = nodes.api.find(LEASES, "kube-node-lease/node-1")
        assert lease is not None
        (owner,) = lease["metadata"]["ownerReferences"]
        assert owner == {
            "apiVersion": "v1",
            "kind": "Node",
            "name": "node-1",
            "uid": nodes.node()["metadata"]["uid"],
        }
        assert lease["spec"] == {
            "holderIdentity": "node-1",
            "leaseDurationSeconds": 40,
            "renewTime": "2026-01-01T00:00:00.000000Z",
        }
        await nodes.advance(9.9)
        assert nodes.api.find(LEASES, "kube-node-lease/node-1") is lease
        await nodes.advance(0.6)
        renewed = nodes.api.find(LEASES, "kube-node-lease/node-1")
        assert renewed is not None
        assert renewed["spec"]["renewTime"] == "2026-01-01T00:00:10.500000Z"

    run(body, count=1)


def test_the_lease_of_a_deleted_node_is_renewed_no_more() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        nodes.api.remove(NODES, "node-1")
        await nodes.settle()
        before = nodes.writes("leases")
        await nodes.advance(60)
        assert nodes.writes("leases") == before

    run(body, count=1)


def test_an_unchanged_status_is_reported_every_five_minutes() -> None:
    async def body(nodes: SimulatedNodes) -> None:
        writes = nodes.writes("nodes").count(("update/status", "node-1"))
        await nodes.advance(299)
        assert nodes.writes("nodes").count(("update/status", "node-1")) == writes
        await nodes.advance(1)
        assert nodes.writes("nodes").count(("update/status", "node-1")) == writes + 1
        memory = nodes.node()["status"]["conditions"][0]
        assert memory["lastHeartbeatTime"] == "2026-01-01T00:05:00Z"
        assert memory["lastTransitionTime"] == "2026-01-01T00:00:00Z"

    run(body, count=1)


def test_a_registration_that_fails_is_tried_again() -> None:
    async def main() -> None:
        nodes = SimulatedNodes(count=1)
        nodes.api.fail("create", NODES, unavailable("not yet"), unavailable("not yet"))
        async with nodes:
            await nodes.settle()
            assert nodes.api.all(NODES) == []
            await nodes.advance(1)
            await nodes.advance(1)
            assert is_ready(nodes.node())

    asyncio.run(main())


def test_a_further_process_finds_its_nodes_as_they_were() -> None:
    async def main() -> None:
        async with SimulatedNodes(count=2) as nodes:
            await nodes.settle()
            api, clock = nodes.api, nodes.clock
        before = [(each["metadata"]["uid"], internal_address(each)) for each in api.all(NODES)]
        async with SimulatedNodes(count=3, api=api, clock=clock) as nodes:
            await nodes.settle()
            after = [(each["metadata"]["uid"], internal_address(each)) for each in api.all(NODES)]
            assert after[:2] == before
            assert after[2][1] == "172.18.0.5"

    asyncio.run(main())
