"""kube-proxy's rules: the cases of upstream's `topology_test.go` and of the API's documentation."""

from __future__ import annotations

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.network.affinity import Affinities
from fauxkube.network.endpoints import Endpoint, cluster_candidates, endpoints_of, local_candidates
from fauxkube.network.hops import Arrival
from fauxkube.network.hosts import node_of
from fauxkube.network.listening import at_node
from fauxkube.network.proxy import Entry, Rule, Rules, Source, Verdict, decide, health_check, ports_of
from fauxkube.network.topology import Pods, Services
from support.networks import endpoint, network, node, pod, service, slice_of

HERE = node_of(node(1, zone="zone-a"))
POD, ELSEWHERE, NODE = Source.POD, Source.ELSEWHERE, Source.NODE


def backend(last: int, *, on: int = 1, **more: object) -> Endpoint:
    return Endpoint(f"10.244.{on}.{last}", 80, node=f"node-{on}", **more)  # type: ignore[arg-type]


def leaving(last: int, *, on: int = 1, serving: bool = True) -> Endpoint:
    return backend(last, on=on, ready=False, serving=serving, terminating=True)


def zoned(last: int, *zones: str, ready: bool = True, nodes: tuple[str, ...] = ()) -> Endpoint:
    return backend(last, ready=ready, for_zones=frozenset(zones), for_nodes=frozenset(nodes))


@pytest.mark.parametrize(
    ("endpoints", "usable", "topology"),
    [
        pytest.param([zoned(1, "zone-a"), zoned(2, "zone-b"), zoned(3, "zone-a")], [1, 3], "PreferSameZone", id="zone"),
        pytest.param([zoned(1), zoned(2, "zone-b"), zoned(3, "zone-a")], [1, 2, 3], "", id="one has no hint"),
        pytest.param([zoned(1, "zone-b"), zoned(2, "zone-c")], [1, 2], "", id="none is hinted for here"),
        pytest.param(
            [zoned(1, "zone-a"), zoned(2, "zone-a", "zone-b")], [1, 2], "PreferSameZone", id="several zones in a hint"
        ),
        pytest.param(
            [zoned(1, "zone-a"), zoned(2, "zone-b"), zoned(3, ready=False)],
            [1],
            "PreferSameZone",
            id="the hints of what is not ready do not count",
        ),
        pytest.param([zoned(1, "zone-b"), zoned(2, "zone-a", ready=False)], [1], "", id="here nothing is ready"),
        pytest.param(
            [zoned(1, "zone-a", nodes=("node-1",)), zoned(2, "zone-a", nodes=("node-2",))],
            [1],
            "PreferSameNode",
            id="node before zone",
        ),
        pytest.param(
            [zoned(1, "zone-a", nodes=("node-3",)), zoned(2, "zone-b", nodes=("node-2",))],
            [1],
            "PreferSameZone",
            id="zone where no hint is for the node",
        ),
    ],
)
def test_hints_count_when_all_that_are_ready_have_some_and_one_is_for_here(
    endpoints: list[Endpoint], usable: list[int], topology: str
) -> None:
    found = cluster_candidates(endpoints, "node-1", "zone-a")
    assert [int(each.address.rpartition(".")[2]) for each in found.usable] == usable
    assert found.topology == topology


def test_what_still_serves_while_it_terminates_is_used_when_nothing_is_ready() -> None:
    endpoints = [leaving(1), leaving(2, serving=False), backend(3, ready=False, serving=False)]
    found = cluster_candidates(endpoints, "node-1", "")
    assert (found.usable, found.terminating) == ((endpoints[0],), True)
    assert cluster_candidates([*endpoints, backend(4)], "node-1", "").usable == (backend(4),)


def test_the_node_falls_back_on_what_terminates_there_though_others_are_ready() -> None:
    endpoints = [leaving(1), backend(2, on=2)]
    assert local_candidates(endpoints, "node-1").usable == (endpoints[0],)
    assert local_candidates(endpoints, "node-2").usable == (endpoints[1],)
    empty = local_candidates(endpoints, "node-3")
    assert (empty.usable, empty.anywhere) == ((), True)


