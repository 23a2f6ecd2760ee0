"""A trace and a check as people read them."""

from __future__ import annotations

from dataclasses import asdict

from fauxkube.network.check import check
from fauxkube.network.choice import Every
from fauxkube.network.text import render, render_check
from fauxkube.network.trace import trace
from support.networks import endpoint, network, node, pod, service, slice_of

SHOP = service("shop", "10.96.0.9", ports=[{"port": 80, "targetPort": 8080, "protocol": "TCP"}])
BACKENDS = [{"name": "", "port": 8080, "protocol": "TCP"}]


def test_a_way_is_a_line_a_hop_and_names_who_acts_once() -> None:
    topology = network(
        nodes=[node(1), node(2)],
        pods=[pod("client", "10.244.1.9"), pod("web", "10.244.2.2", node=2)],
        services=[SHOP],
        slices=[slice_of("shop", endpoint("10.244.2.2", node=2, pod="web"), ports=BACKENDS)],
    )
    found = trace(topology, "client", "http://shop", choice=Every())
    assert render(asdict(found)).splitlines() == [
        "pod/default/client -> http://shop (TCP 80)",
        "  pod/default/client  looks up shop.default.svc.cluster.local A: 10.96.0.9",
        "  node/node-1         cluster IP of service default/shop, port 80/TCP",
        "                        * 10.244.2.2:8080  100%  default/web",
        "                      destination 10.96.0.9:80 -> 10.244.2.2:8080 (a backend of default/shop:80)",
        "                      by the route to node/node-2",
        "  node/node-2         over the bridge to pod/default/web",
        "  pod/default/web     takes it at 10.244.2.2:8080, container main; sees it come from 10.244.1.9",
        "                      (the pod declares no ports, so it is taken to listen on any)",
        "  reached",
    ]


def test_of_many_backends_some_are_shown_and_always_the_chosen_one() -> None:
    endpoints = [endpoint(f"10.244.1.{last}") for last in range(10, 30)]
    unready = [endpoint(f"10.244.1.{last}", conditions={"ready": False}) for last in range(30, 40)]
    topology = network(
        nodes=[node(1)],
        pods=[pod("client", "10.244.1.9"), *(pod(f"web-{last}", f"10.244.1.{last}") for last in range(10, 30))],
        services=[SHOP],
        slices=[slice_of("shop", *endpoints, *unready, ports=BACKENDS)],
    )
    way = asdict(trace(topology, "client", "10.96.0.9", choice=Every()))["ways"][-1]
    lines = render({"source": "a", "target": "b", "protocol": "TCP", "port": 80, "ways": [way]}).splitlines()
    assert [line.split()[:2] for line in lines if "5.0%" in line][-1] == ["*", "10.244.1.29:8080"]
    assert [line.strip() for line in lines if "more" in line] == ["and 11 more", "and 2 more that are not used"]


def test_a_question_without_a_port_shows_none() -> None:
    found = trace(network(nodes=[node(1)]), "node/node-1", "pod/absent", choice=Every())
    assert render(asdict(found)).splitlines()[0] == "node/node-1 -> pod/absent"


def test_a_requirement_that_fails_lists_its_pairs() -> None:
    found = check(network(nodes=[node(1)], pods=[pod("a", "10.244.1.2"), pod("b", "10.244.1.2")]))
    assert "FAIL  no address is had twice (2 checked)" in render_check(asdict(found)).splitlines()
    assert "      pod/default/a -> pod/default/b: both have 10.244.1.2" in render_check(asdict(found)).splitlines()
