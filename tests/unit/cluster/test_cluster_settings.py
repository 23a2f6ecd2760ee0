"""Settings that can be, and those that cannot."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from fauxkube.cluster.settings import Settings, SettingsError
from fauxkube.registry.pools import Ranges


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"nodes": 0},
        {"nodes": 256},
        {"clock_start": datetime(2026, 1, 1, tzinfo=UTC), "clock_rate": 0, "stop_seconds": 30.0},
        {"kubernetes_version": "1.32"},
        {"ranges": Ranges(cluster_cidr="10.0.0.0/30", node_prefix=30, service_cidr="10.1.0.0/29"), "nodes": 1},
        {"ranges": Ranges(cluster_cidr="fd00:1::/48", service_cidr="fd00:2::/64")},
        {"ranges": Ranges(cluster_cidr="fd00:1::/56, 10.244.0.0/16", service_cidr="fd00:2::/112,10.96.0.0/16")},
        {"ranges": Ranges(cluster_cidr="10.244.0.0/16,fd00:1::/56")},
        {"ranges": Ranges(cluster_cidr="10.244.0.0/16,fd00:1::/56", node_prefix=25, node_prefix_v6=72)},
        {"zones": ("a", "eu-1.b")},
        {"ranges": Ranges(node_ports=(1, 65535))},
    ],
)
def test_these_can_be(options: dict[str, Any]) -> None:
    Settings(**options)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"nodes": -1}, "nodes must not be negative: -1"),
        ({"clock_rate": -1.0}, "the clock's rate must be 0 or more: -1.0"),
        ({"clock_rate": math.inf}, "the clock's rate must be 0 or more: inf"),
        ({"clock_start": datetime(2026, 1, 1)}, "the clock's start must name its time zone: 2026-01-01 00:00:00"),
        ({"image_pull_seconds": -1.0}, "an image's pull must be 0 or more: -1.0"),
        ({"stop_seconds": math.nan}, "a pod's stop must be 0 or more: nan"),
        ({"nodes": 257}, "has only 256 blocks of /24, too few for 257 nodes"),
        ({"kubernetes_version": "2.0"}, "Kubernetes 2.0 is not served, but 1."),
        ({"kubernetes_version": "../../etc"}, "is not served"),
        ({"ranges": Ranges(cluster_cidr="127.0.0.0/16")}, "cluster CIDR: 127.0.0.0/16 is a loopback range"),
        ({"ranges": Ranges(cluster_cidr="fe80::/56", service_cidr="fd00::/112")}, "is a link-local range"),
        ({"ranges": Ranges(service_cidr="224.0.1.0/24")}, "service CIDR: 224.0.1.0/24 holds no addresses that"),
        ({"ranges": Ranges(cluster_cidr="10.0.0.1/8")}, "cluster CIDR: 10.0.0.1/8 has host bits set"),
        ({"ranges": Ranges(load_balancer_cidr="x")}, "load balancer CIDR: 'x'"),
        ({"ranges": Ranges(load_balancer_cidr="10.96.7.0/24")}, "the service CIDR 10.96.0.0/12 and the load balancer"),
        ({"ranges": Ranges(service_cidr="10.96.0.0/30")}, "must have at least 8 addresses"),
        (
            {"ranges": Ranges(cluster_cidr="10.1.0.0/16,10.2.0.0/16")},
            "must be one CIDR, or one of IPv4 and one of IPv6",
        ),
        ({"ranges": Ranges(service_cidr="10.1.0.0/16,fd00::/112,fd01::/112")}, "must be one CIDR, or one of IPv4"),
        ({"ranges": Ranges(service_cidr="")}, "service CIDR: none is given"),
        ({"ranges": Ranges(cluster_cidr="fd00:1::/56")}, "main IP family is IPv4, but pods' is IPv6"),
        ({"ranges": Ranges(service_cidr="10.96.0.0/16,fd00::/112")}, "IPv6 addresses (fd00::/112), but pods have none"),
        (
            {"ranges": Ranges(cluster_cidr="fd00:1::/56", service_cidr="fd00:2::/63")},
            "the service CIDR fd00:2::/63 is too large: an IPv6 prefix must be /64 or longer",
        ),
        (
            {"ranges": Ranges(cluster_cidr="fd00::/47", service_cidr="fd00:8::/112")},
            "node blocks of /64 are too many for fd00::/47: /63 is the longest prefix",
        ),
        (
            {"ranges": Ranges(cluster_cidr="10.244.0.0/16,fd00::/56", service_cidr="10.96.0.0/16,fd00:0:0:1::/112")},
            "the cluster CIDR fd00::/56 and the service CIDR fd00:0:0:1::/112 overlap",
        ),
        ({"ranges": Ranges(cluster_cidr="10.244.0.0/16,fd00::/64"), "nodes": 2}, "fd00::/64 has only 1 blocks of /64"),
        ({"zones": ("a", "")}, "zone '': must not be empty"),
        ({"zones": ("a b",)}, "zone 'a b': a valid label must be"),
        ({"ranges": Ranges(node_prefix=15)}, "node blocks of /15 cannot be cut out of"),
        ({"ranges": Ranges(node_prefix=31)}, "node blocks of /31 cannot be cut out of"),
        ({"ranges": Ranges(node_ports=(0, 5))}, "node port range 0-5 must lie in 1-65535"),
        ({"ranges": Ranges(node_ports=(5, 65536))}, "must lie in 1-65535"),
        ({"ranges": Ranges(node_ports=(6, 5))}, "node port range 6-5"),
    ],
)
def test_these_cannot(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**options)
    assert problem in str(caught.value)
