"""Which pods are network add-ons, when their file is on the node, what they are told, and what becomes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.kinds.core.node_network import NodeNetwork, installed, own_blocks
from fauxkube.machinery.objects import GVR, Object
from fauxkube.machinery.status import not_found
from fauxkube.nodes.add_on_facts import IP_POOLS, Fact, Facts, facts_of
from fauxkube.nodes.add_on_plan import failure, grown, length_of, started
from fauxkube.nodes.add_ons import (
    ADD_ONS,
    AddOn,
    add_on_named,
    add_on_of,
    has_put_its_file,
    plugin_problem,
    run_of_agent,
)

FLANNEL, CALICO, CILIUM = add_on_named("flannel"), add_on_named("calico"), add_on_named("cilium")
CONF = {"name": "cni", "hostPath": {"path": "/etc/cni/net.d"}}
MOUNT = {"name": "cni", "mountPath": "/etc/cni/net.d"}
READY = [{"type": "Ready", "status": "True"}]
NODE = {"metadata": {"name": "node-1"}, "spec": {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.1.0/24"]}}
MISFIT = (
    'Error registering network: failed to acquire lease: subnet "10.5.0.0/16" specified in the flannel net config '
    'doesn\'t contain "10.244.1.0/24" PodCIDR of the "node-1" node'
)
UNREAD = "Failed to create SubnetManager: error parsing subnet config: no network in net-conf.json"
INSTALLED = NodeNetwork("x", "10-x.conflist", "x", running=False)


def container(name: str, *, image: str = "agent", mounts: Any = (), **more: Any) -> Object:
    return {"name": name, "image": image, "volumeMounts": list(mounts), **more}


def pod(*, init: Any = (), main: Any = (), volumes: Any = (CONF,), owner: str = "net", **status: Any) -> Object:
    return {
        "metadata": {
            "name": f"{owner}-x1",
            "namespace": "kube-system",
            "uid": "one",
            "ownerReferences": [{"kind": "DaemonSet", "name": owner, "controller": True}],
        },
        "spec": {"initContainers": list(init), "containers": list(main), "volumes": list(volumes)},
        "status": status,
    }


def facts(**said: str) -> Facts:
    return Facts((name.replace("__", "/"), Fact(value, "somewhere")) for name, value in said.items())


@pytest.mark.parametrize(
    ("image", "owner", "name"),
    [
        ("ghcr.io/flannel-io/flannel:v0.26.1", "kube-flannel-ds", "flannel"),
        ("docker.io/calico/cni:v3.28.0", "calico-node", "calico"),
        ("docker.io/calico/cni:v3.28.0", "canal", "canal"),
        ("quay.io/cilium/cilium:v1.16.0", "cilium", "cilium"),
        ("weaveworks/weave-kube:2.8.1", "weave-net", "weave"),
        ("example.com/mesh/agent", "mesh", "mesh"),
    ],
)
def test_an_add_on_is_known_by_its_images_and_the_name_of_its_daemon_set(image: str, owner: str, name: str) -> None:
    found = add_on_of(pod(init=[container("install", image=image, mounts=[MOUNT])], owner=owner))
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("path", ["/etc/cni/net.d", "/etc/cni/net.d/", "/etc/cni", "/etc"])
def test_who_mounts_the_directory_or_what_it_lies_in_is_an_add_on(path: str) -> None:
    volume = {"name": "cni", "hostPath": {"path": path}}
    assert add_on_of(pod(main=[container("agent", mounts=[MOUNT])], volumes=[volume])) is not None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(pod(main=[container("agent", mounts=[{**MOUNT, "readOnly": True}])]), id="only reads"),
        pytest.param(pod(main=[container("agent")]), id="mounts nothing"),
        pytest.param(
            pod(main=[container("agent", mounts=[MOUNT])], volumes=[{"name": "cni", "hostPath": {"path": "/"}}]),
            id="the whole machine",
        ),
        pytest.param(
            pod(main=[container("agent", mounts=[MOUNT])], volumes=[{"name": "cni", "emptyDir": {}}]), id="no disk"
        ),
        pytest.param(
            pod(main=[container("agent", image="ghcr.io/k8snetworkplumbingwg/multus-cni", mounts=[MOUNT])]),
            id="adds to another's network",
        ),
    ],
)
def test_other_pods_are_none(other: Object) -> None:
    assert add_on_of(other) is None


@pytest.mark.parametrize(
    ("state", "there"),
    [
        ({"waiting": {}}, False),
        ({"running": {}}, False),
        ({"terminated": {"exitCode": 1}}, False),
        ({"terminated": {"exitCode": 0}}, True),
    ],
)
def test_the_file_is_there_once_the_init_container_that_mounts_the_directory_is_done(
    state: Object, there: bool
) -> None:
    statuses = [{"name": "other", "state": {"waiting": {}}}, {"name": "install", "state": state}]
    init = [container("other"), container("install", mounts=[MOUNT])]
    assert has_put_its_file(pod(init=init, initContainerStatuses=statuses)) is there


@pytest.mark.parametrize(("conditions", "there"), [([], False), (READY, True)])
def test_an_agent_that_mounts_the_directory_itself_puts_the_file_there_once_it_is_ready(
    conditions: list[Object], there: bool
) -> None:
    init = [container("binaries")]
    assert has_put_its_file(pod(init=init, main=[container("agent", mounts=[MOUNT])], conditions=conditions)) is there


def test_a_run_of_an_agent_is_another_after_each_restart_and_none_once_it_is_told_to_stop() -> None:
    agent = pod(main=[container("agent")], conditions=READY, containerStatuses=[{"name": "agent", "restartCount": 2}])
    assert run_of_agent(agent) == "one/2"
    agent["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert run_of_agent(agent) == ""


@pytest.mark.parametrize(
    ("add_on", "said", "problem"),
    [
        (FLANNEL, {"config__net-conf.json": '{"Network": "10.244.0.0/16"}'}, ""),
        (FLANNEL, {}, UNREAD),
        (add_on_named("mesh"), {}, ""),
        (
            FLANNEL,
            {"config__net-conf.json": '{"Network": "10.5.0.0/16"}'},
            MISFIT,
        ),
        (FLANNEL, {"config__net-conf.json": '{"Network": "ten"}'}, "invalid CIDR address: ten"),
        (FLANNEL, {"config__net-conf.json": "{"}, UNREAD),
        (CALICO, {"env__CALICO_IPV4POOL_CIDR": "10.5.0.0/16"}, ""),
        (CALICO, {"env__CALICO_IPV4POOL_CIDR": "10.5.0.0/28"}, "10.5.0.0/28 cannot be cut into blocks of /26"),
        (CILIUM, {"config__ipam": "kubernetes", "config__cluster-pool-ipv4-cidr": "10.5.0.0/16"}, ""),
    ],
)
def test_an_agent_ends_with_what_is_wrong_with_its_range(add_on: AddOn, said: dict[str, str], problem: str) -> None:
    assert failure(add_on, NODE, facts(**said)) == problem


def test_an_agent_that_needs_the_nodes_block_ends_where_there_is_none() -> None:
    node = {"metadata": {"name": "node-9"}, "spec": {}}
    assert failure(FLANNEL, node, facts(**{"config__net-conf.json": '{"Network": "10.5.0.0/16"}'})).endswith(
        'node "node-9" pod cidr not assigned'
    )


@pytest.mark.parametrize(
    ("add_on", "said", "blocks", "own"),
    [
        (FLANNEL, {"config__net-conf.json": '{"Network": "10.244.0.0/16"}'}, ("10.244.1.0/24",), False),
        (add_on_named("mesh"), {}, ("10.244.1.0/24",), False),
        (CALICO, {}, ("192.168.0.64/26",), True),
        (CALICO, {"env__CALICO_IPV4POOL_CIDR": "10.9.0.0/16"}, ("10.9.0.0/26",), True),
        (
            CALICO,
            {"env__CALICO_IPV4POOL_CIDR": "10.9.0.0/16", "pool__cidr": "10.8.0.0/16", "pool__blockSize": "29"},
            ("10.8.0.0/29",),
            True,
        ),
        (
            CALICO,
            {"config__ClusterConfiguration": "networking:\n  podSubnet: 10.7.0.0/16\n"},
            ("10.7.0.0/26",),
            True,
        ),
        (CALICO, {"env__CALICO_IPV4POOL_CIDR": "fd00::/48"}, ("fd00::/122",), True),
        (CILIUM, {}, ("10.0.0.0/24",), True),
        (
            CILIUM,
            {"config__cluster-pool-ipv4-cidr": "10.1.0.0/16", "config__cluster-pool-ipv4-mask-size": "26"},
            ("10.1.0.0/26",),
            True,
        ),
        (CILIUM, {"config__ipam": "kubernetes"}, ("10.244.1.0/24",), False),
    ],
)
def test_an_agent_finds_its_nodes_block(
    add_on: AddOn, said: dict[str, str], blocks: tuple[str, ...], own: bool
) -> None:
    found = started(add_on, NODE, facts(**said), INSTALLED, run="one/0", taken={"192.168.0.0/26"})
    assert (found.blocks, found.own, found.run, found.running) == (blocks, own, "one/0", True)


def test_an_agent_uses_the_nodes_blocks_of_the_families_that_it_is_told_of() -> None:
    node = {"metadata": {"name": "n"}, "spec": {"podCIDRs": ["10.244.1.0/24", "fd00::/64"]}}
    told = facts(**{"config__net-conf.json": '{"Network": "10.244.0.0/16"}'})
    assert failure(FLANNEL, node, told) == ""
    assert started(FLANNEL, node, told, INSTALLED, run="one/0", taken=()).blocks == ("10.244.1.0/24",)
    mesh = started(add_on_named("mesh"), node, facts(), INSTALLED, run="one/0", taken=())
    assert mesh.blocks == ("10.244.1.0/24", "fd00::/64")


def test_an_agent_that_starts_again_keeps_its_blocks_and_takes_one_of_another_range_first() -> None:
    first = started(CALICO, NODE, facts(), INSTALLED, run="one/0", taken=())
    assert started(CALICO, NODE, facts(), first, run="one/1", taken=set(first.blocks)).blocks == first.blocks
    moved = started(
        CALICO, NODE, facts(env__CALICO_IPV4POOL_CIDR="10.9.0.0/16"), first, run="one/2", taken=set(first.blocks)
    )
    assert moved.blocks == ("10.9.0.0/26", *first.blocks)


def test_a_range_without_a_free_block_is_told() -> None:
    full = grown(NodeNetwork("x", "c", "p", range="10.0.0.0/25"), 26, {"10.0.0.0/26", "10.0.0.64/26"})
    assert (full.blocks, full.error) == ((), "no block of /26 is free in 10.0.0.0/25")


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30))
def test_no_two_nodes_get_the_same_block(order: list[str]) -> None:
    """Whoever's block is full gets another, whatever the order."""
    networks: dict[str, NodeNetwork] = {}
    for node in order:
        taken = {block for each in networks.values() for block in each.blocks}
        before = networks.get(node, NodeNetwork(node, "c", "p", range="10.0.0.0/22"))
        networks[node] = grown(before, length_of(CALICO, facts()), taken)
    blocks = [block for each in networks.values() for block in each.blocks]
    assert len(blocks) == len(set(blocks)) == min(len(order), 16)


