"""Both IP families at once, and IPv6 alone: names, rules, translation, routes and requirements of either."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object
from fauxkube.network.check import check
from fauxkube.network.choice import ByChance, Every
from fauxkube.network.dial import control_plane, dial
from fauxkube.network.endpoints import Endpoint
from fauxkube.network.errors import TraceError
from fauxkube.network.hops import Arrival, End, Lookup, RuleHit, Translation, Way
from fauxkube.network.hosts import node_of
from fauxkube.network.proxy import Entry, Rule, Rules, Source, Verdict, decide, ports_of
from fauxkube.network.topology import Ranges, Topology
from fauxkube.network.trace import trace
from support.networks import endpoint, network, node, pod, service, slice_of

V4, V6 = ("10.244.0.0/16", "10.96.0.0/16", "172.18.0.0/16"), ("fd00:10:244::/56", "fd00:10:96::/112", "fd00:172::/64")
DUAL = Ranges(*zip(V4, V6, strict=True))
ALONE = Ranges(*((each,) for each in V6))
PORTS = [{"port": 80, "targetPort": 8080, "nodePort": 30080, "protocol": "TCP"}]
SERVED = [{"name": "", "port": 8080, "protocol": "TCP"}]


def dual_node(number: int, *, families: tuple[str, ...] = ("IPv4", "IPv6")) -> Object:
    made = node(number)
    addresses = {"IPv4": f"172.18.0.{10 + number}", "IPv6": f"fd00:172::{10 + number}"}
    cidrs = {"IPv4": f"10.244.{number}.0/24", "IPv6": f"fd00:10:244:{number}::/64"}
    own = [cidrs[family] for family in families]
    made["spec"] = {"podCIDR": own[0], "podCIDRs": own}
    made["status"]["addresses"] = [{"type": "InternalIP", "address": addresses[each]} for each in families]
    return made


def dual_pod(
    name: str, last: int, *, node: int = 1, families: tuple[str, ...] = ("IPv4", "IPv6"), **more: Any
) -> Object:
    made = pod(name, "set below", node=node, **more)
    addresses = {"IPv4": f"10.244.{node}.{last}", "IPv6": f"fd00:10:244:{node}::{last}"}
    made["status"]["podIPs"] = [{"ip": addresses[each]} for each in families]
    return made


def family_slice(service: str, family: str, *endpoints: Object) -> Object:
    made = slice_of(service, *endpoints, ports=SERVED) | {"addressType": family}
    made["metadata"]["name"] = f"{service}-{family.lower()}"
    return made


def slices(name: str, *families: str, node: int = 1, last: int = 5) -> list[Object]:
    addresses = {"IPv4": f"10.244.{node}.{last}", "IPv6": f"fd00:10:244:{node}::{last}"}
    return [family_slice(name, family, endpoint(addresses[family], node=node, pod="web")) for family in families]


def dual_cluster() -> Topology:
    """Two services of both families, IPv6 first in one; `old` is of IPv4 alone, and so is the pod `old`."""
    balanced = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}, {"ip": "2001:db8:113::7"}]}}
    return network(
        nodes=[dual_node(1), dual_node(2)],
        pods=[
            dual_pod("web", 5, ports=[{"containerPort": 8080}]),
            dual_pod("client", 9, node=2),
            dual_pod("old", 8, node=2, families=("IPv4",)),
            dual_pod("new", 7, node=2, families=("IPv6",)),
        ],
        services=[
            service("shop", "10.96.0.9", ports=PORTS, clusterIPs=["10.96.0.9", "fd00:10:96::9"], status=balanced),
            service("first6", "fd00:10:96::a", ports=[{"port": 80}], clusterIPs=["fd00:10:96::a", "10.96.0.10"]),
            service("old", "10.96.0.11", ports=[{"port": 80, "nodePort": 30081}]),
            service("alone6", "fd00:10:96::c", ports=[{"port": 80}], clusterIPs=["fd00:10:96::c"]),
        ],
        slices=[
            *slices("shop", "IPv4", "IPv6"),
            *slices("first6", "IPv4", "IPv6"),
            *slices("old", "IPv4"),
            *slices("alone6", "IPv6"),
        ],
        ranges=DUAL,
    )


def only(topology: Topology, sender: str, target: str) -> Way:
    (way,) = trace(topology, sender, target, choice=Every()).ways
    return way


def lookups(way: Way) -> list[tuple[str, tuple[str, ...]]]:
    return [(hop.type, hop.records) for hop in way.hops if isinstance(hop, Lookup) and hop.records]


def arrival(way: Way) -> tuple[str, str]:
    """What it was sent to in the end, and from where."""
    last = way.hops[-1]
    assert isinstance(last, Arrival), last
    return last.address, last.source


WEB4, WEB6 = "10.244.1.5:8080", "[fd00:10:244:1::5]:8080"
CLIENT4, CLIENT6, NEW = "10.244.2.9", "fd00:10:244:2::9", "fd00:10:244:2::7"


@pytest.mark.parametrize(
    ("sender", "target", "address", "source"),
    [
        pytest.param("pod/client", "service/shop", WEB4, CLIENT4, id="the main family"),
        pytest.param("pod/client", "service/first6", WEB4, CLIENT4, id="the sender's, not the service's"),
        pytest.param("pod/new", "service/shop", WEB6, NEW, id="the one it has"),
        pytest.param("pod/client", "[fd00:10:96::9]:80", WEB6, CLIENT6, id="cluster IP"),
        pytest.param("pod/client", "http://[fd00:10:96::9]", WEB6, CLIENT6, id="URL"),
        pytest.param("pod/client", "[fd00:10:96:0::0009]:80", WEB6, CLIENT6, id="in any form"),
        pytest.param("pod/client", "alone6", WEB6, CLIENT6, id="a service of the second"),
        pytest.param("pod/new", "pod/web", WEB6, NEW, id="pod to pod"),
        pytest.param("pod/new", "pod/new:80", "[fd00:10:244:2::7]:80", NEW, id="to itself"),
        pytest.param("node/node-2", "[fd00:10:96::9]:80", WEB6, "fd00:172::12", id="from a node"),
        pytest.param("outside", "[fd00:172::12]:30080", WEB6, "fd00:172::12", id="node port"),
        pytest.param("outside", "[fd00:172::11]:30080", WEB6, "fd00:10:244:1::1", id="node port of the backend's node"),
        pytest.param("outside/2001:db8:9::9", "node-2:30080", WEB6, "fd00:172::12", id="from the world"),
    ],
)
def test_a_packet_stays_in_its_family(sender: str, target: str, address: str, source: str) -> None:
    assert arrival(only(dual_cluster(), sender, target)) == (address, source)


@pytest.mark.parametrize(
    ("sender", "target"), [("outside", "[2001:db8:113::7]:80"), ("outside/fd00::9", "service/shop")]
)
def test_a_load_balancer_takes_either_family(sender: str, target: str) -> None:
    ways = trace(dual_cluster(), sender, target, choice=Every()).ways
    assert {arrival(way)[0] for way in ways} == {WEB6}


def test_who_comes_from_outside_is_masqueraded_with_the_node_s_address_of_the_family() -> None:
    way = only(dual_cluster(), "outside/2001:db8:9::9", "[fd00:172::12]:30080")
    sources = [hop.after for hop in way.hops if isinstance(hop, Translation) and hop.changes == "source"]
    assert sources == ["fd00:172::12"]


def test_both_families_are_asked_for_and_the_main_one_is_used() -> None:
    way = only(dual_cluster(), "pod/client", "shop")
    assert lookups(way) == [("A", ("10.96.0.9",)), ("AAAA", ("fd00:10:96::9",))]
    assert arrival(way)[0] == "10.244.1.5:8080"


def test_only_the_families_that_a_pod_has_are_asked_for() -> None:
    assert lookups(only(dual_cluster(), "pod/old", "shop")) == [("A", ("10.96.0.9",))]
    assert lookups(only(dual_cluster(), "pod/new", "shop")) == [("AAAA", ("fd00:10:96::9",))]


@pytest.mark.parametrize(
    ("sender", "target", "reason"),
    [
        ("pod/old", "service/alone6", "NoAddressOfFamily"),
        ("pod/new", "service/old", "NoAddressOfFamily"),
        ("outside/192.0.2.9", "[2001:db8:113::7]:80", "NoAddressOfFamily"),
        ("pod/old", "alone6", "NoAddressOfFamily"),
        ("outside", "[fd00:172::11]:30081", "PortNotDeclared"),
    ],
)
def test_what_is_of_another_family_cannot_be_reached(sender: str, target: str, reason: str) -> None:
    way = only(dual_cluster(), sender, target)
    end = way.hops[-1]
    assert isinstance(end, End)
    assert (way.reached, end.reason) == (False, reason)


def test_a_node_port_answers_only_in_the_service_s_families() -> None:
    rules = dual_cluster().services.rules
    found = [
        rules.at_node_port("TCP", port, like=like) for port in (30080, 30081) for like in ("172.18.0.11", "fd00::1")
    ]
    assert [bool(each) for each in found] == [True, True, True, False]


def test_outer_addresses_of_a_family_that_the_service_lacks_have_no_rule() -> None:
    balanced = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}, {"ip": "2001:db8:113::7"}]}}
    shop = service("shop", "10.96.0.9", externalIPs=["198.51.100.5", "2001:db8::5"], status=balanced)
    rules = Rules([shop])
    at = ("198.51.100.5", "2001:db8::5", "203.0.113.7", "2001:db8:113::7")
    assert [rules.at(each, "TCP", 80) is not None for each in at] == [True, False, True, False]


@pytest.mark.parametrize(
    ("address", "client", "verdict"),
    [
        ("203.0.113.7", "198.51.100.9", Verdict.FORWARD),
        ("203.0.113.7", "192.0.2.9", Verdict.DROP),
        ("2001:db8:113::7", "2001:db8:9::9", Verdict.FORWARD),
    ],
)
def test_source_ranges_bind_their_own_family_only(address: str, client: str, verdict: Verdict) -> None:
    port = ports_of(service("shop", "10.96.0.9", loadBalancerSourceRanges=["198.51.100.0/24"]))[0]
    rule = Rule(Entry.LOAD_BALANCER, address, port)
    backends = [Endpoint("10.244.1.5", 80, node="node-1")]
    assert decide(rule, backends, node_of(dual_node(1)), Source.ELSEWHERE, client).verdict is verdict


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "SCTP"])
def test_one_number_is_another_port_under_each_protocol(protocol: str) -> None:
    ports = [
        {"name": each.lower(), "port": 53, "targetPort": each.lower(), "protocol": each, "nodePort": 30053}
        for each in ("TCP", "UDP", "SCTP")
    ]
    rules = Rules([service("dns", "fd00:10:96::d", ports=ports)])
    found = (rules.at("fd00:10:96::d", protocol, 53), rules.at_node_port(protocol, 30053, like="fd00::1"))
    assert [each.port.name if each else "" for each in found] == [protocol.lower()] * 2


def alone() -> Topology:
    return network(
        nodes=[dual_node(1, families=("IPv6",)), dual_node(2, families=("IPv6",))],
        pods=[dual_pod("web", 5, families=("IPv6",)), dual_pod("client", 9, node=2, families=("IPv6",))],
        services=[service("shop", "fd00:10:96::9", ports=PORTS, type="NodePort")],
        slices=slices("shop", "IPv6"),
        ranges=ALONE,
    )


def test_a_cluster_of_ipv6_alone_needs_no_other() -> None:
    for sender, target in (
        ("pod/client", "shop"),
        ("pod/client", "pod/web"),
        ("node/node-2", "service/shop"),
        ("outside", "service/shop"),
        ("outside", "node-2:30080"),
        ("pod/client", "example.com"),
    ):
        assert only(alone(), sender, target).reached, (sender, target)
    assert lookups(only(alone(), "pod/client", "shop")) == [("AAAA", ("fd00:10:96::9",))]
    assert check(alone()).holds


def test_a_requirement_is_proved_for_both_families() -> None:
    sound = network(nodes=[dual_node(1), dual_node(2)], pods=[dual_pod("a", 2), dual_pod("b", 2, node=2)], ranges=DUAL)
    assert check(sound).holds
    astray = dual_pod("b", 2, node=2)
    astray["status"]["podIPs"][1]["ip"] = "fd00:10:244:1::2"
    found = check(network(nodes=[dual_node(1), dual_node(2)], pods=[dual_pod("a", 3), astray], ranges=DUAL))
    assert not found.requirements[0].holds
    assert "fd00:10:244:1::2" in found.requirements[0].failures[0].reason


def test_pods_without_a_common_family_do_not_reach_each_other() -> None:
    found = check(dual_cluster())
    reasons = {each.reason for requirement in found.requirements for each in requirement.failures}
    assert reasons == {
        "pod/default/old has IPv4 addresses only, pod/default/new IPv6 ones",
        "pod/default/new has IPv6 addresses only, pod/default/old IPv4 ones",
    }
    assert [each.holds for each in found.requirements[:2]] == [False, True]


def test_nothing_is_sent_from_an_address_of_nobody() -> None:
    with pytest.raises(TraceError, match="no address"):
        trace(dual_cluster(), "outside/fd00::zz", "service/shop", choice=Every())


#: The value that a chi-square of so many degrees of freedom exceeds once in a thousand times.
CRITICAL = {1: 10.83, 2: 13.82, 6: 22.46, 9: 27.88}


@pytest.mark.parametrize("backends", [2, 3, 7, 10])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_backend_is_as_likely_as_the_others(backends: int, seed: int) -> None:
    draws = 2000
    ends = [endpoint(f"fd00:10:244:1::{number + 1:x}") for number in range(backends)]
    topology = network(
        nodes=[dual_node(1)],
        pods=[dual_pod("client", 200)],
        services=[service("shop", "fd00:10:96::9", clusterIPs=["fd00:10:96::9"])],
        slices=[family_slice("shop", "IPv6", *ends)],
        ranges=DUAL,
    )
    choice, counts = ByChance(Chance(seed)), dict.fromkeys((each["addresses"][0] for each in ends), 0)
    for _ in range(draws):
        (way,) = trace(topology, "pod/client", "[fd00:10:96::9]:80", choice=choice).ways
        (hit,) = (hop for hop in way.hops if isinstance(hop, RuleHit))
        (chosen,) = (each.address for each in hit.backends if each.chosen)
        counts[chosen[1:].partition("]")[0]] += 1
    expected = draws / backends
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi_square < CRITICAL[backends - 1], counts


@pytest.mark.parametrize(("address", "source"), [("10.244.1.5", "172.18.0.2"), ("fd00:10:244:1::5", "fd00:172::2")])
def test_the_api_server_reaches_pods_of_either_family(address: str, source: str) -> None:
    """Its own service has one family, its machine both."""
    api = slice_of("kubernetes", endpoint("172.18.0.2"))
    topology = network(
        nodes=[dual_node(1)],
        pods=[dual_pod("web", 5, ports=[{"containerPort": 8080}])],
        services=[service("kubernetes", "10.96.0.1")],
        slices=[api],
        ranges=DUAL,
    )
    dialled = dial(topology, control_plane(topology), address, 8080, choice=Every())
    assert (dialled.pod, dialled.source) == ("default/web", source)
