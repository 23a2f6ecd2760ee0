"""Traces: where a packet arrives and what it goes through, or where it is lost, why, and what is likely the mistake."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object
from fauxkube.network.affinity import Affinities
from fauxkube.network.choice import ByChance, Every
from fauxkube.network.errors import TraceError
from fauxkube.network.hops import Arrival, End, Lookup, PolicyCheck, RuleHit, Trace, Translation, Way
from fauxkube.network.text import render
from fauxkube.network.topology import Topology
from fauxkube.network.trace import trace
from support.networks import endpoint, network, node, pod, service, slice_of

WEB = {"app": "web"}
HTTP = {"name": "http", "containerPort": 8080}
BACKENDS = [{"name": "", "port": 8080, "protocol": "TCP"}]
UNREADY = {"ready": False, "serving": False}
LEAVING = {"ready": False, "serving": True, "terminating": True}


def shop(name: str = "shop", address: str = "10.96.0.9", **more: Any) -> Object:
    ports = [{"port": 80, "targetPort": 8080, "nodePort": 30080, "protocol": "TCP"}]
    return service(name, address, **{"type": "NodePort", "selector": WEB, "ports": ports} | more)


def web(number: int, *, node: int, **more: Any) -> Object:
    given = {"labels": WEB, "ports": [HTTP]} | more
    return pod(f"web-{number}", f"10.244.{node}.{number + 1}", node=node, **given)


def cluster(**parts: Any) -> Topology:
    """A client on node-1 and the shop's two backends, on node-1 and node-2; `parts` replace any of it."""
    given: dict[str, Any] = {
        "nodes": [node(1), node(2), node(3)],
        "pods": [pod("client", "10.244.1.9"), web(1, node=1), web(2, node=2)],
        "services": [shop()],
        "slices": [
            slice_of(
                "shop",
                endpoint("10.244.1.2", pod="web-1"),
                endpoint("10.244.2.3", node=2, pod="web-2"),
                ports=BACKENDS,
            )
        ],
        "namespaces": ["default", "kube-system", "store"],
    }
    return network(**given | parts)


def traced(topology: Topology, sender: str, target: str, **more: Any) -> Trace:
    found = trace(topology, sender, target, choice=Every(), **more)
    assert render(asdict(found))
    return found


def only(topology: Topology, sender: str, target: str, **more: Any) -> Way:
    found = traced(topology, sender, target, **more)
    assert len(found.ways) == 1
    return found.ways[0]


def end_of(topology: Topology, sender: str, target: str, **more: Any) -> End:
    end = only(topology, sender, target, **more).hops[-1]
    assert isinstance(end, End)
    return end


def sources(found: Trace) -> dict[str, str]:
    """By the pod that takes the packet: the address that it sees it come from."""
    arrivals = [way.hops[-1] for way in found.ways]
    return {each.where: each.source for each in arrivals if isinstance(each, Arrival)}


# Arriving


def test_a_service_by_name_is_looked_up_translated_and_reached() -> None:
    found = traced(cluster(), "pod/client", "http://shop")
    assert (found.reached, found.port, [way.probability for way in found.ways]) == (True, 80, [0.5, 0.5])
    assert [hop.kind for hop in found.ways[0].hops] == ["lookup", "rule", "nat", "route", "arrival"]
    assert [hop.kind for hop in found.ways[1].hops] == ["lookup", "rule", "nat", "route", "route", "arrival"]
    assert sources(found) == {"pod/default/web-1": "10.244.1.9", "pod/default/web-2": "10.244.1.9"}


@pytest.mark.parametrize(
    ("sender", "target", "seen"),
    [
        pytest.param("outside", "node-3:30080", ["172.18.0.13", "172.18.0.13"], id="node without a pod"),
        pytest.param("outside", "node-1:30080", ["10.244.1.1", "172.18.0.11"], id="a backend's node"),
        pytest.param("outside", "service/shop", ["10.244.1.1", "172.18.0.11"], id="the service from outside"),
        pytest.param("node/node-2", "service/shop", ["172.18.0.12", "10.244.2.1"], id="cluster IP from a node"),
        pytest.param("node/node-2", "node/node-2:30080", ["172.18.0.12", "10.244.2.1"], id="its own node port"),
        pytest.param("pod/client", "node/node-3:30080", ["172.18.0.13", "172.18.0.13"], id="another's node port"),
        pytest.param("pod/client", "10.96.0.9", ["10.244.1.9", "10.244.1.9"], id="cluster IP by number"),
        pytest.param("pod/web-1", "service/shop", ["10.244.1.1", "10.244.1.2"], id="a backend to itself"),
    ],
)
def test_the_source_is_translated_where_the_answer_would_not_come_back(
    sender: str, target: str, seen: list[str]
) -> None:
    found = sources(traced(cluster(), sender, target))
    assert [found["pod/default/web-1"], found["pod/default/web-2"]] == seen


