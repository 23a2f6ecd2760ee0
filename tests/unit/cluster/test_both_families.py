"""Dual-stack clusters as wholes: what their control loops do, and that forks, files and dumps go on as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fauxkube.cluster.beginnings.snapshots import cluster_of, load, save
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.overrides import overridden
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, SERVICES
from fauxkube.machinery.objects import GVR, Object, labels_of, name_of
from fauxkube.machinery.status import StatusError
from fauxkube.registry.pools import LOAD_BALANCERS, Ranges
from fauxkube.simulation.dumps import ranges_of, stand_ins
from support.api import pod, service
from support.running import settled

DUAL = Ranges(cluster_cidr="10.244.0.0/16,fd00:10:244::/56", service_cidr="10.96.0.0/16,fd00:10:96::/112")
V6_FIRST = Ranges(cluster_cidr="fd00:10:244::/56,10.244.0.0/16", service_cidr="fd00:10:96::/112,10.96.0.0/16")
SETTINGS = Settings(nodes=2, ranges=DUAL)


async def made(cluster: Cluster, gvr: GVR, obj: Object) -> None:
    await cluster.client.create(gvr, obj, namespace="default")
    await cluster.time.settle()


async def changed(cluster: Cluster, spec: Object) -> Object:
    await cluster.client.patch(SERVICES, "shop", {"spec": spec}, namespace="default")
    await cluster.time.settle()
    return await cluster.client.get(SERVICES, "shop", "default")


async def populated(cluster: Cluster) -> None:
    await made(
        cluster,
        SERVICES,
        service("shop", type="LoadBalancer", ipFamilyPolicy="PreferDualStack", selector={"app": "shop"}),
    )
    await made(cluster, PODS, {**pod("web"), "metadata": {"name": "web", "labels": {"app": "shop"}}})


def run(body: Callable[[Cluster], Awaitable[None]], settings: Settings = SETTINGS) -> None:
    async def main() -> None:
        async with settled(Cluster(settings)) as cluster:
            await populated(cluster)
            await body(cluster)

    asyncio.run(main())


async def addresses(cluster: Cluster) -> dict[str, list[str]]:
    """Everything's, by what has it."""
    pods = (await cluster.client.list(PODS)).items
    nodes = (await cluster.client.list(NODES)).items
    services = (await cluster.client.list(SERVICES)).items
    return {
        **{f"pod {name_of(each)}": [ip["ip"] for ip in each["status"].get("podIPs", ())] for each in pods},
        **{f"node {name_of(each)}": each["spec"]["podCIDRs"] for each in nodes},
        **{f"service {name_of(each)}": each["spec"]["clusterIPs"] for each in services},
    }


def ingress(shop: Object) -> list[str]:
    return [each["ip"] for each in shop["status"]["loadBalancer"].get("ingress") or ()]


def test_slices_are_one_set_a_family_and_endpoints_the_first_family_only() -> None:
    async def body(cluster: Cluster) -> None:
        slices = [each for each in (await cluster.client.list(ENDPOINT_SLICES)).items if "shop" in name_of(each)]
        found = {each["addressType"]: each["endpoints"][0]["addresses"] for each in slices}
        own = (await addresses(cluster))["pod web"]
        assert found == {"IPv4": own[:1], "IPv6": own[1:]}
        assert all(name_of(each).startswith("shop-") for each in slices)
        assert {labels_of(each)["kubernetes.io/service-name"] for each in slices} == {"shop"}
        endpoints = await cluster.client.get(ENDPOINTS, "shop", "default")
        assert [each["ip"] for each in endpoints["subsets"][0]["addresses"]] == own[:1]

    run(body)