def test_endpoints_are_those_of_the_ports_name_and_protocol_once_each() -> None:
    ports = [{"name": "web", "port": 8080, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    twice = [{"addressType": "IPv4", "ports": ports, "endpoints": [{"addresses": ["10.244.1.2"]}]}] * 2
    assert [str(each) for each in endpoints_of(twice, "web", "TCP", version=4)] == ["10.244.1.2:8080"]
    assert [str(each) for each in endpoints_of(twice, "dns", "UDP", version=4)] == ["10.244.1.2:53"]
    assert endpoints_of(twice, "dns", "TCP", version=4) == []
    assert endpoints_of(twice, "web", "TCP", version=6) == []


def rule(entry: Entry, **spec: object) -> Rule:
    return Rule(entry, "10.96.0.9", ports_of(service("shop", "10.96.0.9", **spec))[0])


@pytest.mark.parametrize(
    ("made", "endpoints", "source", "verdict", "masqueraded"),
    [
        pytest.param(rule(Entry.CLUSTER_IP), [backend(1)], POD, Verdict.FORWARD, False, id="pod to cluster IP"),
        pytest.param(rule(Entry.CLUSTER_IP), [backend(1)], NODE, Verdict.FORWARD, True, id="node to cluster IP"),
        pytest.param(rule(Entry.CLUSTER_IP), [], POD, Verdict.REJECT, False, id="no endpoints"),
        pytest.param(
            rule(Entry.CLUSTER_IP), [backend(1, ready=False, serving=False)], POD, Verdict.REJECT, False, id="not ready"
        ),
        pytest.param(
            rule(Entry.CLUSTER_IP, internalTrafficPolicy="Local"),
            [backend(1, on=2)],
            POD,
            Verdict.DROP,
            False,
            id="internal Local, none here",
        ),
        pytest.param(
            rule(Entry.CLUSTER_IP, internalTrafficPolicy="Local"),
            [],
            POD,
            Verdict.REJECT,
            False,
            id="internal Local, none anywhere",
        ),
        pytest.param(rule(Entry.NODE_PORT), [backend(1, on=2)], ELSEWHERE, Verdict.FORWARD, True, id="node port"),
        pytest.param(
            rule(Entry.NODE_PORT, externalTrafficPolicy="Local"),
            [backend(1)],
            ELSEWHERE,
            Verdict.FORWARD,
            False,
            id="external Local keeps the source",
        ),
        pytest.param(
            rule(Entry.NODE_PORT, externalTrafficPolicy="Local"),
            [backend(1, on=2)],
            ELSEWHERE,
            Verdict.DROP,
            False,
            id="external Local, none here",
        ),
        pytest.param(
            rule(Entry.LOAD_BALANCER, externalTrafficPolicy="Local"),
            [backend(1, on=2)],
            POD,
            Verdict.FORWARD,
            False,
            id="a pod is bound by no external policy",
        ),
        pytest.param(
            rule(Entry.LOAD_BALANCER, externalTrafficPolicy="Local"),
            [backend(1, on=2)],
            NODE,
            Verdict.FORWARD,
            True,
            id="nor is the node, which is masqueraded",
        ),
        pytest.param(
            rule(Entry.LOAD_BALANCER, loadBalancerSourceRanges=["198.51.100.0/24"]),
            [backend(1)],
            ELSEWHERE,
            Verdict.DROP,
            False,
            id="source ranges",
        ),
        pytest.param(
            rule(Entry.NODE_PORT, loadBalancerSourceRanges=["198.51.100.0/24"]),
            [backend(1)],
            ELSEWHERE,
            Verdict.FORWARD,
            True,
            id="source ranges are the load balancer's alone",
        ),
    ],
)
def test_what_a_node_does_with_a_packet(
    made: Rule, endpoints: list[Endpoint], source: Source, verdict: Verdict, masqueraded: bool
) -> None:
    decision = decide(made, endpoints, HERE, source, "203.0.113.1")
    assert (decision.verdict, bool(decision.masquerade)) == (verdict, masqueraded)


def test_a_service_makes_a_rule_for_each_port_and_way_in() -> None:
    balancer = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}, {"ip": "192.0.2.8", "ipMode": "Proxy"}]}}
    shop = service(
        "shop",
        "10.96.0.9",
        type="LoadBalancer",
        externalIPs=["198.51.100.5"],
        ports=[{"name": "web", "port": 80, "nodePort": 30080}, {"name": "dns", "port": 53, "protocol": "UDP"}],
        status=balancer,
    )
    rules = Rules([shop, service("headless"), service("other", "", type="ExternalName", externalName="example.com")])
    found = {
        at: hit.entry.value
        for at in ("10.96.0.9", "198.51.100.5", "192.0.2.7", "192.0.2.8")
        if (hit := rules.at(at, "TCP", 80))
    }
    assert found == {"10.96.0.9": "cluster IP", "198.51.100.5": "external IP", "192.0.2.7": "load balancer"}
    assert rules.at("10.96.0.9", "UDP", 53) is not None
    assert rules.at("10.96.0.9", "TCP", 53) is None
    assert rules.at_node_port("TCP", 30080) is not None
    assert rules.at_node_port("UDP", 30080) is None