def test_local_traffic_from_outside_keeps_its_source() -> None:
    topology = cluster(services=[shop(externalTrafficPolicy="Local")])
    assert sources(traced(topology, "outside", "node-1:30080")) == {"pod/default/web-1": "203.0.113.1"}
    assert end_of(topology, "outside", "node-3:30080").reason == "NoLocalEndpoints"


def test_a_load_balancer_leaves_out_nodes_without_a_local_backend() -> None:
    balancer = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
    local = cluster(services=[shop(type="LoadBalancer", externalTrafficPolicy="Local", status=balancer)])
    found = traced(local, "outside", "service/shop")
    assert [(way.hops[0].to, way.probability) for way in found.ways] == [  # type: ignore[union-attr]
        ("node/node-1", 0.5),
        ("node/node-2", 0.5),
    ]
    spread = cluster(services=[shop(type="LoadBalancer", status=balancer)])
    assert len(traced(spread, "outside", "192.0.2.7").ways) == 6


def test_source_ranges_keep_others_out_of_the_load_balancer() -> None:
    balancer = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
    local = {"externalTrafficPolicy": "Local", "loadBalancerSourceRanges": ["198.51.100.0/24"]}
    topology = cluster(services=[shop(type="LoadBalancer", status=balancer, **local)])
    ends = [way.hops[-1] for way in traced(topology, "outside", "192.0.2.7").ways]
    assert {each.reason for each in ends if isinstance(each, End)} == {"SourceRangeDenied"}
    assert traced(topology, "outside/198.51.100.9", "192.0.2.7").reached


def test_a_pod_is_reached_without_any_translation() -> None:
    way = only(cluster(), "pod/client", "pod/web-2")
    assert [hop.kind for hop in way.hops] == ["route", "route", "arrival"]
    assert way.hops[-1].source == "10.244.1.9"  # type: ignore[union-attr]


def test_a_headless_service_leads_to_its_pods_and_translates_no_port() -> None:
    topology = cluster(services=[shop(address="None")])
    assert traced(topology, "pod/client", "shop:8080").reached
    end = traced(topology, "pod/client", "http://shop").ways[0].hops[-1]
    assert isinstance(end, End)
    assert end.reason == "PortNotDeclared"
    assert "headless" in end.likely[-1]


def test_an_external_name_leads_out_of_the_cluster_under_the_nodes_address() -> None:
    topology = cluster(services=[service("db", "", type="ExternalName", externalName="db.example.com")])
    way = only(topology, "pod/client", "db:5432")
    assert way.hops[-1] == Arrival("outside", "198.51.100.1:5432", "172.18.0.11")
    assert isinstance(way.hops[0], Lookup)
    assert way.hops[0].records == ("db.example.com.",)


def test_named_ports_and_protocols_find_their_own_backends() -> None:
    ports = [
        {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "targetPort": "dns", "protocol": "TCP"},
    ]
    declared = [
        {"name": "dns", "containerPort": 5353, "protocol": "UDP"},
        {"name": "dns", "containerPort": 5354, "protocol": "TCP"},
    ]
    named = [{**port, "port": 5353 + index} for index, port in enumerate(ports)]
    topology = cluster(
        pods=[pod("client", "10.244.1.9"), web(1, node=1, ports=declared)],
        services=[service("shop", "10.96.0.9", ports=ports)],
        slices=[slice_of("shop", endpoint("10.244.1.2", pod="web-1"), ports=named)],
    )
    for wanted, address in (("dns", "10.244.1.2:5353"), ("dns-tcp", "10.244.1.2:5354")):
        arrival = only(topology, "pod/client", f"service/shop:{wanted}").hops[-1]
        assert isinstance(arrival, Arrival)
        assert arrival.address == address
    assert only(topology, "pod/client", "udp://shop:53").reached


def test_a_host_port_leads_to_its_pod() -> None:
    topology = cluster(pods=[web(2, node=2, ports=[{"containerPort": 8080, "hostPort": 80}])])
    way = only(topology, "outside", "node-2:80")
    assert (way.reached, way.hops[-1].where) == (True, "pod/default/web-2")