@pytest.mark.parametrize("add_on", ADD_ONS, ids=lambda each: each.name)
def test_a_plugin_fails_before_its_agent_has_run_and_if_it_asks_also_after_it_is_gone(add_on: AddOn) -> None:
    network = NodeNetwork(add_on.name, add_on.conf, add_on.plugin, running=False)
    assert plugin_problem(network) == add_on.unready
    ran = NodeNetwork(add_on.name, add_on.conf, add_on.plugin, ("10.0.0.0/24",), running=False)
    assert plugin_problem(ran) == (add_on.unready if add_on.asks else "")


@pytest.mark.parametrize("own", [True, False])
def test_what_is_kept_on_a_node_is_read_back(own: bool) -> None:
    network = NodeNetwork(
        "x", "10-x.conflist", "x", ("10.0.0.0/26",), "10.0.0.0/16", "a map", "one/2", False, "e", own, "a/b"
    )
    node = {"metadata": {"annotations": dict([network.annotation, ("other", "1")])}, "spec": {}}
    assert list(installed(node)) == [network]
    assert own_blocks(node) == (["10.0.0.0/26"] if own else [])


class Api:
    """ConfigMaps by namespace and name, and address pools, if the kind is served."""

    def __init__(self, maps: dict[tuple[str, str], dict[str, str]], pools: list[Object] | None = None) -> None:
        self._maps, self._pools = maps, pools

    async def get(self, gvr: GVR, name: str, namespace: str = "") -> Object:
        if (namespace, name) not in self._maps:
            raise not_found("configmaps", name)
        return {"data": self._maps[namespace, name]}

    async def list(self, gvr: GVR, namespace: str = "", **selectors: str) -> Any:
        if gvr != IP_POOLS or self._pools is None:
            raise not_found("ippools", "")
        return type("Listed", (), {"items": self._pools})