def test_a_health_check_counts_the_nodes_own_ready_addresses() -> None:
    endpoints = [backend(1), backend(1), backend(2, ready=False), backend(3, on=2)]
    service_of: Object = {"namespace": "default", "name": "shop"}
    assert health_check("default/shop", endpoints, "node-1") == (
        200,
        {"service": service_of, "localEndpoints": 1, "serviceProxyHealthy": True},
    )
    assert health_check("default/shop", endpoints, "node-3")[0] == 503


def test_a_client_stays_with_its_backend_for_as_long_as_the_service_says() -> None:
    config = {"clientIP": {"timeoutSeconds": 60}}
    port = ports_of(service("shop", "10.96.0.9", sessionAffinity="ClientIP", sessionAffinityConfig=config))[0]
    seen, usable = Affinities(), [backend(1), backend(2)]
    seen.note("node-1", port, "10.244.1.9", usable[1], now=100.0)
    assert seen.recall("node-1", port, "10.244.1.9", usable, now=159.0) == usable[1]
    assert seen.recall("node-1", port, "10.244.1.9", usable, now=160.0) is None
    assert seen.recall("node-1", port, "10.244.1.9", usable[:1], now=101.0) is None
    assert seen.recall("node-2", port, "10.244.1.9", usable, now=101.0) is None
    assert seen.recall("node-1", port, "10.244.1.8", usable, now=101.0) is None


def test_a_pods_address_tells_the_node_whose_block_it_is_out_of() -> None:
    nodes = network(nodes=[node(1), node(2)]).nodes
    holder = nodes.holding("10.244.2.77")
    assert holder is not None
    assert holder.name == "node-2"
    assert nodes.holding("10.245.0.1") is None
    assert holder.gateway("10.244.2.77") == "10.244.2.1"


def test_a_pod_that_changes_is_found_as_it_is_now_only() -> None:
    pods = Pods([pod("a", "10.244.1.2"), pod("b", "10.244.1.3")])
    pods.put("default/b", pod("b", "10.244.2.5", node=2))
    assert [each.key for each in pods.at("10.244.2.5")] == ["default/b"]
    assert not pods.at("10.244.1.3")
    assert [each.key for each in pods.on("node-1")] == ["default/a"]
    pods.drop("default/a")
    assert [each.key for each in pods.within("default")] == ["default/b"]
    assert not pods.on("node-1")


def test_a_pod_that_has_ended_gives_up_its_address() -> None:
    ended = pod("a", "10.244.1.2")
    ended["status"]["phase"] = "Succeeded"
    pods = Pods([pod("a", "10.244.1.2")])
    pods.put("default/a", ended)
    assert not pods.at("10.244.1.2")
    assert "default/a" in pods.by_key


def test_a_destination_that_two_services_claim_goes_to_the_other_when_the_first_goes() -> None:
    one, two = (
        service("one", "10.96.0.1", externalIPs=["1.1.1.1"]),
        service("two", "10.96.0.2", externalIPs=["1.1.1.1"]),
    )
    services = Services([two, one])
    rule = services.rules.at("1.1.1.1", "TCP", 80)
    assert rule is not None
    assert rule.port.service == "default/one"
    services.drop("default/one")
    rule = services.rules.at("1.1.1.1", "TCP", 80)
    assert rule is not None
    assert rule.port.service == "default/two"


def test_a_service_that_changes_leaves_no_rule_behind() -> None:
    services = Services([service("shop", "10.96.0.1", ports=[{"port": 80, "nodePort": 30080}])])
    services.put("default/shop", service("shop", "10.96.0.1", ports=[{"port": 81}]))
    assert services.rules.at_node_port("TCP", 30080) is None
    assert services.rules.at("10.96.0.1", "TCP", 80) is None
    assert [str(rule.port) for rule in services.rules.at_address("10.96.0.1")] == ["default/shop:81"]


