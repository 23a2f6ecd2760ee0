"""Addresses of both IP families: cut out and given together, given back together, never leaked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fauxkube.kinds.gvrs import NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.registry.pools import CLUSTER_IPS, LOAD_BALANCERS, POD_CIDRS, Ranges, pod_pool_name
from support.registry_rig import Rig

CLUSTER_IPS_V6, POD_CIDRS_V6, BALANCERS_V6 = (f"{name}/ipv6" for name in (CLUSTER_IPS, POD_CIDRS, LOAD_BALANCERS))
DUAL = Ranges(cluster_cidr="10.244.0.0/16,fd00:10:244::/56", service_cidr="10.96.0.0/16,fd00:10:96::/112")
V6_FIRST = Ranges(cluster_cidr="fd00:10:244::/56,10.244.0.0/16", service_cidr="fd00:10:96::/112,10.96.0.0/16")
V6 = Ranges(cluster_cidr="fd00:10:244::/56", service_cidr="fd00:10:96::/112")
V4 = Ranges(service_cidr="10.96.0.0/16")


def service(name: str, **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": 80}], **spec}}


def run(body: Callable[[Rig], Awaitable[None]], ranges: Ranges = DUAL) -> None:
    async def main() -> None:
        await body(await Rig(ranges=ranges).open())

    asyncio.run(main())


@pytest.mark.parametrize(
    ("ranges", "spec", "policy", "families", "addresses"),
    [
        pytest.param(V4, {}, "SingleStack", ["IPv4"], ["10.96.1.1"], id="v4"),
        pytest.param(V4, {"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", ["IPv4"], ["10.96.1.1"], id="v4 2"),
        pytest.param(V6, {}, "SingleStack", ["IPv6"], ["fd00:10:96::101"], id="v6"),
        pytest.param(
            V6, {"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", ["IPv6"], ["fd00:10:96::101"], id="v6 prefers"
        ),
        pytest.param(DUAL, {}, "SingleStack", ["IPv4"], ["10.96.1.1"], id="the main family by default"),
        pytest.param(V6_FIRST, {}, "SingleStack", ["IPv6"], ["fd00:10:96::101"], id="the other way round"),
        pytest.param(DUAL, {"ipFamilies": ["IPv6"]}, "SingleStack", ["IPv6"], ["fd00:10:96::101"], id="the second"),
        pytest.param(
            DUAL,
            {"ipFamilyPolicy": "PreferDualStack"},
            "PreferDualStack",
            ["IPv4", "IPv6"],
            ["10.96.1.1", "fd00:10:96::101"],
            id="prefers both",
        ),
        pytest.param(
            DUAL,
            {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]},
            "RequireDualStack",
            ["IPv6", "IPv4"],
            ["fd00:10:96::101", "10.96.1.1"],
            id="requires both, the second first",
        ),
        pytest.param(
            DUAL,
            {"ipFamilyPolicy": "PreferDualStack", "clusterIP": "fd00:10:96::7"},
            "PreferDualStack",
            ["IPv6", "IPv4"],
            ["fd00:10:96::7", "10.96.1.1"],
            id="an address says the family",
        ),
        pytest.param(
            DUAL,
            {
                "ipFamilyPolicy": "RequireDualStack",
                "clusterIPs": ["10.96.0.9", "fd00:10:96::9"],
                "clusterIP": "10.96.0.9",
            },
            "RequireDualStack",
            ["IPv4", "IPv6"],
            ["10.96.0.9", "fd00:10:96::9"],
            id="both addresses",
        ),
        pytest.param(DUAL, {"clusterIP": "None"}, "SingleStack", ["IPv4"], ["None"], id="headless"),
        pytest.param(
            DUAL,
            {"clusterIP": "None", "ipFamilyPolicy": "PreferDualStack"},
            "PreferDualStack",
            ["IPv4", "IPv6"],
            ["None"],
            id="headless of both",
        ),
        pytest.param(
            V4,
            {"clusterIP": "None", "selector": None},
            "RequireDualStack",
            ["IPv4", "IPv6"],
            ["None"],
            id="headless without a selector, whatever the cluster has",
        ),
    ],
)
def test_a_service_gets_the_families_that_it_asks_for(
    ranges: Ranges, spec: Object, policy: str, families: list[str], addresses: list[str]
) -> None:
    async def body(rig: Rig) -> None:
        made = (await rig.create(service("s", **spec), SERVICES))["spec"]
        assert (made["ipFamilyPolicy"], made["ipFamilies"], made["clusterIPs"]) == (policy, families, addresses)
        assert made["clusterIP"] == addresses[0]
        held = {**rig.held(CLUSTER_IPS), **rig.held(CLUSTER_IPS_V6)}
        assert held.keys() == set(addresses) - {"None"}
        await rig.delete("s", SERVICES)
        assert not rig.held(CLUSTER_IPS)
        assert not rig.held(CLUSTER_IPS_V6)

    run(body, ranges)


@pytest.mark.parametrize(
    ("ranges", "spec", "field", "message"),
    [
        pytest.param(
            V4,
            {"ipFamilyPolicy": "RequireDualStack"},
            "spec.ipFamilyPolicy",
            "this cluster is not configured for dual-stack services",
            id="two of one",
        ),
        pytest.param(V4, {"ipFamilies": ["IPv6"]}, "spec.ipFamilies[0]", "not configured on this cluster", id="none"),
        pytest.param(
            V4,
            {"clusterIP": "fd00::1"},
            "spec.clusterIPs[0]",
            "IPv6 is not configured on this cluster",
            id="by address",
        ),
        pytest.param(
            DUAL,
            {"ipFamilies": ["IPv4", "IPv6"]},
            "spec.ipFamilyPolicy",
            "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
            id="two without a policy",
        ),
        pytest.param(
            DUAL,
            {"ipFamilies": ["IPv6"], "clusterIP": "10.96.0.9"},
            "spec.clusterIPs[0]",
            "expected an IPv6 value as indicated by `ipFamilies[0]`",
            id="an address of the other family",
        ),
        pytest.param(
            DUAL,
            {
                "ipFamilyPolicy": "PreferDualStack",
                "clusterIP": "10.96.0.9",
                "clusterIPs": ["10.96.0.9", "fd00:10:97::9"],
            },
            "spec.clusterIPs",
            "failed to allocate IP fd00:10:97::9: the provided IP (fd00:10:97::9) is not in the valid range. "
            "The range of valid IPs is fd00:10:96::/112",
            id="out of the second range",
        ),
    ],
)
def test_what_cannot_be_had_is_refused_and_nothing_is_kept(
    ranges: Ranges, spec: Object, field: str, message: str
) -> None:
    async def body(rig: Rig) -> None:
        with pytest.raises(StatusError) as caught:
            await rig.create(service("s", **spec), SERVICES)
        (cause,) = caught.value.details["causes"]
        assert caught.value.code == 422
        assert cause["field"] == field
        assert cause["message"].endswith(message)
        assert all(pool.used == 0 for pool in rig.pools.by_family(CLUSTER_IPS).values())

    run(body, ranges)


def test_a_service_is_upgraded_and_downgraded_and_its_second_address_released() -> None:
    async def body(rig: Rig) -> None:
        await rig.create(service("s"), SERVICES)
        both = (await rig.patch("s", {"spec": {"ipFamilyPolicy": "PreferDualStack"}}, SERVICES))["spec"]
        assert both["clusterIPs"] == ["10.96.1.1", "fd00:10:96::101"]
        assert rig.held(CLUSTER_IPS_V6) == {"fd00:10:96::101": "services/default/s"}
        one = (await rig.patch("s", {"spec": {"ipFamilyPolicy": "SingleStack"}}, SERVICES))["spec"]
        assert (one["clusterIPs"], one["ipFamilies"]) == (["10.96.1.1"], ["IPv4"])
        assert rig.held(CLUSTER_IPS_V6) == {}
        again = (await rig.patch("s", {"spec": {"ipFamilyPolicy": "RequireDualStack"}}, SERVICES))["spec"]
        assert again["clusterIPs"] == ["10.96.1.1", "fd00:10:96::102"], "what was released cools"

    run(body)


def test_an_upgrade_may_name_the_second_address() -> None:
    async def body(rig: Rig) -> None:
        await rig.create(service("s"), SERVICES)
        spec = {"ipFamilyPolicy": "RequireDualStack", "clusterIPs": ["10.96.1.1", "fd00:10:96::8"]}
        assert (await rig.patch("s", {"spec": spec}, SERVICES))["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
        assert rig.held(CLUSTER_IPS_V6) == {"fd00:10:96::8": "services/default/s"}

    run(body)


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        pytest.param({"ipFamilies": ["IPv6", "IPv4"]}, "spec.ipFamilies[0]", "may not change once set", id="families"),
        pytest.param(
            {"clusterIPs": ["10.96.1.1"]},
            "spec.ipFamilyPolicy",
            "when releasing the secondary clusterIP",
            id="the second IP",
        ),
        pytest.param(
            {"ipFamilies": ["IPv4"]},
            "spec.ipFamilyPolicy",
            "when releasing the secondary ipFamily",
            id="the second family",
        ),
        pytest.param(
            {"clusterIP": "10.96.1.9", "clusterIPs": ["10.96.1.9", "fd00:10:96::101"]},
            "spec.clusterIPs[0]",
            "may not change once set",
            id="the first IP",
        ),
    ],
)
def test_the_first_family_stays_and_the_second_goes_only_with_the_policy(
    spec: Object, field: str, message: str
) -> None:
    async def body(rig: Rig) -> None:
        await rig.create(service("s", ipFamilyPolicy="RequireDualStack"), SERVICES)
        before = {**rig.held(CLUSTER_IPS), **rig.held(CLUSTER_IPS_V6)}
        with pytest.raises(StatusError) as caught:
            await rig.patch("s", {"spec": spec}, SERVICES)
        causes = caught.value.details["causes"]
        assert any(cause["field"] == field and message in cause["message"] for cause in causes), causes
        assert {**rig.held(CLUSTER_IPS), **rig.held(CLUSTER_IPS_V6)} == before

    run(body)


def test_a_service_that_becomes_an_external_name_gives_both_addresses_back() -> None:
    async def body(rig: Rig) -> None:
        await rig.create(service("s", ipFamilyPolicy="RequireDualStack"), SERVICES)
        patch = {"spec": {"type": "ExternalName", "externalName": "example.com"}}
        spec = (await rig.patch("s", patch, SERVICES))["spec"]
        assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & spec.keys()
        assert not rig.held(CLUSTER_IPS)
        assert not rig.held(CLUSTER_IPS_V6)

    run(body)


def test_when_the_second_range_is_full_nothing_of_the_first_is_kept() -> None:
    async def body(rig: Rig) -> None:
        for number in range(7):
            await rig.create(service(f"s{number}", ipFamilies=["IPv6"]), SERVICES)
        with pytest.raises(StatusError, match="failed to allocate a serviceIP: range is full"):
            await rig.create(service("more", ipFamilyPolicy="RequireDualStack"), SERVICES)
        assert rig.pools[CLUSTER_IPS].used == 0

    run(body, Ranges(cluster_cidr=DUAL.cluster_cidr, service_cidr="10.96.0.0/16,fd00:10:96::/125"))


@pytest.mark.parametrize(
    ("ranges", "blocks"),
    [
        (DUAL, ["10.244.0.0/24", "fd00:10:244::/64"]),
        (V6_FIRST, ["fd00:10:244::/64", "10.244.0.0/24"]),
        (V6, ["fd00:10:244::/64"]),
    ],
)
def test_a_node_gets_a_block_of_each_family_and_gives_them_back(ranges: Ranges, blocks: list[str]) -> None:
    async def body(rig: Rig) -> None:
        spec = (await rig.create({"metadata": {"name": "n"}}, NODES))["spec"]
        assert (spec["podCIDR"], spec["podCIDRs"]) == (blocks[0], blocks)
        assert {*rig.held(POD_CIDRS), *rig.held(POD_CIDRS_V6)} == set(blocks)
        await rig.delete("n", NODES)
        assert not rig.held(POD_CIDRS)
        assert not rig.held(POD_CIDRS_V6)

    run(body, ranges)


def test_a_node_gets_no_block_at_all_when_a_family_has_none_left() -> None:
    async def body(rig: Rig) -> None:
        await rig.create({"metadata": {"name": "first"}}, NODES)
        assert "podCIDRs" not in (await rig.create({"metadata": {"name": "second"}}, NODES))["spec"]
        assert rig.pools[POD_CIDRS].used == 1

    run(body, Ranges(cluster_cidr="10.244.0.0/16,fd00:10:244::/64"))


def test_a_pod_holds_both_its_addresses_until_it_goes() -> None:
    async def body(rig: Rig) -> None:
        node = await rig.create({"metadata": {"name": "n"}}, NODES)
        pools = [rig.pools.of_pods("n", cidr) for cidr in node["spec"]["podCIDRs"]]
        addresses = [pool.reserve() for pool in pools]
        assert addresses == ["10.244.0.2", "fd00:10:244::2"]
        pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}}
        await rig.create(pod, PODS)
        status = {"podIP": addresses[0], "podIPs": [{"ip": each} for each in addresses]}
        await rig.patch("p", {"status": status}, PODS, subresource="status")
        for family, address in zip(("IPv4", "IPv6"), addresses, strict=True):
            assert rig.held(pod_pool_name("n", family)) == {address: "pods/default/p"}
        await rig.delete("p", PODS, grace_period_seconds=0)
        assert [pool.used for pool in pools] == [0, 0]

    run(body)


def test_a_service_holds_its_load_balancer_s_addresses_of_both_families() -> None:
    async def body(rig: Rig) -> None:
        await rig.create(service("s", type="LoadBalancer", ipFamilyPolicy="RequireDualStack"), SERVICES)
        ingress = {"ingress": [{"ip": "203.0.113.7"}, {"ip": "2001:db8:113::7"}]}
        await rig.patch("s", {"status": {"loadBalancer": ingress}}, SERVICES, subresource="status")
        assert rig.held(LOAD_BALANCERS) == {"203.0.113.7": "services/default/s"}
        assert rig.held(BALANCERS_V6) == {"2001:db8:113::7": "services/default/s"}

    run(body)


def test_a_cluster_of_one_family_has_pools_of_that_family_alone() -> None:
    async def body(rig: Rig) -> None:
        assert not any(name.endswith("/ipv6") for name in rig.pools.names())

    run(body, V4)
