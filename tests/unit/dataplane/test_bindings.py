"""What is listened for: each entry of a service that has backends, and host ports."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.dataplane.bindings import of_pod, of_service
from fauxkube.machinery.objects import Object
from fauxkube.network.topology import Topology
from support.networks import endpoint, network, node, pod, service, slice_of

PORTS = [{"port": 80, "targetPort": 8080, "nodePort": 30080, "protocol": "TCP"}]


def shop(**more: Any) -> Object:
    return service("shop", "10.96.0.9", **{"type": "NodePort", "ports": PORTS} | more)


def told(service: Object, *endpoints: Object) -> list[tuple[str, str, int, str]]:
    topology = network(
        nodes=[node(1), node(2)], services=[service], slices=[slice_of("shop", *endpoints)] if endpoints else []
    )
    return [(each.entry, each.address, each.port, each.protocol) for each in of_service(topology, service)]


READY = endpoint("10.244.1.2")
BOTH_NODES = [("node port", "172.18.0.11", 30080, "TCP"), ("node port", "172.18.0.12", 30080, "TCP")]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, [("cluster IP", "10.96.0.9", 80, "TCP"), *BOTH_NODES], id="node port"),
        pytest.param(
            {"type": "ClusterIP", "ports": [{"port": 80, "protocol": "TCP"}], "externalIPs": ["192.0.2.7"]},
            [("cluster IP", "10.96.0.9", 80, "TCP"), ("external IP", "192.0.2.7", 80, "TCP")],
            id="external IP",
        ),
        pytest.param(
            {
                "type": "LoadBalancer",
                "healthCheckNodePort": 31000,
                "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}},
            },
            [
                ("cluster IP", "10.96.0.9", 80, "TCP"),
                ("load balancer", "203.0.113.1", 80, "TCP"),
                *BOTH_NODES,
                ("health check", "172.18.0.11", 31000, "TCP"),
                ("health check", "172.18.0.12", 31000, "TCP"),
            ],
            id="load balancer",
        ),
        pytest.param({"type": "ExternalName", "externalName": "example.com"}, [], id="external name"),
        pytest.param({"clusterIP": "None", "type": "ClusterIP"}, [], id="headless"),
    ],
)
def test_every_entry_of_a_service_is_listened_for(more: Any, expected: list[Any]) -> None:
    assert told(shop(**more), READY) == expected


@pytest.mark.parametrize(
    ("conditions", "listens"),
    [
        ({"ready": True}, True),
        ({"ready": False, "serving": False}, False),
        ({"ready": False, "serving": True, "terminating": True}, True),
    ],
)
def test_only_a_port_with_backends_is_listened_on(conditions: Object, *, listens: bool) -> None:
    assert bool(told(shop(), endpoint("10.244.1.2", conditions=conditions))) is listens
    assert told(shop()) == []


def of(pods: Object) -> list[tuple[str, int]]:
    topology: Topology = network(nodes=[node(1)], pods=[pods])
    return [(each.address, each.port) for each in of_pod(topology, next(iter(topology.pods)))]


def test_host_ports_are_listened_for_at_the_pods_node() -> None:
    ports = [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81}]
    assert of(pod("web", "10.244.1.2", ports=ports)) == [("172.18.0.11", 8080)]
    assert of(pod("web", "172.18.0.11", ports=ports, hostNetwork=True)) == [("172.18.0.11", 80), ("172.18.0.11", 81)]
    assert of(pod("web", ports=ports)) == []
    assert of(pod("web", "10.244.2.2", node=2, ports=ports)) == []