def test_a_pod_of_the_nodes_network_sees_who_came_to_its_own_node() -> None:
    """What a node delivers to itself is not masqueraded; what it sends on is."""
    agent = pod("agent", "172.18.0.12", node=2, labels=WEB, ports=[HTTP], hostNetwork=True)
    behind = slice_of("shop", endpoint("172.18.0.12", node=2, pod="agent"), ports=BACKENDS)
    topology = cluster(pods=[agent], slices=[behind])
    for entered, seen in (("node-2:30080", "203.0.113.1"), ("node-1:30080", "172.18.0.11")):
        assert sources(traced(topology, "outside", entered)) == {"node/node-2": seen}


@pytest.mark.parametrize(
    ("sender", "target", "reached"),
    [
        ("pod/web-1", "localhost:8080", True),
        ("pod/web-1", "http://[::1]:8080", True),
        ("pod/web-1", "127.0.0.1:80", False),
        ("node/node-1", "127.0.0.1:10250", True),
        ("pod/client", "localhost.example:80", True),
        ("pod/client", "[::1234]:80", False),
    ],
)
def test_loopback_addresses_stay_with_the_sender(sender: str, target: str, reached: bool) -> None:
    assert only(cluster(), sender, target).reached is reached


def test_a_health_check_node_port_is_answered_by_each_node() -> None:
    topology = cluster(services=[shop(type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=32000)])
    answers = [only(topology, "outside", f"node-{number}:32000").hops[-1].answer for number in (1, 3)]  # type: ignore[union-attr]
    assert ["200" in answers[0], "503" in answers[1]] == [True, True]


def test_each_backend_is_chosen_as_often_as_the_others() -> None:
    """Chi-square of 3,000 choices among three: under 13.8 in 999 of 1,000 runs, and always with this seed."""
    endpoints = [endpoint(f"10.244.1.{last}") for last in (2, 3, 4)]
    topology = cluster(slices=[slice_of("shop", *endpoints, ports=BACKENDS)])
    choice, counts = ByChance(Chance("even")), Counter[str]()
    for _ in range(3000):
        way = trace(topology, "client", "10.96.0.9", choice=choice).ways[0]
        counts[next(hop.after for hop in way.hops if isinstance(hop, Translation))] += 1
    assert len(counts) == 3
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 13.8


def test_a_client_stays_with_its_backend_until_its_time_is_up() -> None:
    config = {"clientIP": {"timeoutSeconds": 60}}
    topology = cluster(services=[shop(sessionAffinity="ClientIP", sessionAffinityConfig=config)])
    chance, seen = Chance(1), Affinities()

    def backend(now: float) -> tuple[str, float]:
        way = trace(topology, "client", "http://shop", choice=ByChance(chance, seen, now=now)).ways[0]
        hit = next(hop for hop in way.hops if isinstance(hop, RuleHit))
        return next((each.address, each.probability) for each in hit.backends if each.chosen)

    first, probability = backend(0.0)
    assert probability == 0.5
    assert [backend(50.0 * turn) for turn in range(1, 9)] == [(first, 1.0)] * 8
    assert backend(460.0)[1] == 0.5


# Getting lost