def test_a_node_that_is_switched_off_is_down_until_it_is_on_again() -> None:
    nodes = network(nodes=[node(1)]).nodes
    nodes.switch("node-1", is_on=False)
    assert not nodes.by_name["node-1"].is_up
    holder = nodes.holding("10.244.1.9")
    assert holder is nodes.by_name["node-1"]
    nodes.switch("node-1", is_on=None)
    assert nodes.by_name["node-1"].is_up


def test_hints_bind_neither_what_terminates_nor_what_is_local() -> None:
    """Upstream falls back on terminating endpoints, and keeps to the node's own, whatever zones they are hinted for."""
    elsewhere = frozenset({"zone-b"})
    last = backend(1, ready=False, serving=True, terminating=True, for_zones=elsewhere)
    assert cluster_candidates([last], "node-1", "zone-a").usable == (last,)
    here = backend(2, for_zones=elsewhere)
    assert local_candidates([here, backend(3, on=2, for_zones=frozenset({"zone-a"}))], "node-1").usable == (here,)


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "SCTP"])
def test_each_port_and_protocol_of_a_service_has_backends_of_its_own(protocol: str) -> None:
    numbers = {"TCP": 8080, "UDP": 53, "SCTP": 3868}
    ports = [{"name": name.lower(), "port": number, "protocol": name} for name, number in numbers.items()]
    topology = network(
        services=[service("shop", "10.96.0.9", ports=[{**each, "port": 80} for each in ports])],
        slices=[slice_of("shop", endpoint("10.244.1.2"), ports=ports)],
    )
    rule = topology.services.rules.at("10.96.0.9", protocol, 80)
    assert rule is not None
    assert [str(each) for each in topology.slices.endpoints(rule.port)] == [f"10.244.1.2:{numbers[protocol]}"]


def test_a_named_target_port_may_be_another_number_on_each_pod() -> None:
    """The controller makes a slice for each set of numbers; the service's port gathers them by its own name."""
    first = slice_of("shop", endpoint("10.244.1.2"), ports=[{"name": "web", "port": 8080, "protocol": "TCP"}])
    second = slice_of("shop", endpoint("10.244.2.2", node=2), ports=[{"name": "web", "port": 9090, "protocol": "TCP"}])
    second["metadata"]["name"] = "shop-2"
    shop = service("shop", "10.96.0.9", ports=[{"name": "web", "port": 80, "targetPort": "http"}])
    topology = network(services=[shop], slices=[first, second])
    found = topology.slices.endpoints(ports_of(shop)[0])
    assert [str(each) for each in found] == ["10.244.1.2:8080", "10.244.2.2:9090"]


@pytest.mark.parametrize(
    ("hints", "usable"),
    [
        ({"forZones": [{"name": "zone-a"}]}, ["10.244.1.2:80"]),
        ({"forZones": [{"name": "zone-a"}], "forNodes": [{"name": "node-1"}]}, ["10.244.1.2:80"]),
        ({"forNodes": [{"name": "node-9"}]}, ["10.244.1.2:80", "10.244.2.2:80"]),
        ({}, ["10.244.1.2:80", "10.244.2.2:80"]),
    ],
)
def test_hints_are_read_off_the_slices(hints: Object, usable: list[str]) -> None:
    others = {"forZones": [{"name": "zone-b"}], "forNodes": [{"name": "node-2"}]}
    other = {name: others[name] for name in hints}
    slices = [slice_of("shop", endpoint("10.244.1.2", hints=hints), endpoint("10.244.2.2", node=2, hints=other))]
    topology = network(services=[service("shop", "10.96.0.9")], slices=slices)
    found = topology.slices.endpoints(ports_of(topology.services.by_key["default/shop"])[0])
    assert [str(each) for each in cluster_candidates(found, "node-1", "zone-a").usable] == usable


@pytest.mark.parametrize(("on", "answer"), [(1, "200, 1 endpoints"), (2, "503, 0 endpoints")])
def test_the_health_check_node_port_is_answered_by_each_node_for_itself(on: int, answer: str) -> None:
    shop = service("shop", "10.96.0.9", type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=32000)
    topology = network(nodes=[node(1), node(2)], services=[shop], slices=[slice_of("shop", endpoint("10.244.1.2"))])
    heard = at_node(topology, topology.nodes.by_name[f"node-{on}"], "TCP", 32000, like="172.18.0.11").result
    assert isinstance(heard, Arrival)
    assert answer in heard.answer
