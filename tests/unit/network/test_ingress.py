"""Where an ingress controller sends requests: hosts, paths, defaults, certificates, and traces through it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.network.choice import Every
from fauxkube.network.hops import Arrival, End, RuleHit
from fauxkube.network.ingress import Routes, host_of
from fauxkube.network.ingress_way import sent
from fauxkube.network.text import render
from fauxkube.network.topology import Ingresses, Topology
from fauxkube.network.trace import trace
from support.networks import endpoint, network, node, pod, service, slice_of

OURS: Object = {"metadata": {"name": "ours"}, "spec": {"controller": "fauxkube.io/ingress"}}
THEIRS: Object = {"metadata": {"name": "theirs"}, "spec": {"controller": "example.com/ingress"}}


def backend(name: str, port: int | str = 80) -> Object:
    return {"service": {"name": name, "port": {"number" if isinstance(port, int) else "name": port}}}


def ingress(name: str, *rules: tuple[str, str, str], default: str = "", made: str = "1", **spec: Any) -> Object:
    """`rules` are host, path and service; a path that begins with `=` is exact, with `?` of no kind."""
    found: dict[str, list[Object]] = {}
    for host, path, target in rules:
        kind = {"=": "Exact", "?": "ImplementationSpecific"}.get(path[:1], "Prefix")
        found.setdefault(host, []).append(
            {"path": path.lstrip("=?"), "pathType": kind, "backend": backend(target)} if path else {}
        )
    listed: list[Object] = [
        {**({"host": host} if host else {}), **({"http": {"paths": paths}} if paths != [{}] else {})}
        for host, paths in found.items()
    ]
    more: Object = {"defaultBackend": backend(default)} if default else {}
    metadata = {"name": name, "namespace": "default", "creationTimestamp": made}
    return {"metadata": metadata, "spec": {"ingressClassName": "ours", "rules": listed, **more, **spec}}


def leads(routes: Routes, host: str, path: str) -> str:
    routed = routes.find(host, path)
    return routed.backend.service.removeprefix("default/") if routed else ""


@pytest.mark.parametrize(
    ("rule", "path", "matches"),
    [
        ("/", "/any/thing", True),
        ("=/foo", "/foo", True),
        ("=/foo", "/bar", False),
        ("=/foo", "/foo/", False),
        ("=/foo/", "/foo", False),
        ("/foo", "/foo/", True),
        ("/foo/", "/foo", True),
        ("/foo/", "/foo/", True),
        ("/aaa/bb", "/aaa/bbb", False),
        ("/aaa/bbb", "/aaa/bbb", True),
        ("/aaa/bbb/", "/aaa/bbb", True),
        ("/aaa/bbb", "/aaa/bbb/", True),
        ("/aaa/bbb", "/aaa/bbb/ccc", True),
        ("/aaa/bbb", "/aaa/bbbxyz", False),
        ("?/foo", "/foo/bar", True),
        ("/foo", "/FOO", False),
    ],
)
def test_paths_match_as_the_documentation_of_ingresses_tells(rule: str, path: str, *, matches: bool) -> None:
    assert leads(Routes([ingress("i", ("", rule, "web"))], [OURS]), "a.example", path) == ("web" if matches else "")


MANY = Routes(
    [
        ingress(
            "i",
            ("shop.example", "/", "root"),
            ("shop.example", "/cart", "prefix"),
            ("shop.example", "=/cart", "exact"),
            ("shop.example", "/cart/old", "longer"),
            ("*.example", "/", "wild"),
            ("", "/", "any"),
        )
    ],
    [OURS],
)


@pytest.mark.parametrize(
    ("host", "path", "to"),
    [
        ("shop.example", "/cart", "exact"),
        ("shop.example", "/cart/", "prefix"),
        ("shop.example", "/cart/new", "prefix"),
        ("shop.example", "/cart/old/1", "longer"),
        ("shop.example", "/x", "root"),
        ("SHOP.example", "/x", "root"),
        ("other.example", "/x", "wild"),
        ("a.b.example", "/x", "any"),
        ("example", "/x", "any"),
        ("192.0.2.1", "/x", "any"),
    ],
)
def test_the_most_exact_host_and_path_go_first(host: str, path: str, to: str) -> None:
    assert leads(MANY, host, path) == to


def test_a_more_general_host_is_tried_when_no_path_of_the_better_one_matches() -> None:
    routes = Routes([ingress("i", ("a.example", "/x", "exact"), ("*.example", "/y", "wild"))], [OURS])
    assert leads(routes, "a.example", "/y") == "wild"


def test_of_two_with_the_same_rule_the_older_goes_first() -> None:
    rule = ("a.example", "/", "")
    younger, older = ingress("a", (*rule[:2], "young"), made="2"), ingress("b", (*rule[:2], "old"), made="1")
    assert leads(Routes([younger, older], [OURS]), "a.example", "/") == "old"


@pytest.mark.parametrize(
    ("host", "path", "to"),
    [("a.example", "/x", "web"), ("a.example", "/y", "own"), ("b.example", "/x", "all"), ("c.example", "/", "all")],
)
def test_what_nothing_matches_goes_to_a_default_backend(host: str, path: str, to: str) -> None:
    with_rules = ingress("rules", ("a.example", "/x", "web"), default="own", made="2")
    assert leads(Routes([with_rules, ingress("alone", default="all", made="1")], [OURS]), host, path) == to


def test_a_rule_without_paths_leads_to_the_default_backend() -> None:
    assert leads(Routes([ingress("i", ("a.example", "", ""), default="own")], [OURS]), "a.example", "/x") == "own"


def test_only_ingresses_of_our_classes_are_served() -> None:
    other = ingress("i", ("", "/", "web"), ingressClassName="theirs")
    none = ingress("i", ("", "/", "web"), ingressClassName=None)
    old = ingress("i", ("", "/", "web"), ingressClassName=None)
    old["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "ours"}
    assert not Routes([other, none], [OURS, THEIRS])
    assert not Routes([ingress("i", ("", "/", "web"))], [])
    assert Routes([old], [OURS])


def test_certificates_are_found_by_the_name_that_is_asked_for() -> None:
    tls = [
        {"hosts": ["a.example", "*.b.example"], "secretName": "one"},
        {"secretName": "any"},
        {"hosts": ["c.example"]},
    ]
    routes = Routes([ingress("i", tls=tls)], [OURS])
    names = ["a.example", "x.b.example", "x.y.b.example", "c.example"]
    assert [routes.secret(name) for name in names] == ["default/one", "default/one", "default/any", "default/any"]


@pytest.mark.parametrize(
    ("header", "host"),
    [("A.example", "a.example"), ("a.example:8080", "a.example"), ("[fd00::1]:80", "fd00::1"), ("", "")],
)
def test_a_host_header_names_a_host(header: str, host: str) -> None:
    assert host_of(header) == host


# To pods


def cluster(*ingresses: Object, **more: Any) -> Topology:
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    backends = [endpoint(f"10.244.{number}.2", node=number, pod=f"web-{number}") for number in (1, 2)]
    slices = [slice_of("shop", *backends, ports=[{"name": "http", "port": 8080, "protocol": "TCP"}])]
    declared = [{"containerPort": 8080}]
    topology = network(
        nodes=[node(1), node(2)],
        pods=[pod(f"web-{number}", f"10.244.{number}.2", node=number, ports=declared) for number in (1, 2)],
        services=[service("shop", "10.96.0.9", ports=ports), service("none", "10.96.0.8", ports=ports)],
        slices=slices,
        **more,
    )
    for each in (OURS, *ingresses):
        metadata = each["metadata"]
        key = f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else metadata["name"]
        topology.ingresses.put(key, each)
    return topology


@pytest.mark.parametrize(
    ("target", "port", "status", "problem"),
    [
        ("shop", "http", 200, ""),
        ("shop", 80, 200, ""),
        ("shop", 81, 503, "service default/shop has no port 81"),
        ("none", 80, 503, "default/none:http has no endpoints"),
        ("gone", 80, 503, "there is no service default/gone"),
    ],
)
def test_a_backends_port_is_named_by_number_or_name(target: str, port: int | str, status: int, problem: str) -> None:
    found = ingress("i", ("", "/", "x"))
    found["spec"]["rules"][0]["http"]["paths"][0]["backend"] = backend(target, port)
    topology = cluster(found)
    routed = topology.ingresses.routes.find("a", "/")
    answer = sent(topology, routed, topology.nodes.by_name["node-1"])
    assert (answer.status, answer.problem, len(answer.usable)) == (status, problem, 2 if status == 200 else 0)


def test_a_resource_is_no_backend_that_is_served() -> None:
    found = ingress("i", ("", "/", "x"))
    found["spec"]["rules"][0]["http"]["paths"][0]["backend"] = {"resource": {"kind": "Bucket", "name": "b"}}
    topology = cluster(found)
    answer = sent(topology, topology.ingresses.routes.find("a", "/"), topology.nodes.by_name["node-1"])
    assert (answer.status, answer.problem) == (503, "Bucket b is no service")


def test_a_trace_follows_a_request_through_the_ingress_to_each_pod() -> None:
    topology = cluster(ingress("i", ("shop.example.com", "/cart", "shop")))
    found = trace(topology, "outside", "http://shop.example.com/cart/1", choice=Every())
    assert found.reached
    assert [way.probability for way in found.ways] == [0.5, 0.5]
    hits = [hop for hop in found.ways[0].hops if isinstance(hop, RuleHit)]
    assert [(hit.entry, hit.service, hit.port) for hit in hits] == [
        ("ingress", "default/i", "shop.example.com/cart (Prefix)")
    ]
    ends = [way.hops[-1] for way in found.ways]
    assert {each.where for each in ends if isinstance(each, Arrival)} == {"pod/default/web-1", "pod/default/web-2"}


@pytest.mark.parametrize(
    ("target", "reason", "message"),
    [
        ("http://shop.example.com/", "IngressNotRouted", "shop.example.com/: no ingress has a rule for it"),
        ("http://172.18.0.11/cart", "IngressNotRouted", "172.18.0.11/cart: no ingress has a rule for it"),
    ],
)
def test_a_trace_tells_what_the_ingress_has_no_rule_for(target: str, reason: str, message: str) -> None:
    topology = cluster(ingress("i", ("shop.example.com", "/cart", "shop")))
    end = trace(topology, "outside", target, choice=Every()).ways[0].hops[-1]
    assert isinstance(end, End)
    assert (end.reason, end.message, end.symptom) == (reason, message, "the answer is 404")


def test_without_an_ingress_nothing_listens_at_the_nodes_ports() -> None:
    end = trace(cluster(), "outside", "http://172.18.0.11/", choice=Every()).ways[0].hops[-1]
    assert isinstance(end, End)
    assert end.reason == "PortNotDeclared"


def test_what_is_gone_is_served_no_more() -> None:
    part = Ingresses([OURS, ingress("i", ("", "/", "web"))])
    assert part.routes
    part.drop("ours")
    assert not part.routes


def test_the_text_of_a_trace_names_the_ingress_and_its_rule() -> None:
    topology = cluster(ingress("i", ("shop.example.com", "/cart", "shop")))
    told = render(asdict(trace(topology, "outside", "http://shop.example.com/cart", choice=Every())))
    assert "rule shop.example.com/cart (Prefix) of ingress default/i" in told
