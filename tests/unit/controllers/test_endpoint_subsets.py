"""The subsets of an Endpoints object, by table and against a slow model of upstream's repacking."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.controllers.endpoint_subsets import backend_of, compute_subsets, truncate
from fauxkube.machinery.objects import Object
from support.services import backend_pod, container_port, in_phase, service, terminating

HTTP = [{"port": 80, "protocol": "TCP"}]


def subsets_of(svc: Object, *pods: Object) -> list[Object]:
    return compute_subsets(backend_of(svc, pod) for pod in pods)


def ips(subset: Object, name: str = "addresses") -> list[str]:
    return [address["ip"] for address in subset.get(name, ())]


def test_a_ready_pod_is_an_address_with_its_node_and_its_reference() -> None:
    assert subsets_of(service(), backend_pod("a", "10.244.0.2")) == [
        {
            "addresses": [
                {
                    "ip": "10.244.0.2",
                    "nodeName": "node-1",
                    "targetRef": {"kind": "Pod", "namespace": "default", "name": "a", "uid": "uid-of-a"},
                }
            ],
            "ports": HTTP,
        }
    ]


def test_ready_and_not_ready_pods_share_a_subset_each_in_the_order_of_the_text() -> None:
    pods = [
        backend_pod("a", "10.244.0.9"),
        backend_pod("b", "10.244.0.10"),
        backend_pod("c", "10.244.0.3", ready=False),
    ]
    [subset] = subsets_of(service(), *pods)
    assert ips(subset) == ["10.244.0.10", "10.244.0.9"]
    assert ips(subset, "notReadyAddresses") == ["10.244.0.3"]


@pytest.mark.parametrize(
    "pod",
    [
        backend_pod("pending"),
        in_phase(backend_pod("done", "10.0.0.1"), "Succeeded"),
        in_phase(backend_pod("failed", "10.0.0.1"), "Failed"),
        terminating(backend_pod("going", "10.0.0.1")),
        backend_pod("ipv6", "fd00::1"),
    ],
    ids=lambda pod: pod["metadata"]["name"],
)
def test_these_pods_are_no_backends(pod: Object) -> None:
    assert subsets_of(service(), pod) == []


def test_publish_not_ready_addresses_counts_everything_that_has_an_address_as_ready() -> None:
    pods = [
        backend_pod("a", "10.0.0.1", ready=False),
        terminating(backend_pod("b", "10.0.0.2")),
        in_phase(backend_pod("c", "10.0.0.3"), "Failed"),
    ]
    [subset] = subsets_of(service(publishNotReadyAddresses=True), *pods)
    assert ips(subset) == ["10.0.0.1", "10.0.0.2"]
    assert "notReadyAddresses" not in subset


def test_a_named_target_port_is_looked_up_in_each_pod() -> None:
    svc = service(ports=[{"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"}])
    pods = [
        backend_pod("a", "10.0.0.1", containers=container_port("web", 8080)),
        backend_pod("b", "10.0.0.2", containers=container_port("web", 9090)),
        backend_pod("c", "10.0.0.3", containers=container_port("other", 80)),
        backend_pod("d", "10.0.0.4", containers=container_port("web", 80, "UDP")),
    ]
    found = [(ips(subset), [port["port"] for port in subset["ports"]]) for subset in subsets_of(svc, *pods)]
    assert found == [(["10.0.0.1"], [8080]), (["10.0.0.2"], [9090])]


def test_ports_that_serve_different_pods_split_into_subsets_and_others_stay_together() -> None:
    svc = service(
        ports=[
            {"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"},
            {"name": "tls", "port": 443, "targetPort": 443, "protocol": "TCP", "appProtocol": "https"},
            {"name": "admin", "port": 81, "targetPort": "admin", "protocol": "TCP"},
        ]
    )
    plain, admin = (
        backend_pod("a", "10.0.0.1"),
        backend_pod("b", "10.0.0.2", containers=container_port("admin", 8081)),
    )
    assert [(ips(subset), subset["ports"]) for subset in subsets_of(svc, plain, admin)] == [
        (["10.0.0.2"], [{"name": "admin", "port": 8081, "protocol": "TCP"}]),
        (
            ["10.0.0.1", "10.0.0.2"],
            [
                {"name": "http", "port": 80, "protocol": "TCP"},
                {"name": "tls", "port": 443, "protocol": "TCP", "appProtocol": "https"},
            ],
        ),
    ]


@pytest.mark.parametrize(("cluster_ip", "count"), [("None", 1), ("10.96.0.10", 0)])
def test_only_a_headless_service_may_lack_ports(cluster_ip: str, count: int) -> None:
    subsets = subsets_of(service(clusterIP=cluster_ip, ports=None), backend_pod("a", "10.0.0.1"))
    assert len(subsets) == count
    assert all("ports" not in subset for subset in subsets)


@pytest.mark.parametrize(("subdomain", "expected"), [("web", "first"), ("other", None)])
def test_the_hostname_is_told_to_the_service_that_is_the_pods_subdomain(subdomain: str, expected: str | None) -> None:
    [subset] = subsets_of(service(), backend_pod("a", "10.0.0.1", hostname="first", subdomain=subdomain))
    assert subset["addresses"][0].get("hostname") == expected


def test_the_address_is_of_the_services_first_family() -> None:
    pod = backend_pod("a", "10.0.0.1")
    pod["status"]["podIPs"].append({"ip": "fd00::1"})
    [subset] = subsets_of(service(ipFamilies=["IPv6", "IPv4"]), pod)
    assert ips(subset) == ["fd00::1"]


def _many(ready: int, not_ready: int) -> list[Object]:
    return [
        backend_pod(f"p{number}", f"10.0.{number // 250}.{number % 250}", ready=number < ready)
        for number in range(ready + not_ready)
    ]


@pytest.mark.parametrize(
    ("ready", "not_ready", "kept"),
    [(1000, 0, (1000, 0)), (1001, 0, (1000, 0)), (990, 20, (990, 10)), (1100, 50, (1000, 0))],
)
def test_more_than_a_thousand_addresses_are_cut_the_ready_ones_last(
    ready: int, not_ready: int, kept: tuple[int, int]
) -> None:
    [subset] = truncate(subsets_of(service(), *_many(ready, not_ready)))
    assert (len(ips(subset)), len(ips(subset, "notReadyAddresses"))) == kept


pods_strategy = st.lists(
    st.tuples(st.integers(1, 250), st.booleans(), st.sampled_from([None, 8080, 9090]), st.booleans()),
    unique_by=lambda each: each[0],
    max_size=12,
)


def _model(pods: list[tuple[int, bool, int | None, bool]]) -> set[tuple[Any, ...]]:
    """Every (address, port, ready) that the service's pods serve."""
    served: set[tuple[Any, ...]] = set()
    for number, ready, admin, going in pods:
        if going:
            continue
        served.add((f"10.0.0.{number}", "http", 80, ready))
        if admin:
            served.add((f"10.0.0.{number}", "admin", admin, ready))
    return served


@given(pods=pods_strategy)
def test_subsets_say_of_each_pod_what_it_serves_once_and_no_two_have_the_same_addresses(
    pods: list[tuple[int, bool, int | None, bool]],
) -> None:
    svc = service(
        ports=[
            {"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"},
            {"name": "admin", "port": 81, "targetPort": "admin", "protocol": "TCP"},
        ]
    )
    objects = []
    for number, ready, admin, going in pods:
        containers = container_port("admin", admin) if admin else [{"name": "c", "image": "nginx"}]
        pod = backend_pod(f"p{number}", f"10.0.0.{number}", ready=ready, containers=containers)
        objects.append(terminating(pod) if going else pod)
    subsets = subsets_of(svc, *objects)
    told = [
        (ip, port["name"], port["port"], kind == "addresses")
        for subset in subsets
        for kind in ("addresses", "notReadyAddresses")
        for ip in ips(subset, kind)
        for port in subset["ports"]
    ]
    assert len(told) == len(set(told))
    assert set(told) == _model(pods)
    groups = [frozenset(ips(subset) + ips(subset, "notReadyAddresses")) for subset in subsets]
    assert len(groups) == len(set(groups))
    assert subsets == subsets_of(svc, *reversed(objects))
