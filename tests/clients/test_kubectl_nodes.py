"""Real kubectl on nodes: cordon, drain, taint, nodes that users make, and pods that no node takes."""

from __future__ import annotations

import json

import pytest

from support.kubectl import Kubectl
from support.waiting import until


@pytest.fixture
def shop(kubectl: Kubectl) -> Kubectl:
    """A cluster of the test's own, with a deployment that runs on all its nodes."""
    kubectl("create", "deployment", "shop", "--image=nginx", "--replicas=6")
    kubectl("rollout", "status", "deployment/shop", "--timeout=20s")
    return kubectl


def nodes_of_pods(kubectl: Kubectl) -> set[str]:
    return {pod["spec"].get("nodeName", "") for pod in kubectl.json("get", "pods", "-l", "app=shop")["items"]}


def test_a_node_is_drained_by_evictions_and_taken_back(shop: Kubectl) -> None:
    assert shop("cordon", "node-1").out == "node/node-1 cordoned\n"
    assert shop("cordon", "node-1").out == "node/node-1 already cordoned\n"
    assert shop("get", "node", "node-1").table[0]["STATUS"] == "Ready,SchedulingDisabled"
    dry = shop("drain", "node-1", "--dry-run=server").out
    assert "(server dry run)" in dry
    assert "node-1" in nodes_of_pods(shop)
    printed = shop("drain", "node-1").out
    assert printed.count("evicting pod default/shop-") == printed.count(" evicted\n") == 2
    assert printed.endswith("node/node-1 drained\n")
    shop("rollout", "status", "deployment/shop", "--timeout=20s")
    until(lambda: nodes_of_pods(shop) == {"node-2", "node-3"})
    assert shop("uncordon", "node-1").out == "node/node-1 uncordoned\n"
    assert shop("get", "node", "node-1").table[0]["STATUS"] == "Ready"


def test_draining_asks_before_it_deletes_what_nothing_brings_back(kubectl: Kubectl) -> None:
    kubectl("run", "lone", "--image=nginx", '--overrides={"spec":{"nodeName":"node-1"}}')
    said = kubectl.refused("drain", "node-1")
    assert "cannot delete Pods that declare no controller (use --force to override): default/lone" in said
    assert "pod/lone evicted" in kubectl("drain", "node-1", "--force").out


def test_a_taint_keeps_pods_off_or_drives_them_away(shop: Kubectl) -> None:
    assert shop("taint", "node", "node-2", "kept=off:NoExecute").out == "node/node-2 tainted\n"
    until(lambda: nodes_of_pods(shop) == {"node-1", "node-3"})
    assert shop.refused("taint", "node", "node-2", "kept=off:NoExecute") == (
        "error: node node-2 already has kept taint(s) with same effect(s) and --overwrite is false"
    )
    assert shop("taint", "node", "node-2", "kept-").out == "node/node-2 untainted\n"


def test_a_node_that_a_user_makes_becomes_ready_with_a_block(kubectl: Kubectl) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "extra", "labels": {"disk": "ssd"}}}
    assert kubectl("create", "-f", "-", stdin=json.dumps(node)).out == "node/extra created\n"
    kubectl("wait", "--for=condition=Ready", "node/extra", "--timeout=10s")
    assert kubectl.json("get", "node", "extra")["spec"]["podCIDR"] == "10.244.3.0/24"
    kubectl("run", "picky", "--image=nginx", '--overrides={"spec":{"nodeSelector":{"disk":"ssd"}}}')
    kubectl("wait", "--for=condition=Ready", "pod/picky", "--timeout=10s")
    assert kubectl.json("get", "pod", "picky")["spec"]["nodeName"] == "extra"
    assert kubectl("delete", "node", "extra").out == 'node "extra" deleted\n'
    assert len(kubectl("get", "nodes").table) == 3


TOO_LARGE = '{"spec":{"containers":[{"name":"web","image":"nginx","resources":{"requests":{"cpu":"100"}}}]}}'
NOWHERE = '{"spec":{"nodeSelector":{"disk":"tape"}}}'


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [(TOO_LARGE, "3 Insufficient cpu."), (NOWHERE, "3 node(s) didn't match Pod's node affinity/selector.")],
)
def test_a_pod_that_no_node_takes_says_why(kubectl: Kubectl, overrides: str, reason: str) -> None:
    kubectl("run", "web", "--image=nginx", f"--overrides={overrides}")
    until(lambda: "FailedScheduling" in kubectl("describe", "pod", "web").out)
    described = kubectl("describe", "pod", "web").out
    assert f"0/3 nodes are available: {reason} no new claims to deallocate, preemption: 0/3 nodes" in described
    (row,) = kubectl("get", "pods", "-o", "wide").table
    assert (row["STATUS"], row["IP"], row["NODE"]) == ("Pending", "<none>", "<none>")