@pytest.mark.parametrize(
    ("parts", "target", "reason", "likely"),
    [
        pytest.param(
            {"slices": [], "services": [shop(selector={"app": "wep"})]},
            "http://shop",
            "NoEndpoints",
            "pod web-1 has app=web; the selector wants app=wep",
            id="nearest labels",
        ),
        pytest.param(
            {"slices": [], "pods": [pod("client", "10.244.1.9"), web(1, node=1, namespace="store")]},
            "http://shop",
            "NoEndpoints",
            "pods with app=web are in namespace store, not in the service's",
            id="pods in another namespace",
        ),
        pytest.param(
            {
                "slices": [slice_of("shop", endpoint("10.244.1.2", conditions=UNREADY), ports=BACKENDS)],
                "pods": [pod("client", "10.244.1.9"), web(1, node=1, ready=False)],
            },
            "http://shop",
            "NoEndpoints",
            "pod default/web-1 is not ready (Ready)",
            id="not ready",
        ),
        pytest.param(
            {
                "slices": [],
                "services": [shop(ports=[{"port": 80, "targetPort": "https", "protocol": "TCP"}])],
            },
            "http://shop",
            "NoEndpoints",
            "no container of pod default/web-1 has a port named 'https'; it declares http:8080/TCP",
            id="named target port",
        ),
        pytest.param(
            {"slices": [slice_of("shop", endpoint("10.244.1.2"), ports=[{**BACKENDS[0], "port": 80}])]},
            "http://shop",
            "PortNotDeclared",
            "service default/shop leads to port 80: is its targetPort right?",
            id="target port",
        ),
        pytest.param(
            {}, "shop:8080", "ServicePortUnknown", "8080 is the target port; the service's is 80", id="service port"
        ),
        pytest.param({}, "udp://shop:80", "ServicePortUnknown", "port 80 is TCP, not UDP", id="protocol"),
        pytest.param(
            {"services": [shop(namespace="store")]},
            "http://shop",
            "NameNotFound",
            "service shop is in namespace store: shop.store",
            id="wrong namespace",
        ),
        pytest.param({}, "http://shp", "NameNotFound", "did you mean shop?", id="slip of the pen"),
        pytest.param({}, "http://shop.stor", "NameNotFound", "there is no namespace stor", id="no such namespace"),
        pytest.param(
            {"services": [service("round", "", type="ExternalName", externalName="round.default.svc.cluster.local")]},
            "http://round",
            "NameNotFound",
            "service default/round stands for round.default.svc.cluster.local, which leads to no address",
            id="alias of itself",
        ),
        pytest.param(
            {},
            "http://shop.default.svc.local",
            "NameNotFound",
            "service default/shop is called shop.default, or shop.default.svc.cluster.local",
            id="half a domain",
        ),
        pytest.param({}, "pod/web-3", "NotFound", "did you mean web-2?", id="no such pod"),
        pytest.param({}, "10.244.2.99", "NoRoute", None, id="no pod has the address"),
        pytest.param({}, "10.96.7.7", "NoRoute", None, id="no service has the address"),
        pytest.param({"nodes": [node(1), node(2, ready="Unknown")]}, "pod/web-2", "NodeDown", None, id="node down"),
        pytest.param(
            {"pods": [pod("client", "10.244.1.9"), pod("web-1")]}, "pod/web-1", "NoAddress", None, id="no address yet"
        ),
        pytest.param({"services": [service("shop")], "slices": []}, "shop", "NoEndpoints", None, id="empty headless"),
        pytest.param({}, "node/node-2:80", "PortNotDeclared", "80 is a port of service default/shop", id="node's port"),
    ],
)
def test_a_packet_is_lost_for_a_reason(parts: dict[str, Any], target: str, reason: str, likely: str | None) -> None:
    end = end_of(cluster(**parts), "pod/client", target)
    assert end.reason == reason
    assert likely is None or any(likely in each for each in end.likely), end.likely


@pytest.mark.parametrize(
    ("sender", "target", "reason", "likely"),
    [
        ("outside", "10.96.0.9:80", "NoRoute", "172.18.0.11:30080"),
        ("outside", "10.244.1.2:8080", "NoRoute", "pods have addresses in the cluster only"),
        ("outside", "http://shop", "NameNotFound", "only pods look up the cluster's names"),
        ("node/node-1", "http://shop.default.svc", "NameNotFound", "only pods look up the cluster's names"),
    ],
)
def test_cluster_ips_and_names_mean_nothing_outside(sender: str, target: str, reason: str, likely: str) -> None:
    end = end_of(cluster(), sender, target)
    assert end.reason == reason
    assert likely in end.likely[0]


@pytest.mark.parametrize(
    ("spec", "likely"),
    [
        ({"hostNetwork": True}, "unless their dnsPolicy is ClusterFirstWithHostNet"),
        ({"dnsPolicy": "Default"}, "its dnsPolicy is Default"),
    ],
)
def test_a_pod_that_asks_another_dns_is_told_so(spec: dict[str, Any], likely: str) -> None:
    client = pod("client", "172.18.0.11" if "hostNetwork" in spec else "10.244.1.9", **spec)
    end = end_of(cluster(pods=[client, web(1, node=1)]), "pod/client", "http://shop")
    assert end.reason == "NameNotFound"
    assert end.message == "pod/default/client does not ask the cluster's DNS, and its own does not know shop"
    assert likely in end.likely[0]


def test_of_pods_that_miss_a_selector_those_that_come_nearest_are_named() -> None:
    others = [pod("a-client", "10.244.1.9", labels={"app": "client"}), pod("client", "10.244.1.8")]
    near = [pod(f"shop-{number}", f"10.244.1.{number}", labels={"app": "shop"}) for number in (2, 3)]
    end = end_of(
        cluster(pods=[*others, *near], services=[shop(selector={"app": "shp"})], slices=[]), "pod/client", "http://shop"
    )
    assert end.likely == tuple(f"pod shop-{number} has app=shop; the selector wants app=shp" for number in (2, 3))


def test_a_pod_without_an_address_sends_nothing() -> None:
    end = end_of(cluster(pods=[pod("client"), web(1, node=1)]), "pod/client", "http://shop")
    assert end.reason == "SenderHasNoNetwork"


