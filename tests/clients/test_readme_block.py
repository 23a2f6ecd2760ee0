"""The first things a new user types, with real kubectl: what a real cluster would print is what is printed here."""

from __future__ import annotations

import ipaddress
import textwrap
from collections.abc import Callable

import pytest

from support.kubectl import Kubectl
from support.waiting import until

SERVICE = textwrap.dedent(
    """\
    apiVersion: v1
    kind: Service
    metadata:
        name: myapp-service
    spec:
        type: NodePort
        ports:
         - targetPort: 80
           port: 80
           nodePort: 30008
        selector:
            app: myapp
    """
)
NAMES = ("web-1", "web-2", "web-3")


@pytest.fixture
def addresses(kubectl: Kubectl) -> Callable[[], dict[str, str]]:
    """Makes the service and its three pods; answers the running pods' addresses by name."""
    assert kubectl("apply", "-f", "-", stdin=SERVICE).out == "service/myapp-service created\n"
    for name in NAMES:
        kubectl("run", name, "--image=nginx", "--labels=app=myapp", "--port=80")
    kubectl("wait", "--for=condition=Ready", "pod", "-l", "app=myapp", "--timeout=10s")

    def running() -> dict[str, str]:
        return {
            pod["metadata"]["name"]: pod["status"]["podIP"]
            for pod in kubectl.json("get", "pods")["items"]
            if pod["status"]["phase"] == "Running"
        }

    return running


def test_nodes_are_ready_and_have_addresses_and_blocks(kubectl: Kubectl) -> None:
    rows = kubectl("get", "nodes", "-o", "wide").table
    assert [row["NAME"] for row in rows] == ["node-1", "node-2", "node-3"]
    assert {row["STATUS"] for row in rows} == {"Ready"}
    assert all(ipaddress.ip_address(row["INTERNAL-IP"]) for row in rows)
    blocks = [node["spec"]["podCIDR"] for node in kubectl.json("get", "nodes")["items"]]
    assert blocks == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]


def test_pods_run_at_addresses_out_of_their_nodes_blocks(
    kubectl: Kubectl, addresses: Callable[[], dict[str, str]]
) -> None:
    blocks = {node["metadata"]["name"]: node["spec"]["podCIDR"] for node in kubectl.json("get", "nodes")["items"]}
    rows = kubectl("get", "pods", "-o", "wide").table
    assert [row["NAME"] for row in rows] == list(NAMES)
    for row in rows:
        assert (row["READY"], row["STATUS"], row["RESTARTS"]) == ("1/1", "Running", "0")
        assert ipaddress.ip_address(row["IP"]) in ipaddress.ip_network(blocks[row["NODE"]])
    assert len(set(addresses().values())) == 3


def test_endpoints_follow_a_pod_that_goes_and_comes_back(
    kubectl: Kubectl, addresses: Callable[[], dict[str, str]]
) -> None:
    def backends() -> set[str]:
        subsets = kubectl.json("get", "endpoints", "myapp-service").get("subsets") or []
        return {address["ip"] for subset in subsets for address in subset.get("addresses") or []}

    def sliced() -> set[str]:
        slices = kubectl.json("get", "endpointslices", "-l", "kubernetes.io/service-name=myapp-service")["items"]
        return {address for each in slices for endpoint in each["endpoints"] or [] for address in endpoint["addresses"]}

    before = addresses()
    until(lambda: backends() == sliced() == set(before.values()))
    kubectl("delete", "pod", "web-2")
    until(lambda: backends() == sliced() == {before["web-1"], before["web-3"]})
    kubectl("run", "web-2", "--image=nginx", "--labels=app=myapp", "--port=80")
    kubectl("wait", "--for=condition=Ready", "pod/web-2", "--timeout=10s")
    after = addresses()
    assert after["web-2"] not in before.values()
    until(lambda: backends() == sliced() == set(after.values()))


def test_services_print_their_ports_and_selector(kubectl: Kubectl, addresses: Callable[[], dict[str, str]]) -> None:
    rows = {row["NAME"]: row for row in kubectl("get", "svc", "-o", "wide").table}
    assert rows["kubernetes"]["CLUSTER-IP"] == "10.96.0.1"
    service = rows["myapp-service"]
    assert (service["TYPE"], service["PORT(S)"], service["SELECTOR"]) == ("NodePort", "80:30008/TCP", "app=myapp")
    assert ipaddress.ip_address(service["CLUSTER-IP"]) in ipaddress.ip_network("10.96.0.0/12")


def test_several_kinds_print_one_table_after_the_other(
    kubectl: Kubectl, addresses: Callable[[], dict[str, str]]
) -> None:
    printed = kubectl("get", "endpoints,endpointslices,svc", "-o", "wide").out
    assert "endpoints/myapp-service" in printed
    assert "endpointslice.discovery.k8s.io/myapp-service-" in printed
    assert "service/myapp-service" in printed


def test_a_deployment_is_exposed_scaled_and_rolled_out(kubectl: Kubectl) -> None:
    assert kubectl("create", "deployment", "shop", "--image=nginx", "--replicas=3").out == (
        "deployment.apps/shop created\n"
    )
    assert kubectl("expose", "deployment", "shop", "--port=80").out == "service/shop exposed\n"
    assert kubectl("scale", "deployment", "shop", "--replicas=5").out == "deployment.apps/shop scaled\n"
    status = kubectl("rollout", "status", "deployment", "shop", "--timeout=20s").out
    assert status.endswith('deployment "shop" successfully rolled out\n')
    assert kubectl("get", "deployment", "shop").table[0]["READY"] == "5/5"
    until(
        lambda: (
            [len(subset["addresses"]) for subset in kubectl.json("get", "endpoints", "shop").get("subsets") or []]
            == [5]
        )
    )