def test_ipv6_may_be_the_main_family() -> None:
    async def body(cluster: Cluster) -> None:
        found = await addresses(cluster)
        assert found["service kubernetes"] == ["fd00:10:96::1"]
        assert found["node node-1"] == ["fd00:10:244::/64", "10.244.0.0/24"]
        assert [":" in each for each in found["pod web"]] == [True, False]
        web = await cluster.client.get(PODS, "web", "default")
        assert web["status"]["podIP"] == found["pod web"][0]
        assert [":" in each["ip"] for each in web["status"]["hostIPs"]] == [True, False]
        slice_ = await cluster.client.get(ENDPOINT_SLICES, "kubernetes", "default")
        assert (slice_["addressType"], slice_["endpoints"][0]["addresses"]) == ("IPv6", ["fc00:f853:ccd:e793::2"])

    run(body, Settings(nodes=2, ranges=V6_FIRST))


def test_a_load_balancer_follows_the_service_s_families() -> None:
    async def body(cluster: Cluster) -> None:
        shop = await cluster.client.get(SERVICES, "shop", "default")
        assert ingress(shop) == ["203.0.113.1", "2001:db8:113::1"]
        assert ingress(await changed(cluster, {"ipFamilyPolicy": "SingleStack"})) == ["203.0.113.1"]
        assert [pool.used for pool in cluster.pools.by_family(LOAD_BALANCERS).values()] == [1, 0]
        both = await changed(cluster, {"ipFamilyPolicy": "RequireDualStack"})
        assert ingress(both) == ["203.0.113.1", "2001:db8:113::2"]
        slices = (await cluster.client.list(ENDPOINT_SLICES)).items
        assert sorted(each["addressType"] for each in slices if "shop" in name_of(each)) == ["IPv4", "IPv6"]
        await cluster.client.delete(SERVICES, "shop", namespace="default")
        await cluster.time.settle()
        assert [pool.used for pool in cluster.pools.by_family(LOAD_BALANCERS).values()] == [0, 0]

    run(body)


def test_a_wished_address_of_a_load_balancer_is_of_its_own_family() -> None:
    async def body(cluster: Cluster) -> None:
        shop = await changed(cluster, {"loadBalancerIP": "2001:db8:113::77"})
        assert ingress(shop) == ["203.0.113.1", "2001:db8:113::77"]

    run(body)


def test_host_network_pods_have_the_node_s_addresses_of_both_families() -> None:
    async def body(cluster: Cluster) -> None:
        await made(cluster, PODS, pod("agent", hostNetwork=True))
        agent = await cluster.client.get(PODS, "agent", "default")
        assert agent["status"]["podIPs"] == agent["status"]["hostIPs"]
        assert len(agent["status"]["podIPs"]) == 2

    run(body)


def test_a_fork_and_a_snapshot_go_on_with_both_families() -> None:
    async def body(cluster: Cluster) -> None:
        before = await addresses(cluster)
        for other in (cluster.fork(), cluster_of(load(save(cluster)))):
            async with settled(other) as after:
                assert await addresses(after) == before
                await made(after, SERVICES, service("next", ipFamilyPolicy="RequireDualStack"))
                fresh = (await addresses(after))["service next"]
                assert not set(fresh) & {each for found in before.values() for each in found}
                assert [":" in each for each in fresh] == [False, True]

    run(body)


def test_what_is_held_of_both_families_survives_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        settings = Settings(nodes=2, ranges=DUAL, data=tmp_path / "state.db")
        async with settled(Cluster(settings)) as cluster:
            await populated(cluster)
            before = await addresses(cluster)
        async with settled(Cluster(settings)) as again:
            assert await addresses(again) == before
            await made(again, SERVICES, service("next", ipFamilyPolicy="RequireDualStack"))
            await made(again, PODS, pod("next"))
            found = await addresses(again)
            everything = [each for name, listed in found.items() for each in listed]
            assert len(everything) == len(set(everything))

    asyncio.run(main())


