"""Names on a packet's way: /etc/hosts before the DNS, the DNS at its own address, and what is when none runs."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.network.choice import Every
from fauxkube.network.hops import Arrival, End, Trace
from fauxkube.network.trace import trace
from support.networks import endpoint, network, node, pod, service, slice_of

ALIASES = [{"ip": "10.244.2.5", "hostnames": ["db", "Db.Example"]}]
KUBE_DNS = service("kube-dns", "10.96.0.10", namespace="kube-system", ports=[{"port": 53, "protocol": "UDP"}])
CLOSED = {
    "metadata": {"name": "closed", "namespace": "default"},
    "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
}


def _traced(target: str, sender: str = "pod/client", **parts: Any) -> Trace:
    given: dict[str, Any] = {
        "nodes": [node(1), node(2)],
        "pods": [pod("client", "10.244.1.9", hostAliases=ALIASES), pod("db", "10.244.2.5", node=2)],
        "services": [service("shop", "10.96.0.9")],
    }
    return trace(network(**given | parts), sender, target, choice=Every())


def _end(found: Trace) -> Any:
    (way,) = found.ways
    return way.hops[-1]


@pytest.mark.parametrize("name", ["db", "db.example"])
def test_an_alias_of_the_pod_is_found_before_the_dns_is_asked(name: str) -> None:
    found = _traced(f"http://{name}")
    assert (found.reached, _end(found).where) == (True, "pod/default/db")
    assert found.ways[0].hops[0].records == ("10.244.2.5",)  # type: ignore[union-attr]


def test_a_pod_finds_itself_by_its_own_name_and_a_node_too() -> None:
    assert _end(_traced("client:80")).where == "pod/default/client"
    assert _end(_traced("node-1:10250", "node/node-1")).where == "node/node-1"


def test_another_pod_has_no_such_alias() -> None:
    assert _end(_traced("http://db.example", "pod/db")).where == "outside"


@pytest.mark.parametrize(("port", "reached"), [("53", True), ("54", False)])
def test_the_dns_is_reached_at_the_address_that_resolv_conf_names(port: str, reached: bool) -> None:
    found = trace(
        network(nodes=[node(1)], pods=[pod("client", "10.244.1.9")]),
        "pod/client",
        f"10.96.0.10:{port}",
        choice=Every(),
        protocol="UDP",
    )
    assert found.reached is reached
    if reached:
        assert isinstance(end := _end(found), Arrival)
        assert end.answer == "the cluster's DNS"


def test_a_policy_that_forbids_names_forbids_the_dns_itself() -> None:
    assert isinstance(end := _end(_traced("10.96.0.10:53", policies=[CLOSED])), End)
    assert (end.reason, end.likely[0].partition(":")[0]) == (
        "PolicyDenied",
        "pod default/client is isolated for egress by default/closed",
    )


def test_without_a_backend_of_kube_dns_no_name_is_known() -> None:
    coredns = pod("coredns", "10.244.2.7", node=2, namespace="kube-system", labels={"k8s-app": "kube-dns"}, ready=False)
    dead = KUBE_DNS | {"spec": KUBE_DNS["spec"] | {"selector": {"k8s-app": "kube-dns"}}}
    found = _traced(
        "http://shop", services=[dead, service("shop", "10.96.0.9")], pods=[pod("client", "10.244.1.9"), coredns]
    )
    assert isinstance(end := _end(found), End)
    assert (end.where, end.reason) == ("DNS", "NoDNS")
    assert end.likely == ("pod kube-system/coredns is not ready (Ready)",)


def test_queries_have_to_find_a_way_to_the_pods_behind_kube_dns() -> None:
    ready = slice_of(
        "kube-dns",
        endpoint("10.244.2.7", node=2, pod="coredns", namespace="kube-system"),
        namespace="kube-system",
        ports=[{"name": "", "port": 53, "protocol": "UDP"}],
    )
    coredns = pod("coredns", "10.244.2.7", node=2, namespace="kube-system", labels={"k8s-app": "kube-dns"})
    parts: dict[str, Any] = {
        "services": [KUBE_DNS, service("shop", "10.96.0.9")],
        "slices": [ready],
        "pods": [pod("client", "10.244.1.9"), coredns],
    }
    assert _end(_traced("http://shop", **parts)).reason == "NoEndpoints"
    end = _end(_traced("http://shop", nodes=[node(1), node(2, ready="Unknown")], **parts))
    assert (end.reason, end.symptom) == ("DNSUnreachable", "the name is not known")
    assert end.message.startswith("queries to the cluster's DNS at 10.96.0.10 are lost: node node-2 is down")
