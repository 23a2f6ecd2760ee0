"""Real kubectl on a dual-stack cluster and on one of IPv6 alone."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fauxkube.cluster.settings import Settings
from fauxkube.registry.pools import Ranges
from support.kubectl import Kubectl
from support.thread import served_cluster
from support.waiting import until

PODS6, SERVICES6, NODES6 = "fd00:10:244::/56", "fd00:10:96::/112", "fc00:f853:ccd:e793::/64"
DUAL = Ranges(cluster_cidr=f"10.244.0.0/16,{PODS6}", service_cidr=f"10.96.0.0/16,{SERVICES6}")
ALONE = Ranges(cluster_cidr=PODS6, service_cidr=SERVICES6)

SHOP = """\
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  type: LoadBalancer
  ipFamilyPolicy: PreferDualStack
  selector: {app: shop}
  ports:
  - {name: web, port: 80, targetPort: http, nodePort: 30080}
  - {name: dns, port: 53, protocol: UDP, nodePort: 30053}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: web, image: nginx, ports: [{name: http, containerPort: 8080}, {containerPort: 53, protocol: UDP}]}
"""


BY_HAND = """\
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {ports: [{port: 5432}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: db}
subsets:
- addresses: [{ip: 192.0.2.5}, {ip: "2001:db8::5"}]
  ports: [{port: 5432}]
"""


@pytest.fixture
def dual(tmp_path: Path) -> Iterator[Kubectl]:
    with served_cluster(Settings(nodes=2, zones=("a", "b"), ranges=DUAL)) as url:
        yield Kubectl(36, url, tmp_path)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Kubectl]:
    with served_cluster(Settings(nodes=2, ranges=ALONE)) as url:
        yield Kubectl(36, url, tmp_path)


def described(kubectl: Kubectl, *target: str) -> dict[str, str]:
    """The description's fields of one line."""
    lines = kubectl("describe", *target).out.splitlines()
    found = [re.fullmatch(r"([A-Z][\w ()-]*):\s+(.*)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


def within(address: str, cidr: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(cidr)


def deploy(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=SHOP)
    kubectl("rollout", "status", "deployment/shop", "--timeout=60s")
    kubectl("wait", "service/shop", "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=60s")
    slices = ("get", "endpointslices", "-l", "kubernetes.io/service-name=shop")
    until(lambda: all(len(each["endpoints"]) == 2 for each in kubectl.json(*slices)["items"]), seconds=60)


def test_nodes_and_pods_have_addresses_of_both_families(dual: Kubectl) -> None:
    deploy(dual)
    node = dual.json("get", "node", "node-1")
    own = [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]
    assert own == ["172.18.0.3", "fc00:f853:ccd:e793::3"]
    assert described(dual, "node", "node-1")["PodCIDRs"] == "10.244.0.0/24,fd00:10:244::/64"
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "a"
    for pod in dual.json("get", "pods", "-l", "app=shop")["items"]:
        addresses = [each["ip"] for each in pod["status"]["podIPs"]]
        block4, block6 = dual.json("get", "node", pod["spec"]["nodeName"])["spec"]["podCIDRs"]
        assert within(addresses[0], block4)
        assert within(addresses[1], block6)
        assert [":" in each["ip"] for each in pod["status"]["hostIPs"]] == [False, True]
        text = dual("describe", "pod", pod["metadata"]["name"]).out
        assert "".join(f"\n  IP:           {each}" for each in addresses) in text


def test_a_dual_stack_service_is_shown_with_both_addresses(dual: Kubectl) -> None:
    deploy(dual)
    fields = described(dual, "service", "shop")
    assert (fields["IP Family Policy"], fields["IP Families"]) == ("PreferDualStack", "IPv4,IPv6")
    first, second = fields["IPs"].split(",")
    assert (fields["IP"], within(second, SERVICES6)) == (first, True)
    (row,) = dual("get", "service", "shop", "-o", "wide").table
    assert row["CLUSTER-IP"] == first
    assert row["EXTERNAL-IP"] == "2001:db8:113::1,203.0.113.1"
    assert row["PORT(S)"] == "80:30080/TCP,53:30053/UDP"
    slices = dual("get", "endpointslices", "-l", "kubernetes.io/service-name=shop").table
    assert sorted(each["ADDRESSTYPE"] for each in slices) == ["IPv4", "IPv6"]
    (endpoints,) = dual("get", "endpoints", "shop").table
    assert ":" not in endpoints["ENDPOINTS"].replace(":8080", "").replace(":53", "")


def test_a_service_is_patched_to_the_second_family_and_back(dual: Kubectl) -> None:
    dual("create", "service", "clusterip", "web", "--tcp=80")
    before = dual.json("get", "service", "web")["spec"]
    assert (before["ipFamilies"], before["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")
    dual("patch", "service", "web", "-p", '{"spec": {"ipFamilyPolicy": "RequireDualStack"}}')
    both = dual.json("get", "service", "web")["spec"]
    assert both["clusterIPs"][0] == before["clusterIP"]
    assert both["ipFamilies"] == ["IPv4", "IPv6"]
    refused = dual.refused("patch", "service", "web", "-p", '{"spec": {"ipFamilies": ["IPv6", "IPv4"]}}')
    assert "spec.ipFamilies[0]: Invalid value" in refused
    assert "may not change once set" in refused
    dual("patch", "service", "web", "-p", '{"spec": {"ipFamilyPolicy": "SingleStack"}}')
    assert dual.json("get", "service", "web")["spec"]["clusterIPs"] == [before["clusterIP"]]


def test_the_cluster_s_own_service_has_the_main_family_only(dual: Kubectl) -> None:
    spec = dual.json("get", "service", "kubernetes")["spec"]
    assert (spec["clusterIPs"], spec["ipFamilies"]) == (["10.96.0.1"], ["IPv4"])


def test_hints_follow_the_traffic_distribution(dual: Kubectl) -> None:
    deploy(dual)
    dual("patch", "service", "shop", "-p", '{"spec": {"trafficDistribution": "PreferSameNode"}}')

    def hints() -> list[tuple[str, str, str]]:
        found = dual.json("get", "endpointslices", "-l", "kubernetes.io/service-name=shop")["items"]
        return sorted(
            (each["nodeName"], hints["forNodes"][0]["name"], hints["forZones"][0]["name"])
            for one in found
            for each in one["endpoints"]
            if "forNodes" in (hints := each.get("hints", {}))
        )

    expected = [("node-1", "node-1", "a")] * 2 + [("node-2", "node-2", "b")] * 2
    until(lambda: hints() == expected, seconds=60)
    text = dual("describe", "endpointslices", "-l", "kubernetes.io/service-name=shop").out
    assert {"Zone:       a", "Zone:       b"} <= {line.strip() for line in text.splitlines()}


def test_endpoints_made_by_hand_are_mirrored(dual: Kubectl) -> None:
    dual("apply", "-f", "-", stdin=BY_HAND)
    label = "endpointslice.kubernetes.io/managed-by=endpointslicemirroring-controller.k8s.io"

    def mirrored() -> list[tuple[str, str]]:
        rows = dual("get", "endpointslices", "-l", label).table
        return sorted((each["ADDRESSTYPE"], each["ENDPOINTS"]) for each in rows)

    until(lambda: mirrored() == [("IPv4", "192.0.2.5"), ("IPv6", "2001:db8::5")], seconds=60)


def test_a_cluster_of_ipv6_alone(alone: Kubectl) -> None:
    deploy(alone)
    assert alone.json("get", "service", "kubernetes")["spec"]["clusterIPs"] == ["fd00:10:96::1"]
    fields = described(alone, "service", "shop")
    assert (fields["IP Family Policy"], fields["IP Families"]) == ("PreferDualStack", "IPv6")
    assert within(fields["IP"], SERVICES6)
    (row,) = alone("get", "service", "shop").table
    assert row["EXTERNAL-IP"] == "2001:db8:113::1"
    for pod in alone("get", "pods", "-o", "wide").table:
        assert within(pod["IP"], PODS6)
    for node in alone("get", "nodes", "-o", "wide").table:
        assert within(node["INTERNAL-IP"], NODES6)
    (endpoints,) = alone("get", "endpoints", "shop").table
    assert all(each.startswith("[fd00:10:244:") for each in endpoints["ENDPOINTS"].split(" ")[0].split(","))
    strict = SHOP.split("---", maxsplit=1)[0].replace("PreferDualStack", "RequireDualStack").replace("shop", "x")
    refused = alone.refused("apply", "-f", "-", stdin=strict)
    assert "this cluster is not configured for dual-stack services" in refused