def test_another_cluster_may_have_other_families() -> None:
    wanted = {"cluster_cidr": V6_FIRST.cluster_cidr, "service_cidr": V6_FIRST.service_cidr, "node_prefix_v6": 72}
    settings = overridden(SETTINGS, {**wanted, "zones": "a, b"})
    assert settings.ranges.families == ("IPv6", "IPv4")
    assert (settings.ranges.node_prefix_v6, settings.zones) == (72, ("a", "b"))
    with pytest.raises(StatusError, match="both CIDRs must begin with the same family"):
        overridden(SETTINGS, {"cluster_cidr": V6_FIRST.cluster_cidr})


def test_nodes_are_put_into_zones_in_turn_and_their_endpoints_say_so() -> None:
    async def body(cluster: Cluster) -> None:
        nodes = (await cluster.client.list(NODES)).items
        zones = {name_of(each): labels_of(each)["topology.kubernetes.io/zone"] for each in nodes}
        assert zones == {"node-1": "a", "node-2": "b", "node-3": "a"}
        assert {labels_of(each)["topology.kubernetes.io/region"] for each in nodes} == {"region-1"}
        web = await cluster.client.get(PODS, "web", "default")
        slices = [each for each in (await cluster.client.list(ENDPOINT_SLICES)).items if "shop" in name_of(each)]
        assert [each["endpoints"][0]["zone"] for each in slices] == [zones[web["spec"]["nodeName"]]] * 2

    run(body, Settings(nodes=3, zones=("a", "b"), ranges=DUAL))


# Dumps


def of_kind(kind: str, name: str, **fields: Any) -> Object:
    namespace = {} if kind == "Node" else {"namespace": "default"}
    return {"kind": kind, "metadata": {"name": name, **namespace}, **fields}


def test_a_dump_s_ranges_of_both_families_follow_from_what_is_in_use() -> None:
    objects = [
        of_kind("Service", "kubernetes", spec={"clusterIP": "fd12::1", "clusterIPs": ["fd12::1"]}),
        of_kind("Service", "web", spec={"clusterIP": "fd12::55", "clusterIPs": ["fd12::55", "10.43.7.7"]}),
        of_kind("Node", "n", spec={"podCIDR": "fd11:0:0:5::/64", "podCIDRs": ["fd11:0:0:5::/64", "10.42.1.0/24"]}),
    ]
    found = ranges_of(objects, Ranges())
    assert found.service_cidr == "fd12::/108,10.43.0.0/16"
    assert found.cluster_cidr == "fd11::/56,10.42.0.0/16"
    Settings(nodes=1, ranges=found)


def test_a_dump_s_flags_say_both_ranges() -> None:
    flags = [
        "--cluster-cidr=10.42.0.0/16,fd11::/56",
        "--service-cluster-ip-range=10.43.0.0/16,fd12::/112",
        "--node-cidr-mask-size-ipv6=72",
    ]
    manager = of_kind("Pod", "kube-controller-manager", spec={"containers": [{"name": "c", "command": flags}]})
    manager["metadata"] |= {"namespace": "kube-system", "labels": {"tier": "control-plane"}}
    found = ranges_of([manager], Ranges())
    assert (found.cluster_cidr, found.service_cidr) == ("10.42.0.0/16,fd11::/56", "10.43.0.0/16,fd12::/112")
    assert (found.node_prefix, found.node_prefix_v6) == (24, 72)


def test_a_node_that_a_dump_lacks_gets_the_blocks_that_its_pods_are_out_of() -> None:
    status = {
        "podIPs": [{"ip": "10.244.3.7"}, {"ip": "fd00:10:244:3::7"}],
        "hostIPs": [{"ip": "172.18.0.5"}, {"ip": "fc00::5"}],
    }
    [found] = stand_ins([of_kind("Pod", "web", spec={"nodeName": "n", "containers": []}, status=status)], DUAL)
    assert found.pod_cidrs == ("10.244.3.0/24", "fd00:10:244:3::/64")
    assert found.addresses == ("172.18.0.5", "fc00::5")
