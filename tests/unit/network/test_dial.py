"""`dial` gets to whom a trace says, by the same draw, and tells what is refused from what is lost."""

from __future__ import annotations

import pytest

from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object
from fauxkube.network.choice import ByChance, Every
from fauxkube.network.dial import control_plane, dial
from fauxkube.network.hops import Arrival
from fauxkube.network.places import Place
from fauxkube.network.topology import Topology
from fauxkube.network.trace import trace
from support.networks import endpoint, network, node, pod, service, slice_of

HTTP = {"containerPort": 8080}
CLOSED = {"metadata": {"name": "closed", "namespace": "default"}, "spec": {"podSelector": {}}}


def cluster(**more: list[Object]) -> Topology:
    ports = [{"port": 80, "targetPort": 8080, "nodePort": 30080, "protocol": "TCP"}]
    local = [{"port": 81, "targetPort": 8080, "nodePort": 30081, "protocol": "TCP"}]
    backends = [endpoint(f"10.244.{number}.2", node=number, pod=f"web-{number}") for number in (1, 2)]
    slices = [slice_of(name, *backends, ports=[{"name": "", "port": 8080}]) for name in ("shop", "near")]
    given = {
        "nodes": [node(1), node(2), node(3), node(4, ready="Unknown")],
        "pods": [pod(f"web-{number}", f"10.244.{number}.2", node=number, ports=[HTTP]) for number in (1, 2)],
        "services": [
            service("shop", "10.96.0.9", type="NodePort", ports=ports),
            service("near", "10.96.0.10", type="NodePort", ports=local, externalTrafficPolicy="Local"),
            service("none", "10.96.0.11", type="NodePort", ports=[{"port": 80, "nodePort": 30082}]),
        ],
        "slices": slices,
    }
    return network(**given | more)


@pytest.mark.parametrize("target", ["node-1:30080", "node-3:30080", "node-2:30081"])
def test_a_connection_gets_to_one_of_those_that_traces_say_and_in_the_end_to_each(target: str) -> None:
    topology = cluster()
    name, _, port = target.partition(":")
    address = topology.nodes.by_name[name].addresses[0]
    ends = [way.hops[-1] for way in trace(topology, "outside/192.0.2.1", target, choice=Every()).ways]
    told = {(each.where, each.source) for each in ends if isinstance(each, Arrival)}
    place, found = Place(address="192.0.2.1"), set()
    for seed in range(20):
        dialled = dial(topology, place, address, int(port), choice=ByChance(Chance(seed)))
        assert dialled.port == 8080
        found.add((f"pod/{dialled.pod}", dialled.source))
    assert found == told


@pytest.mark.parametrize(
    ("address", "port", "refused", "reason"),
    [
        ("172.18.0.11", 30082, True, "NoEndpoints"),
        ("172.18.0.13", 30081, False, "NoLocalEndpoints"),
        ("172.18.0.14", 30080, False, "NodeDown"),
        ("172.18.0.11", 30099, True, "PortNotDeclared"),
        ("10.96.0.9", 80, False, "NoRoute"),
    ],
)
def test_what_is_refused_is_told_from_what_is_lost(address: str, port: int, reason: str, *, refused: bool) -> None:
    dialled = dial(cluster(), Place(address="192.0.2.1"), address, port, choice=ByChance(Chance(1)))
    assert dialled.end is not None
    assert (dialled.refused, dialled.end.reason) == (refused, reason)


def test_the_control_plane_reaches_pods_but_not_past_policies() -> None:
    addresses = endpoint("172.18.0.2")
    api = slice_of("kubernetes", {"addresses": addresses["addresses"]}, ports=[{"name": "https", "port": 6443}])
    topology = cluster(slices=[api])
    dialled = dial(topology, control_plane(topology), "10.244.1.2", 8080, choice=ByChance(Chance(1)))
    assert (dialled.pod, dialled.source) == ("default/web-1", "172.18.0.2")
    topology = cluster(slices=[api], policies=[CLOSED])
    dialled = dial(topology, control_plane(topology), "10.244.1.2", 8080, choice=ByChance(Chance(1)))
    assert (dialled.pod, dialled.refused) == ("", False)