def test_what_terminates_still_serves_when_nothing_is_ready() -> None:
    topology = cluster(slices=[slice_of("shop", endpoint("10.244.1.2", conditions=LEAVING), ports=BACKENDS)])
    hit = only(topology, "pod/client", "10.96.0.9").hops[0]
    assert isinstance(hit, RuleHit)
    assert "terminates" in hit.notes[0]


def test_services_that_lead_back_to_themselves_end() -> None:
    there = slice_of("shop", endpoint("172.18.0.12", node=2), ports=[{**BACKENDS[0], "port": 30081}])
    back = slice_of("other", endpoint("172.18.0.13", node=3), ports=[{**BACKENDS[0], "port": 30080}])
    other = shop("other", "10.96.0.8", ports=[{"port": 80, "nodePort": 30081, "protocol": "TCP"}])
    topology = cluster(services=[shop(), other], slices=[there, back])
    assert end_of(topology, "pod/client", "10.96.0.9").reason == "Loop"


# Policies


def isolating(name: str, direction: str, **spec: Any) -> Object:
    selector = {"podSelector": {"matchLabels": WEB}} if direction == "Ingress" else {"podSelector": {}}
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {**selector, "policyTypes": [direction], **spec},
    }


def test_a_policy_of_the_receiver_is_named_where_it_denies() -> None:
    topology = cluster(policies=[isolating("closed", "Ingress")])
    way = only(topology, "pod/client", "pod/web-2")
    assert [hop.kind for hop in way.hops] == ["route", "policy", "end"]
    end = way.hops[-1]
    assert isinstance(end, End)
    assert (end.reason, end.where) == ("PolicyDenied", "pod/default/web-2")
    assert "default/closed" in end.message


def test_a_policy_that_allows_is_told_with_its_rule() -> None:
    rules = [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}]}]
    topology = cluster(policies=[isolating("some", "Ingress", ingress=rules)])
    checks = [hop for hop in traced(topology, "pod/client", "http://shop").ways[0].hops if isinstance(hop, PolicyCheck)]
    assert [(each.allowed, each.decides) for each in checks] == [(True, "default/some ingress[0]")]


def test_denied_egress_takes_the_names_away_too() -> None:
    topology = cluster(policies=[isolating("shut", "Egress")])
    end = end_of(topology, "pod/client", "http://shop")
    assert "kube-dns" in end.likely[0]
    assert end_of(topology, "pod/client", "pod/web-1").reason == "PolicyDenied"


def test_a_masqueraded_client_is_judged_as_the_node_that_it_came_through() -> None:
    block = [{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}]
    topology = cluster(policies=[isolating("clients", "Ingress", ingress=block)])
    found = traced(topology, "outside", "node-1:30080")
    assert [way.reached for way in found.ways] == [True, False]


# Questions


@pytest.mark.parametrize(
    ("sender", "target"),
    [
        ("pod/absent", "shop"),
        ("node/absent", "shop"),
        ("service/shop", "shop"),
        ("outside/nowhere", "shop"),
        ("pod/client", ""),
        ("pod/client", "configmap/x"),
        ("pod/client", "http://"),
        ("pod/client", "http://shop:port"),
        ("pod/client", "shop:http"),
        ("pod/client", "shop:70000"),
        ("pod/client", "service/shop:https"),
        ("pod/client", "pod/web-1:https"),
        ("pod/client", "node/node-1"),
        ("outside", "127.0.0.1:80"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused(sender: str, target: str) -> None:
    with pytest.raises(TraceError):
        traced(cluster(), sender, target)


PIECES = [
    *"/:.[]%-@?#0",
    "pod",
    "service",
    "node",
    "outside",
    "shop",
    "node-1",
    "client",
    "http://",
    "udp://",
    "10.96.0.9",
]
PIECES += ["::1", "fe80::1%eth0", "127.0.0.1", "localhost", "80", "web-1", "default", "svc.cluster.local", "99999", "é"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)


@given(TEXTS, TEXTS, st.sampled_from(["", "tcp", "UDP", "ICMP"]), st.sampled_from(["", "80", "http", "-1", "²"]))
@settings(max_examples=200, deadline=None)
def test_whatever_is_asked_is_answered_or_refused(sender: str, target: str, protocol: str, port: str) -> None:
    topology = cluster(services=[shop(), shop("headless", "None")])
    try:
        found = trace(topology, sender, target, choice=Every(), protocol=protocol, port=port)
    except TraceError:
        return
    assert found.ways
    assert render(json.loads(json.dumps(asdict(found))))
    assert all(isinstance(way.hops[-1], Arrival if way.reached else End) for way in found.ways)
    assert sum(way.probability for way in found.ways) == pytest.approx(1.0)
