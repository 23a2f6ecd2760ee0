"""NetworkPolicies judged: the cases of the API's documentation."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.network.policy import Direction, Peer, directions_of, judge
from support.networks import network, node, pod

WEB = pod("web", "10.244.1.2", labels={"app": "web"}, ports=[{"name": "http", "containerPort": 8080}])
CLIENT = pod("client", "10.244.2.2", node=2, labels={"app": "client"})
FOREIGN = pod("client", "10.244.2.3", node=2, namespace="tools", labels={"app": "client"})
ON_HOST = pod("agent", "172.18.0.11", labels={"app": "web"}, hostNetwork=True)
INGRESS = Direction.INGRESS


def policy(name: str = "rules", *, selects: Object | None = None, **spec: Any) -> Object:
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"podSelector": selects or {}, **spec}}


def allow(*peers: Object, ports: list[Object] | None = None) -> Object:
    rule: Object = {"from": list(peers)} if peers else {}
    return rule | ({"ports": ports} if ports else {})


def passes(*policies: Object, sender: str = "default/client", port: int = 8080, protocol: str = "TCP") -> bool:
    spaces = ["default", {"metadata": {"name": "tools", "labels": {"team": "ops"}}}]
    topology = network(nodes=[node(1), node(2)], pods=[WEB, CLIENT, FOREIGN], policies=policies, namespaces=spaces)
    web, client = topology.pods.by_key["default/web"], topology.pods.by_key[sender]
    peer = Peer(client.addresses[0], client)
    return judge(topology, web, peer, INGRESS, protocol=protocol, port=port, target=web).allowed


CLIENTS = {"podSelector": {"matchLabels": {"app": "client"}}}
OPS = {"namespaceSelector": {"matchLabels": {"team": "ops"}}}
BY_NAME = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tools"}}}
BLOCK = {"ipBlock": {"cidr": "10.244.0.0/16", "except": ["10.244.2.0/24"]}}


@pytest.mark.parametrize(
    ("rules", "near", "far"),
    [
        pytest.param([], False, False, id="default deny"),
        pytest.param([allow()], True, True, id="allow all"),
        pytest.param([allow(CLIENTS)], True, False, id="pods of the policy's namespace"),
        pytest.param([allow(OPS)], False, True, id="every pod of a namespace"),
        pytest.param([allow(BY_NAME)], False, True, id="a namespace by its name"),
        pytest.param([allow(OPS | CLIENTS)], False, True, id="both in one peer must hold"),
        pytest.param([allow(OPS, CLIENTS)], True, True, id="of two peers one must"),
        pytest.param([allow({"namespaceSelector": {}})], True, True, id="every namespace"),
        pytest.param([allow(BLOCK)], False, False, id="except"),
        pytest.param([allow({"ipBlock": {"cidr": "10.244.2.2/32"}})], True, False, id="an address"),
    ],
)
def test_who_may_come_in(rules: list[Object], near: bool, far: bool) -> None:
    deny = policy(ingress=rules, policyTypes=["Ingress"])
    assert (passes(deny), passes(deny, sender="tools/client")) == (near, far)


@pytest.mark.parametrize(
    ("port", "allowed"),
    [
        ({"port": 8080}, True),
        ({"port": 80}, False),
        ({"port": "http"}, True),
        ({"port": "https"}, False),
        ({"port": 8000, "endPort": 8080}, True),
        ({"port": 8000, "endPort": 8079}, False),
        ({"protocol": "UDP"}, False),
        ({"protocol": "TCP"}, True),
    ],
)
def test_to_which_ports(port: Object, allowed: bool) -> None:
    assert passes(policy(ingress=[allow(CLIENTS, ports=[port])])) is allowed


def test_what_any_policy_allows_is_allowed() -> None:
    assert passes(policy("deny"), policy("some", ingress=[allow(CLIENTS)]))


def test_a_policy_binds_the_pods_that_it_selects_alone() -> None:
    assert passes(policy(selects={"matchLabels": {"app": "db"}}))
    assert not passes(policy(selects={"matchLabels": {"app": "web"}}))


@pytest.mark.parametrize(
    ("spec", "directions"),
    [
        ({}, {"ingress"}),
        ({"egress": [{}]}, {"ingress", "egress"}),
        ({"policyTypes": ["Egress"]}, {"egress"}),
        ({"policyTypes": ["Ingress", "Egress"]}, {"ingress", "egress"}),
    ],
)
def test_the_types_that_a_policy_does_not_name_follow_from_its_rules(spec: Object, directions: set[str]) -> None:
    assert {str(each) for each in directions_of(policy(**spec))} == directions


def test_the_pods_own_node_and_the_pod_itself_are_always_let_in() -> None:
    topology = network(nodes=[node(1), node(2)], pods=[WEB], policies=[policy()])
    web = topology.pods.by_key["default/web"]
    for peer, allowed in (
        (Peer("172.18.0.11", node="node-1"), True),
        (Peer("172.18.0.12", node="node-2"), False),
        (Peer("10.244.1.2", web), True),
    ):
        assert judge(topology, web, peer, INGRESS, protocol="TCP", port=80, target=web).allowed is allowed


def test_pods_of_the_nodes_network_are_not_isolated() -> None:
    topology = network(nodes=[node(1)], pods=[ON_HOST], policies=[policy()])
    agent = topology.pods.by_key["default/agent"]
    assert judge(topology, agent, Peer("203.0.113.1"), INGRESS, protocol="TCP", port=80).allowed


def test_the_judgement_names_the_policies_that_select_and_the_rule_that_decides() -> None:
    policies = [policy("a-deny"), policy("b-some", ingress=[allow(OPS), allow(CLIENTS)])]
    topology = network(nodes=[node(1), node(2)], pods=[WEB, CLIENT], policies=policies)
    web, client = topology.pods.by_key["default/web"], topology.pods.by_key["default/client"]
    found = judge(topology, web, Peer("10.244.2.2", client), INGRESS, protocol="TCP", port=8080, target=web)
    assert found.policies == ("default/a-deny", "default/b-some")
    assert found.decides == "default/b-some ingress[1]"


def test_egress_is_judged_by_its_own_rules() -> None:
    to_dns = {"to": [OPS], "ports": [{"port": 53, "protocol": "UDP"}]}
    spaces = ["default", {"metadata": {"name": "tools", "labels": {"team": "ops"}}}]
    topology = network(
        pods=[CLIENT, FOREIGN], policies=[policy(policyTypes=["Egress"], egress=[to_dns])], namespaces=spaces
    )
    client, dns = topology.pods.by_key["default/client"], topology.pods.by_key["tools/client"]
    for port, protocol, allowed in ((53, "UDP", True), (53, "TCP", False), (80, "TCP", False)):
        found = judge(topology, client, Peer("10.244.2.3", dns), Direction.EGRESS, protocol=protocol, port=port)
        assert found.allowed is allowed