def told(api: Api, pod: Object, add_on: AddOn, name: str) -> Fact | None:
    return asyncio.run(facts_of(api, pod, add_on)).first([name])  # type: ignore[arg-type]


def test_facts_are_read_from_the_maps_that_the_pod_mounts_or_names() -> None:
    maps = {("kube-system", "cfg"): {"net-conf.json": '{"Network": "10.1.0.0/16"}', "range": "10.2.0.0/16"}}
    reference = {"configMapKeyRef": {"name": "cfg", "key": "range"}}
    env = [{"name": "RANGE", "valueFrom": reference}, {"name": "PLAIN", "value": "10.3.0.0/16"}]
    mounting = pod(main=[container("agent", env=env)], volumes=[{"name": "c", "configMap": {"name": "cfg"}}])
    api = Api(maps)
    wanted = "config/net-conf.json#Network"
    assert told(api, mounting, FLANNEL, wanted) == ("10.1.0.0/16", "net-conf.json of ConfigMap kube-system/cfg")
    assert told(api, mounting, FLANNEL, "env/RANGE") == ("10.2.0.0/16", "RANGE of container agent")
    assert told(api, mounting, FLANNEL, "env/PLAIN") == ("10.3.0.0/16", "PLAIN of container agent")
    assert told(Api({}), mounting, FLANNEL, wanted) is None


@pytest.mark.parametrize(
    ("pools", "cidr"),
    [
        (None, None),
        ([], None),
        ([{"metadata": {"name": "one"}, "spec": {"cidr": "10.5.0.0/16"}}], "10.5.0.0/16"),
        (
            [
                {"metadata": {"name": "off"}, "spec": {"cidr": "10.4.0.0/16", "disabled": True}},
                {"metadata": {"name": "six"}, "spec": {"cidr": "fd00::/48"}},
                {"metadata": {"name": "one"}, "spec": {"cidr": "10.5.0.0/16"}},
            ],
            "10.5.0.0/16",
        ),
    ],
)
def test_the_first_pool_that_is_not_disabled_counts(pools: list[Object] | None, cidr: str | None) -> None:
    found = told(Api({}, pools), pod(), CALICO, "pool/cidr")
    assert (found.value if found else None) == cidr
