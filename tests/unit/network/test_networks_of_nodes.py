"""Networks that are not routed: what a lone bridge, a node without an add-on and a mixture of both do to packets."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from fauxkube.kinds.core.node_network import BRIDGE, NONE, NodeNetwork, network_of
from fauxkube.machinery.objects import Object
from fauxkube.network.check import Check, check
from fauxkube.network.choice import Every
from fauxkube.network.hops import Arrival, End, Translation, Way
from fauxkube.network.mistakes import FORBIDDEN
from fauxkube.network.text import render, render_check
from fauxkube.network.topology import Topology
from fauxkube.network.trace import trace
from support.networks import endpoint, network, node, pod, service, slice_of

FLANNEL = NodeNetwork("flannel", "10-flannel.conflist", "flannel", range="10.244.0.0/16", run="one/0")
TWIN = "172.17.0.2"


def flannel(number: int, **more: Any) -> Object:
    return node(number, add_on=replace(FLANNEL, blocks=(f"10.244.{number}.0/24",), **more))


def way(topology: Topology, sender: str, target: str) -> Way:
    found = trace(topology, sender, target, choice=Every())
    assert render(asdict(found))
    return found.ways[0]


def lost(topology: Topology, sender: str, target: str) -> End:
    end = way(topology, sender, target).hops[-1]
    assert isinstance(end, End)
    return end


def checked(topology: Topology) -> Check:
    found = check(topology)
    assert render_check(asdict(found))
    return found


@pytest.mark.parametrize(
    ("given", "ranges"),
    [
        ([], ("172.17.0.0/16",)),
        (["10.244.0.0/24"], ("172.17.0.0/16",)),
        (["fd00:10:244::/64"], ("fd00:172:17::/64",)),
        (["fd00:10:244::/64", "10.244.0.0/24"], ("fd00:172:17::/64", "172.17.0.0/16")),
    ],
)
def test_a_lone_bridge_has_a_range_of_each_family_of_the_cluster(given: list[str], ranges: tuple[str, ...]) -> None:
    found = network_of({"spec": {"podCIDRs": given}}, BRIDGE)
    assert found is not None
    assert found.blocks == ranges


@pytest.fixture
def bridges() -> Topology:
    """Two nodes with twins: each first pod has the same address."""
    return network(
        nodes=[node(1), node(2)],
        pods=[pod("a", TWIN), pod("a2", "172.17.0.3"), pod("b", TWIN, node=2)],
        services=[service("shop", "10.96.0.9"), service("lonely", "10.96.0.10")],
        slices=[
            slice_of("shop", endpoint(TWIN, node=2, pod="b")),
            slice_of("lonely", endpoint("172.17.0.3", pod="a2")),
        ],
        kind=BRIDGE,
    )


def test_behind_a_lone_bridge_an_address_is_whoever_has_it_on_the_same_node(bridges: Topology) -> None:
    end = lost(bridges, "pod/a2", "pod/b")
    assert end.reason == "WrongReceiver"
    assert end.message == "172.17.0.2 is pod default/a on node-1, not pod default/b on node-2"
    assert end.likely == (FORBIDDEN,)


def test_pods_behind_one_bridge_reach_each_other(bridges: Topology) -> None:
    found = way(bridges, "pod/a2", "pod/a")
    assert found.reached
    assert not any(isinstance(hop, Translation) for hop in found.hops)


def test_a_service_leads_to_the_local_pod_with_the_backends_address(bridges: Topology) -> None:
    end = lost(bridges, "pod/a2", "service/shop")
    assert (end.reason, end.where) == ("WrongReceiver", "pod/default/a")


def test_twins_behind_one_service_are_each_the_backend_on_their_own_nodes() -> None:
    topology = network(
        nodes=[node(1), node(2)],
        pods=[pod("a", TWIN), pod("b", TWIN, node=2), pod("client", "172.17.0.3", node=2)],
        services=[service("shop", "10.96.0.9")],
        slices=[slice_of("shop", endpoint(TWIN, pod="a"), endpoint(TWIN, node=2, pod="b"))],
        kind=BRIDGE,
    )
    arrival = way(topology, "pod/client", "service/shop").hops[-1]
    assert isinstance(arrival, Arrival)
    assert arrival.where == "pod/default/b"


def test_a_node_port_leads_to_whoever_has_the_address_on_the_node_that_is_asked(bridges: Topology) -> None:
    ports = [{"port": 80, "targetPort": 80, "nodePort": 30080, "protocol": "TCP"}]
    topology = network(
        nodes=[node(1), node(2), node(3)],
        pods=[pod("a", TWIN), pod("b", TWIN, node=2)],
        services=[service("shop", "10.96.0.9", type="NodePort", ports=ports)],
        slices=[slice_of("shop", endpoint(TWIN, node=2, pod="b"))],
        kind=BRIDGE,
    )
    assert way(topology, "outside", "node-2:30080").reached
    assert lost(topology, "outside", "node-1:30080").reason == "WrongReceiver"
    assert lost(topology, "outside", "node-3:30080").reason == "NoRoute"


def test_a_pod_from_before_the_add_on_has_to_be_made_anew() -> None:
    topology = network(
        nodes=[flannel(1), flannel(2)], pods=[pod("old", TWIN), pod("b", "10.244.2.2", node=2)], kind=BRIDGE
    )
    likely = lost(topology, "pod/b", "pod/old").likely
    assert likely == ("the block of node-1 is 10.244.1.0/24: a pod from before its network add-on has to be made anew",)


def test_a_service_leads_nowhere_where_nobody_has_the_backends_address(bridges: Topology) -> None:
    end = lost(bridges, "node/node-2", "service/lonely")
    assert end.reason == "NoRoute"
    assert end.message == (
        "172.17.0.3 is out of the range of node-2's own bridge, and nobody has it there: "
        "pod default/a2 has it on node-1"
    )
    assert end.likely == (FORBIDDEN,)


def test_what_leaves_a_lone_bridge_goes_as_its_node(bridges: Topology) -> None:
    topology = network(
        nodes=[node(1), node(2)],
        pods=[pod("a", TWIN), pod("agent", "172.18.0.12", node=2, ports=[{"containerPort": 80}], hostNetwork=True)],
        kind=BRIDGE,
    )
    arrival = way(topology, "pod/a", "pod/agent").hops[-1]
    assert isinstance(arrival, Arrival)
    assert arrival.source == "172.18.0.11"


def test_a_check_of_lone_bridges_refutes_every_requirement_but_that_there_is_a_network(bridges: Topology) -> None:
    pods, nodes, addresses, ranges, networks = checked(bridges).requirements
    assert [each.holds for each in (pods, nodes, addresses, ranges, networks)] == [False] * 4 + [True]
    pairs = {(each.source, each.target) for each in pods.failures}
    assert pairs == {
        ("pod/default/a", "pod/default/b"),
        ("pod/default/a2", "pod/default/b"),
        ("pod/default/b", "pod/default/a"),
        ("pod/default/b", "pod/default/a2"),
    }
    assert any(each.source.startswith("pod/") and "as the node's own" in each.reason for each in nodes.failures)
    assert [each.reason for each in addresses.failures] == ["both have 172.17.0.2"]
    assert [each.reason for each in ranges.failures] == ["172.17.0.0/16 and 172.17.0.0/16 overlap"]


def test_without_a_network_pods_have_no_address_and_the_node_is_named() -> None:
    topology = network(nodes=[node(1, ready="False"), node(2, ready="False")], pods=[pod("a"), pod("b")], kind=NONE)
    end = lost(topology, "pod/a", "pod/b")
    assert "node node-1 has no network add-on: the kubelet says False" in end.likely
    found = checked(topology)
    reason = "pod default/a has no address: node node-1 has no network add-on: the kubelet says False"
    assert found.requirements[0].failures[0].reason == reason
    assert [each.source for each in found.requirements[4].failures] == ["node/node-1", "node/node-2"]


def test_a_node_without_the_add_on_has_no_route_to_the_others() -> None:
    topology = network(nodes=[flannel(1), flannel(2), node(3)], pods=[pod("a", "10.244.1.2")], kind=NONE)
    assert way(topology, "node/node-2", "pod/a").reached
    end = lost(topology, "node/node-3", "pod/a")
    assert end.message == "node-3 has no route to 10.244.1.0/24 of node-1: it has no network add-on"
    failures = checked(topology).requirements[1].failures
    assert [(each.source, each.reason) for each in failures] == [("node/node-3", end.message)]


def test_an_add_on_that_names_another_range_than_the_nodes_blocks_is_told() -> None:
    error = 'subnet "10.5.0.0/16" specified in the flannel net config doesn\'t contain "10.244.1.0/24"'
    wrong = replace(FLANNEL, range="10.5.0.0/16", source="net-conf.json of ConfigMap kube-flannel/cfg", error=error)
    topology = network(nodes=[node(1, add_on=wrong)], pods=[pod("a"), pod("b")], kind=NONE)
    told, range_told = lost(topology, "pod/a", "pod/b").likely[-2:]
    assert told == f"flannel on node node-1: {error}"
    assert range_told == (
        "net-conf.json of ConfigMap kube-flannel/cfg says 10.5.0.0/16, but the block of node-1 is 10.244.1.0/24: "
        "make them one"
    )


def test_a_range_of_an_add_ons_own_has_to_lie_apart_from_the_others() -> None:
    calico = NodeNetwork("calico", "10-calico.conflist", "calico", ("10.96.1.0/26",), "10.96.0.0/12", run="one/0")
    found = checked(network(nodes=[node(1, add_on=calico)], kind=NONE)).requirements[3]
    reasons = {(each.source, each.target): each.reason for each in found.failures}
    assert reasons == {("services", "calico"): "10.96.0.0/16 and 10.96.0.0/12 overlap"}


@pytest.mark.parametrize("kind", [NONE, BRIDGE])
def test_the_file_that_comes_first_counts(kind: str) -> None:
    both = node(1, add_on=FLANNEL)
    name, text = replace(FLANNEL, name="cilium", conf="05-cilium.conflist").annotation
    both["metadata"]["annotations"][name] = text
    found = network_of(both, kind)
    assert found is not None
    assert found.name == "cilium"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"conf": 1}', '{"blocks": ["10.0.0.0/24"]}'])
def test_an_annotation_that_says_nothing_is_no_network(text: str) -> None:
    broken = node(1)
    broken["metadata"]["annotations"]["fauxkube.io/cni.flannel"] = text
    assert network_of(broken, NONE) is None
