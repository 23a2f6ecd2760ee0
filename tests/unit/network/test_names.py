"""The cluster's names: the examples of the DNS specification, and resolv.conf's rules."""

from __future__ import annotations

import pytest

from fauxkube.network.names import query
from fauxkube.network.resolv_conf import ResolverConfig, config_of
from fauxkube.network.resolver import candidates, resolve
from support.networks import endpoint, network, pod, service, slice_of

HTTPS = {"name": "https", "port": 443, "protocol": "TCP"}
NOT_READY = {"conditions": {"ready": False}}
NETWORK = network(
    namespaces=["default", "shop"],
    pods=[pod("client", "10.244.1.9")],
    services=[
        service("kubernetes", "10.96.0.1", ports=[HTTPS]),
        service("headless", ports=[HTTPS]),
        service("empty"),
        service("foo", "", type="ExternalName", externalName="www.example.com"),
        service("alias", "", type="ExternalName", externalName="kubernetes.default.svc.cluster.local"),
        service("cart", "10.96.0.7", namespace="shop"),
        service("dual", "10.96.0.8", clusterIPs=["10.96.0.8", "fd00::8"]),
    ],
    slices=[
        slice_of(
            "headless",
            endpoint("10.244.1.3", hostname="my-pet"),
            endpoint("10.244.2.4", node=2),
            endpoint("10.244.2.5", node=2, **NOT_READY),
            ports=[HTTPS],
        ),
    ],
)


@pytest.mark.parametrize(
    ("name", "type", "records"),
    [
        ("kubernetes.default.svc.cluster.local.", "A", ["10.96.0.1"]),
        ("Kubernetes.Default.SVC.cluster.local", "A", ["10.96.0.1"]),
        (
            "_https._tcp.kubernetes.default.svc.cluster.local",
            "SRV",
            ["0 100 443 kubernetes.default.svc.cluster.local."],
        ),
        ("1.0.96.10.in-addr.arpa", "PTR", ["kubernetes.default.svc.cluster.local."]),
        ("headless.default.svc.cluster.local", "A", ["10.244.1.3", "10.244.2.4"]),
        ("my-pet.headless.default.svc.cluster.local", "A", ["10.244.1.3"]),
        ("10-244-2-4.headless.default.svc.cluster.local", "A", ["10.244.2.4"]),
        (
            "_https._tcp.headless.default.svc.cluster.local",
            "SRV",
            [
                "0 50 443 10-244-2-4.headless.default.svc.cluster.local.",
                "0 50 443 my-pet.headless.default.svc.cluster.local.",
            ],
        ),
        ("3.1.244.10.in-addr.arpa", "PTR", ["my-pet.headless.default.svc.cluster.local."]),
        ("foo.default.svc.cluster.local", "A", ["www.example.com."]),
        ("10-244-1-9.default.pod.cluster.local", "A", ["10.244.1.9"]),
        ("fd00--8.default.pod.cluster.local", "AAAA", ["fd00::8"]),
        ("dual.default.svc.cluster.local", "A", ["10.96.0.8"]),
        ("dual.default.svc.cluster.local", "AAAA", ["fd00::8"]),
        (
            "8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
            "PTR",
            ["dual.default.svc.cluster.local."],
        ),
        ("dns-version.cluster.local", "TXT", ["1.1.0"]),
        ("kubernetes.default.svc.cluster.local", "AAAA", []),
        ("default.svc.cluster.local", "A", []),
        ("svc.cluster.local", "A", []),
    ],
)
def test_a_name_has_its_records(name: str, type: str, records: list[str]) -> None:
    answer = query(NETWORK, name, type)
    assert (answer.status.value, sorted(answer.records)) == ("NOERROR", records)


@pytest.mark.parametrize(
    "name",
    [
        "absent.default.svc.cluster.local",
        "kubernetes.absent.svc.cluster.local",
        "empty.default.svc.cluster.local",
        "10-244-2-5.headless.default.svc.cluster.local",
        "_http._tcp.kubernetes.default.svc.cluster.local",
        "web.foo.default.svc.cluster.local",
        "web.default.pod.cluster.local",
        "nonsense.cluster.local",
        "kubernetes.svc.cluster.local",
    ],
)
def test_a_name_that_is_not_there_is_denied(name: str) -> None:
    assert query(NETWORK, name, "A").status.value == "NXDOMAIN"


@pytest.mark.parametrize("name", ["www.example.com", "cluster.example", "9.9.9.9.in-addr.arpa"])
def test_other_domains_are_the_worlds(name: str) -> None:
    assert query(NETWORK, name, "A").status.value == "forwarded"


IN_POD = ResolverConfig(("default.svc.cluster.local", "svc.cluster.local", "cluster.local"), 5)


@pytest.mark.parametrize(
    ("name", "tried"),
    [
        ("shop", ["shop.default.svc.cluster.local", "shop.svc.cluster.local", "shop.cluster.local", "shop"]),
        ("shop.default.svc.cluster.local.", ["shop.default.svc.cluster.local"]),
        ("a.b.c.d.e.f", ["a.b.c.d.e.f", "a.b.c.d.e.f.default.svc.cluster.local"]),
    ],
)
def test_few_dots_send_a_name_down_the_search_path_first(name: str, tried: list[str]) -> None:
    assert list(candidates(name, IN_POD))[: len(tried)] == tried


@pytest.mark.parametrize(
    ("name", "addresses", "queries"),
    [
        ("kubernetes", ["10.96.0.1"], 1),
        ("cart", [], 4),
        ("cart.shop", ["10.96.0.7"], 2),
        ("cart.shop.svc", ["10.96.0.7"], 3),
        ("cart.shop.svc.cluster.local", ["10.96.0.7"], 4),
        ("alias", ["10.96.0.1"], 2),
    ],
)
def test_a_lookup_tells_each_query_that_it_takes(name: str, addresses: list[str], queries: int) -> None:
    found = resolve(NETWORK, name, IN_POD)
    assert (list(found.addresses), len(found.asked)) == (addresses, queries)


def test_an_external_name_leads_out_of_the_cluster() -> None:
    found = resolve(NETWORK, "foo", IN_POD)
    assert (found.addresses, found.forwarded) == ((), "www.example.com")


@pytest.mark.parametrize(
    ("spec", "search", "ndots", "in_cluster"),
    [
        ({}, 3, 5, True),
        ({"dnsPolicy": "Default"}, 0, 1, False),
        ({"hostNetwork": True}, 0, 1, False),
        ({"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}, 3, 5, True),
        ({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["10.96.0.10"], "searches": ["a.b"]}}, 1, 1, True),
        ({"dnsConfig": {"searches": ["a.b"], "options": [{"name": "ndots", "value": "2"}]}}, 4, 2, True),
        ({"dnsConfig": {"options": [{"name": "ndots", "value": "many"}]}}, 3, 5, True),
    ],
)
def test_a_pods_resolver_follows_its_policy(spec: dict[str, object], search: int, ndots: int, in_cluster: bool) -> None:
    topology = network(pods=[pod("client", "10.244.1.9", **spec)])
    config = config_of(topology, topology.pods.by_key["default/client"])
    assert (len(config.search), config.ndots, config.in_cluster) == (search, ndots, in_cluster)
