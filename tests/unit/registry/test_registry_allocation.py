"""What objects hold, read off the objects: addresses of pods and services, blocks of nodes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fauxkube.kinds.gvrs import NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.registry.pools import CLUSTER_IPS, LOAD_BALANCERS, POD_CIDRS, Pools, Ranges, pod_pool_name
from fauxkube.store.model import Claim
from support.api import pod, service
from support.registry_rig import Rig

POOL = pod_pool_name("n")
NARROW = Ranges(cluster_cidr="10.244.0.0/28", node_prefix=29)


async def rig_with_node(**options: Any) -> Rig:
    rig = await Rig(**options).open()
    node = await rig.create({"metadata": {"name": "n"}}, NODES)
    rig.pools.of_pods("n", node["spec"]["podCIDR"])
    return rig


async def running(rig: Rig, name: str, *addresses: str, **spec: Any) -> Object:
    await rig.create(pod(name, nodeName="n", **spec), PODS)
    status = {"phase": "Running", "podIPs": [{"ip": each} for each in addresses]}
    return await rig.patch(name, {"status": status}, PODS, subresource="status")


def test_a_pod_holds_the_address_that_its_status_names() -> None:
    async def scenario() -> None:
        rig = await rig_with_node()
        await running(rig, "p", "10.244.0.9")
        assert rig.held(POOL) == {"10.244.0.9": "pods/default/p"}
        await rig.patch("p", {"status": {"podIPs": [{"ip": "10.244.0.10"}], "podIP": None}}, PODS, subresource="status")
        assert rig.held(POOL) == {"10.244.0.10": "pods/default/p"}
        await rig.delete("p", PODS, grace_period_seconds=0)
        assert rig.held(POOL) == {}

    asyncio.run(scenario())


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_holds_nothing(phase: str) -> None:
    async def scenario() -> None:
        rig = await rig_with_node()
        await running(rig, "p", "10.244.0.9")
        await rig.patch("p", {"status": {"phase": phase}}, PODS, subresource="status")
        assert rig.held(POOL) == {}
        assert (await rig.get("p", PODS))["status"]["podIP"] == "10.244.0.9"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("address", "spec"),
    [("10.244.0.1", {}), ("10.244.0.255", {}), ("192.0.2.1", {}), ("10.244.0.9", {"hostNetwork": True})],
    ids=["gateway", "broadcast", "elsewhere", "host-network"],
)
def test_an_address_that_is_none_of_the_node_s_is_shown_but_not_held(address: str, spec: Object) -> None:
    async def scenario() -> None:
        rig = await rig_with_node()
        obj = await running(rig, "p", address, **spec)
        assert obj["status"]["podIP"] == address
        assert rig.held(POOL) == {}

    asyncio.run(scenario())


def test_a_pod_that_names_another_s_address_does_not_take_it() -> None:
    async def scenario() -> None:
        rig = await rig_with_node()
        await running(rig, "first", "10.244.0.9")
        await running(rig, "second", "10.244.0.9")
        assert rig.held(POOL) == {"10.244.0.9": "pods/default/first"}
        await rig.delete("second", PODS, grace_period_seconds=0)
        assert rig.held(POOL) == {"10.244.0.9": "pods/default/first"}

    asyncio.run(scenario())


def test_blocks_go_to_nodes_in_order_and_come_back() -> None:
    async def scenario() -> None:
        rig = await Rig(ranges=NARROW).open()
        blocks = [(await rig.create({"metadata": {"name": f"n{n}"}}, NODES))["spec"].get("podCIDR") for n in range(3)]
        assert blocks == ["10.244.0.0/29", "10.244.0.8/29", None]
        await rig.delete("n0", NODES)
        poked = await rig.patch("n2", {"metadata": {"labels": {"a": "b"}}}, NODES)
        assert poked["spec"]["podCIDRs"] == ["10.244.0.0/29"]
        assert rig.held(POD_CIDRS) == {"10.244.0.0/29": "nodes/n2", "10.244.0.8/29": "nodes/n1"}

    asyncio.run(scenario())


def test_a_block_that_a_node_asks_for_is_its_own_if_it_is_free() -> None:
    async def scenario() -> None:
        rig = await Rig(ranges=NARROW).open()
        await rig.create({"metadata": {"name": "a"}, "spec": {"podCIDR": "10.244.0.0/29"}}, NODES)
        assert (await rig.create({"metadata": {"name": "b"}}, NODES))["spec"]["podCIDR"] == "10.244.0.8/29"
        await rig.create({"metadata": {"name": "c"}, "spec": {"podCIDR": "192.0.2.0/24"}}, NODES)
        assert rig.held(POD_CIDRS).keys() == {"10.244.0.0/29", "10.244.0.8/29"}

    asyncio.run(scenario())


def test_a_service_holds_the_ingress_addresses_of_the_pool() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create(service("s", type="LoadBalancer"), SERVICES)
        ingress = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}, {"ip": "198.51.100.1"}]}}
        await rig.patch("s", {"status": ingress}, SERVICES, subresource="status")
        assert rig.held(LOAD_BALANCERS) == {"203.0.113.7": "services/default/s"}
        await rig.patch("s", {"status": {"loadBalancer": {"ingress": None}}}, SERVICES, subresource="status")
        assert rig.held(LOAD_BALANCERS) == {}

    asyncio.run(scenario())


def test_a_value_that_only_the_store_knows_to_be_taken_is_refused_the_same_way() -> None:
    """The pools may be behind the store when another process writes it; the store has the last word."""

    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create(service("first", clusterIP="10.96.0.50"), SERVICES)
        rig.pools[CLUSTER_IPS].release("10.96.0.50")
        with pytest.raises(StatusError) as caught:
            await rig.create(service("second", clusterIP="10.96.0.50"), SERVICES)
        ((cause),) = caught.value.details["causes"]
        assert caught.value.code == 422
        assert cause["message"].endswith("failed to allocate IP 10.96.0.50: provided IP is already allocated")

    asyncio.run(scenario())


def test_pools_know_after_a_restart_what_is_held_and_what_cools() -> None:
    async def scenario() -> None:
        rig = await rig_with_node()
        await running(rig, "p", "10.244.0.9")
        await running(rig, "q", "10.244.0.10")
        await rig.delete("q", PODS, grace_period_seconds=0)
        fresh = Pools(Ranges(), rig.store)
        fresh.load()
        assert fresh.names() == rig.pools.names()
        restored = fresh.of_pods("n", "10.244.0.0/24")
        assert restored.owner_of("10.244.0.9") == "pods/default/p"
        assert restored.used == 1
        given = [restored.reserve() for _ in range(restored.free)]
        assert given[-1] == "10.244.0.10"
        assert rig.store.owner_of(Claim(POOL, "10.244.0.9")) == "pods/default/p"

    asyncio.run(scenario())


def test_a_node_that_comes_back_with_another_block_starts_a_pool_of_it() -> None:
    async def scenario() -> None:
        rig = await rig_with_node()
        await running(rig, "p", "10.244.0.9")
        other = rig.pools.of_pods("n", "10.244.7.0/24")
        assert other.contains("10.244.7.2")
        assert not other.contains("10.244.0.9")
        await rig.delete("p", PODS, grace_period_seconds=0)
        assert other.used == 0

    asyncio.run(scenario())


def test_a_block_is_given_to_no_other_node_while_a_pod_has_an_address_of_it() -> None:
    async def scenario() -> None:
        rig = await rig_with_node(ranges=NARROW)
        await running(rig, "p", "10.244.0.2")
        await rig.delete("n", NODES)
        assert (await rig.create({"metadata": {"name": "second"}}, NODES))["spec"]["podCIDR"] == "10.244.0.8/29"
        assert "podCIDR" not in (await rig.create({"metadata": {"name": "third"}}, NODES))["spec"]
        await rig.delete("p", PODS, grace_period_seconds=0)
        assert (await rig.create({"metadata": {"name": "fourth"}}, NODES))["spec"]["podCIDR"] == "10.244.0.0/29"

    asyncio.run(scenario())
