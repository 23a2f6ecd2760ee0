"""The text of /etc/resolv.conf, and where the cluster's DNS has its address."""

from __future__ import annotations

from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.network.cluster_dns import address_in, is_served
from fauxkube.network.resolv_conf import config_of, resolv_conf
from support.networks import endpoint, network, pod, service, slice_of

SEARCH = "search default.svc.cluster.local svc.cluster.local cluster.local"
NONE = {"dnsPolicy": "None"}


def _text(spec: dict[str, Any]) -> str:
    topology = network(pods=[pod("client", "10.244.1.9", **spec)])
    return resolv_conf(topology, next(iter(topology.pods)))


@pytest.mark.parametrize(
    ("spec", "lines"),
    [
        ({}, [SEARCH, "nameserver 10.96.0.10", "options ndots:5"]),
        ({"dnsPolicy": "Default"}, ["nameserver 172.18.0.1"]),
        ({"hostNetwork": True}, ["nameserver 172.18.0.1"]),
        (
            {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"},
            [SEARCH, "nameserver 10.96.0.10", "options ndots:5"],
        ),
        ({**NONE, "dnsConfig": {"nameservers": ["1.1.1.1"]}}, ["nameserver 1.1.1.1"]),
        (
            {
                "dnsConfig": {
                    "nameservers": ["1.1.1.1", "10.96.0.10"],
                    "searches": ["a.example", "svc.cluster.local"],
                    "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
                }
            },
            [f"{SEARCH} a.example", "nameserver 10.96.0.10", "nameserver 1.1.1.1", "options ndots:2 edns0"],
        ),
        (
            {"dnsConfig": {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3"]}},
            [SEARCH, "nameserver 10.96.0.10", "nameserver 1.1.1.1", "nameserver 1.1.1.2", "options ndots:5"],
        ),
    ],
)
def test_the_file_holds_search_nameservers_and_options(spec: dict[str, Any], lines: list[str]) -> None:
    assert _text(spec).splitlines() == lines


def test_search_domains_beyond_the_limits_are_left_out() -> None:
    many = [f"{'x' * 60}.example{number}" for number in range(29)]
    found = _text({"dnsConfig": {"searches": many}}).splitlines()[0].split()
    assert len(" ".join(found[1:])) <= 2048
    assert found[1:4] == SEARCH.split()[1:]


@pytest.mark.parametrize(("nameserver", "knows"), [("10.96.0.10", True), ("10.244.1.9", True), ("1.1.1.1", False)])
def test_a_nameserver_inside_knows_the_clusters_names(nameserver: str, knows: bool) -> None:
    topology = network(pods=[pod("client", "10.244.1.9", dnsConfig={"nameservers": [nameserver]}, **NONE)])
    assert config_of(topology, next(iter(topology.pods))).in_cluster is knows


@pytest.mark.parametrize(
    ("ranges", "address"),
    [
        ("10.96.0.0/12", "10.96.0.10"),
        ("10.96.0.0/29", "10.96.0.6"),
        ("fd00:10:96::/112", "fd00:10:96::a"),
    ],
)
def test_the_clusters_dns_has_the_tenth_address(ranges: str, address: str) -> None:
    assert address_in(ranges) == address


READY, NOT_READY = endpoint("10.244.1.2"), endpoint("10.244.1.2", conditions={"ready": False})
KUBE_DNS = service("kube-dns", "10.96.0.10", namespace="kube-system")


@pytest.mark.parametrize(
    ("services", "endpoints", "served"),
    [([], [], True), ([KUBE_DNS], [], False), ([KUBE_DNS], [NOT_READY], False), ([KUBE_DNS], [READY], True)],
)
def test_names_are_answered_while_whoever_is_to_answer_them_is_ready(
    services: list[Object], endpoints: list[Object], served: bool
) -> None:
    slices = [slice_of("kube-dns", *endpoints, namespace="kube-system")]
    assert is_served(network(services=services, slices=slices)) is served
