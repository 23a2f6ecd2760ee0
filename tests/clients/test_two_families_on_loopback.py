"""Real curl to services of both IP families, and of IPv6 alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import httpx
import pytest

from fauxkube.testing import Cluster
from fauxkube.testing.servers import stop_servers

SHOP = {
    "type": "LoadBalancer",
    "ipFamilyPolicy": "PreferDualStack",
    "selector": {"app": "web"},
    "ports": [{"port": 80, "targetPort": 8080, "nodePort": 30080}],
}
ALONE = {"cluster_cidr": "fd00:10:244::/56", "service_cidr": "fd00:10:96::/112"}
DUAL = {"cluster_cidr": "10.244.0.0/16,fd00:10:244::/56", "service_cidr": "10.96.0.0/16,fd00:10:96::/112"}


@pytest.fixture(params=[ALONE, DUAL], ids=["alone", "dual"])
def cluster(request: pytest.FixtureRequest, loopback: None) -> Iterator[Cluster]:
    with Cluster(nodes=1, seed=5, settings={"dataplane": True, **request.param}) as made:
        container = {"name": "main", "image": "nginx", "ports": [{"containerPort": 8080}]}
        pod = {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"containers": [container]}}
        made.apply({"apiVersion": "v1", "kind": "Pod", **pod})
        made.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": SHOP})
        made.wait("pod/web", "Ready")
        made.settle()
        yield made
    stop_servers()


def test_every_address_of_a_service_is_answered(cluster: Cluster) -> None:
    listeners = httpx.get(f"{cluster.url}/fauxkube/v1/dataplane").json()["listeners"]
    own = [each for each in listeners if each["owner"] == "service/default/shop"]
    families = len(cluster.get("service/shop")["spec"]["ipFamilies"])
    assert len(own) == 1 + 2 * families, "one node port, a cluster IP and a load balancer's address of each family"
    for each in own:
        command = ["curl", "--silent", "--show-error", "--max-time", "20", f"http://{each['at']}/"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert told.startswith("Hello from web"), each
        client = next(line.partition(": ")[2] for line in told.splitlines() if line.startswith("client: "))
        assert (":" in client) == (":" in each["address"]), each
