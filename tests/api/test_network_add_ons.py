"""Clusters without a network on which manifests of add-ons' shapes are loaded: nodes turn ready, pods get addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.api import answered, made, pools
from support.clusters import OURS, cluster_of

MANIFESTS = Path(__file__).parent.parent / "data" / "add_ons"
NODES = "/api/v1/nodes"
PODS = "/api/v1/namespaces/default/pods"
ANY_TAINT = [{"operator": "Exists"}]
DAEMON_SETS = {
    "flannel": "/apis/apps/v1/namespaces/kube-flannel/daemonsets/kube-flannel-ds",
    "calico": "/apis/apps/v1/namespaces/kube-system/daemonsets/calico-node",
    "cilium": "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium",
    "weave": "/apis/apps/v1/namespaces/kube-system/daemonsets/weave-net",
}
BLOCKS_OF_FOUR = '{name: CALICO_IPV4POOL_BLOCK_SIZE, value: "30"}'
POOLS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ippools.crd.projectcalico.org}
spec:
  group: crd.projectcalico.org
  scope: Cluster
  names: {kind: IPPool, listKind: IPPoolList, plural: ippools, singular: ippool}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
IP_POOLS = "/apis/crd.projectcalico.org/v1/ippools"
NOBODYS = {"metadata": {"annotations": {"fauxkube.io/kubelet": "none"}}}
FLANNELS = "/api/v1/namespaces/kube-flannel/pods"
CONFIG = "/api/v1/namespaces/kube-flannel/configmaps/kube-flannel-cfg"


@pytest.fixture
def bare(shared_server: str) -> Iterator[httpx.Client]:
    """A cluster whose three nodes have no network."""
    with cluster_of(shared_server, network="none", clock_rate=0) as http:
        yield http


def manifest(name: str, **replaced: str) -> str:
    text = (MANIFESTS / f"{name}.yaml").read_text()
    for before, after in replaced.items():
        text = text.replace(before.replace("__", "."), after)
    return text


def load(http: httpx.Client, text: str) -> None:
    answered(http.post(f"{OURS}/load", content=text))
    settle(http)


def settle(http: httpx.Client) -> None:
    answered(http.post(f"{OURS}/settle"))


def advance(http: httpx.Client, seconds: float) -> None:
    answered(http.post(f"{OURS}/clock/advance", json={"seconds": seconds}))


def run(http: httpx.Client, name: str, node: str = "node-1", **spec: Any) -> None:
    container = {"name": "main", "image": "nginx"}
    given = {"nodeName": node, "containers": [container], "tolerations": ANY_TAINT, **spec}
    made(http, PODS, {"metadata": {"name": name}, "spec": given})
    settle(http)


def address(http: httpx.Client, name: str) -> str:
    return str(answered(http.get(f"{PODS}/{name}"))["status"].get("podIP", ""))


def ready(http: httpx.Client) -> dict[str, str]:
    return {
        node["metadata"]["name"]: next(
            each["status"] for each in node["status"]["conditions"] if each["type"] == "Ready"
        )
        for node in answered(http.get(NODES))["items"]
    }


def told(http: httpx.Client, name: str, reason: str) -> list[str]:
    asked = {"fieldSelector": f"involvedObject.name={name},reason={reason}"}
    return [each["message"] for each in answered(http.get("/api/v1/events", params=asked))["items"]]


def pods_addresses(http: httpx.Client) -> dict[str, str]:
    """What pods hold out of any pool of a node, and which."""
    return {
        value: owner for name, held in pools(http).items() if name.startswith("pods/") for value, owner in held.items()
    }


def check(http: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = answered(http.get(f"{OURS}/network/check"))
    return found


@pytest.mark.parametrize(
    ("name", "range", "length"),
    [
        ("flannel", "10.244.0.0/16", 24),
        ("calico", "192.168.0.0/16", 26),
        ("cilium", "10.0.0.0/8", 24),
        ("weave", "10.32.0.0/12", 24),
    ],
)
def test_an_add_on_turns_its_nodes_ready_and_gives_addresses_out_of_its_range(
    bare: httpx.Client, name: str, range: str, length: int
) -> None:
    run(bare, "early")
    assert set(ready(bare).values()) == {"False"}
    assert address(bare, "early") == ""
    load(bare, manifest(name))
    assert set(ready(bare).values()) == {"True"}
    for number in (1, 2, 3):
        run(bare, f"pod-{number}", f"node-{number}")
    addresses = [ipaddress.ip_address(address(bare, f"pod-{number}")) for number in (1, 2, 3)]
    assert all(each in ipaddress.ip_network(range) for each in addresses)
    assert len({ipaddress.ip_network(f"{each}/{length}", strict=False) for each in addresses}) == 3
    assert ipaddress.ip_address(address(bare, "early")) in ipaddress.ip_network(range)
    failing = [each for each in check(bare)["requirements"] if not each["holds"]]
    overlap = {"source": "services", "target": "cilium", "reason": "10.96.0.0/12 and 10.0.0.0/8 overlap"}
    assert [each["failures"] for each in failing] == ([[overlap]] if name == "cilium" else [])
    node = answered(bare.get(f"{NODES}/node-1"))
    assert not node["spec"].get("taints")
    up = next(each for each in node["status"]["conditions"] if each["type"] == "NetworkUnavailable")
    assert (up["status"], up["reason"]) == ("False", f"{name.title()}IsUp")


@pytest.mark.parametrize("name", ["flannel", "calico"])
def test_a_node_is_ready_once_the_init_container_is_done_and_pods_wait_for_the_agent(
    bare: httpx.Client, name: str
) -> None:
    text = manifest(name).replace("    metadata: {labels: {", "    metadata: {annotations: {A}, labels: {", 1)
    agent = {"flannel": "kube-flannel", "calico": "calico-node"}[name]
    text = text.replace("{A}", '{fauxkube.io/exit-code.AGENT: "1"}'.replace("AGENT", agent))
    run(bare, "web")
    load(bare, text)
    assert set(ready(bare).values()) == {"True"}
    assert address(bare, "web") == ""
    (message,) = told(bare, "web", "FailedCreatePodSandBox")
    assert f'plugin type="{name}" failed (add): ' in message
    assert "no such file or directory" in message


def test_a_node_is_not_ready_before_the_init_container_is_done(bare: httpx.Client) -> None:
    text = manifest("flannel").replace("    metadata: {labels: {", "    metadata: {annotations: {A}, labels: {", 1)
    load(bare, text.replace("{A}", '{fauxkube.io/run-seconds.install-cni: "20"}'))
    assert set(ready(bare).values()) == {"False"}
    advance(bare, 21)
    assert set(ready(bare).values()) == {"True"}


def test_an_agent_whose_range_does_not_hold_the_nodes_blocks_crashes_until_it_is_told_better(
    bare: httpx.Client,
) -> None:
    run(bare, "web")
    load(bare, manifest("flannel", **{"10__244__0__0/16": "10.99.0.0/16"}))
    assert address(bare, "web") == ""
    pods = answered(bare.get(FLANNELS))["items"]
    states = [each["status"]["containerStatuses"][0] for each in pods]
    assert {each["state"]["waiting"]["reason"] for each in states} == {"CrashLoopBackOff"}
    assert {each["lastState"]["terminated"]["exitCode"] for each in states} == {1}
    log = bare.get(f"{FLANNELS}/{pods[0]['metadata']['name']}/log").text
    assert log.splitlines()[-1].startswith("Error registering network: failed to acquire lease: subnet")
    found = answered(bare.get(f"{OURS}/trace", params={"from": "pod/web", "to": "pod/web"}))
    likely = found["ways"][0]["hops"][-1]["likely"]
    assert any(
        'subnet "10.99.0.0/16" specified in the flannel net config doesn\'t contain "10.244.' in each for each in likely
    )
    assert any("net-conf.json of ConfigMap kube-flannel/kube-flannel-cfg says 10.99.0.0/16" in each for each in likely)
    assert not check(bare)["holds"]

    better = {"data": {"net-conf.json": '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}'}}
    answered(bare.patch(CONFIG, json=better, headers={"content-type": "application/merge-patch+json"}))
    advance(bare, 400)
    assert address(bare, "web").startswith("10.244.")
    assert check(bare)["holds"]


def test_what_an_add_on_has_done_stays_when_it_is_deleted(bare: httpx.Client) -> None:
    load(bare, manifest("flannel"))
    answered(bare.delete(DAEMON_SETS["flannel"]))
    advance(bare, 40)
    assert set(ready(bare).values()) == {"True"}
    run(bare, "later")
    assert address(bare, "later").startswith("10.244.")


def test_to_remove_the_annotation_is_to_delete_the_file(bare: httpx.Client) -> None:
    load(bare, manifest("flannel"))
    gone = {"metadata": {"annotations": {"fauxkube.io/cni.flannel": None}}}
    answered(bare.patch(f"{NODES}/node-1", json=gone, headers={"content-type": "application/merge-patch+json"}))
    settle(bare)
    assert ready(bare) == {"node-1": "False", "node-2": "True", "node-3": "True"}


def test_a_plugin_that_asks_its_agent_fails_once_that_is_gone(bare: httpx.Client) -> None:
    load(bare, manifest("cilium"))
    run(bare, "before")
    answered(bare.delete(DAEMON_SETS["cilium"]))
    advance(bare, 40)
    assert set(ready(bare).values()) == {"True"}
    run(bare, "later")
    assert (address(bare, "before") != "", address(bare, "later")) == (True, "")
    assert "Is the agent running?" in told(bare, "later", "FailedCreatePodSandBox")[0]


def test_a_node_that_joins_gets_the_network_with_the_add_ons_pod(bare: httpx.Client) -> None:
    load(bare, manifest("calico"))
    made(bare, NODES, {"metadata": {"name": "late"}})
    settle(bare)
    assert ready(bare)["late"] == "True"
    run(bare, "web", "late")
    assert address(bare, "web").startswith("192.168.")


def test_a_node_that_the_add_on_does_not_run_on_stays_without_and_is_named(bare: httpx.Client) -> None:
    label = {"metadata": {"labels": {"kubernetes.io/os": "none"}}}
    answered(bare.patch(f"{NODES}/node-3", json=label, headers={"content-type": "application/merge-patch+json"}))
    load(bare, manifest("flannel"))
    assert ready(bare) == {"node-1": "True", "node-2": "True", "node-3": "False"}
    run(bare, "web", "node-1")
    failed = {
        (failure["source"], failure["target"])
        for requirement in check(bare)["requirements"]
        for failure in requirement["failures"]
    }
    assert failed == {("node/node-3", "pod/default/web"), ("node/node-3", "pods")}


def test_a_full_block_is_followed_by_another_where_the_add_on_takes_several(bare: httpx.Client) -> None:
    load(bare, manifest("calico").replace("{name: DATASTORE_TYPE, value: kubernetes}", BLOCKS_OF_FOUR))
    for number in range(4):
        run(bare, f"pod-{number}")
    addresses = [address(bare, f"pod-{number}") for number in range(4)]
    assert all(addresses)
    assert len(set(addresses)) == 4
    assert check(bare)["holds"]


def test_blocks_of_an_add_on_are_claimed_by_their_nodes_and_given_back_with_them(bare: httpx.Client) -> None:
    load(bare, manifest("calico", **{"192__168__0__0/16": "192.168.0.0/24"}))
    made(bare, NODES, {"metadata": {"name": "fourth"}})
    made(bare, NODES, {"metadata": {"name": "fifth"}})
    settle(bare)
    run(bare, "web", "fifth")
    assert address(bare, "web") == ""
    answered(bare.delete(f"{NODES}/fourth"))
    advance(bare, 120)
    assert address(bare, "web").startswith("192.168.0.")


def test_an_add_on_on_lone_bridges_takes_over_for_new_pods(shared_server: str) -> None:
    with cluster_of(shared_server, network="bridge", clock_rate=0) as http:
        run(http, "old")
        load(http, manifest("flannel"))
        run(http, "new")
        assert address(http, "old") == "172.17.0.2"
        assert address(http, "new").startswith("10.244.")


def test_no_address_is_left_behind_when_the_blocks_change(shared_server: str) -> None:
    with cluster_of(shared_server, network="bridge", clock_rate=0) as http:
        run(http, "bridged")
        load(http, manifest("flannel"))
        run(http, "given")
        load(http, manifest("cilium"))
        run(http, "own")
        held = pods_addresses(http)
        assert set(held) == {address(http, name) for name in ("bridged", "given", "own")}
        assert {each.rsplit(".", 2)[0] for each in held} == {"172.17", "10.244", "10.0"}
        for name in ("bridged", "given", "own"):
            answered(http.delete(f"{PODS}/{name}", params={"gracePeriodSeconds": 0}))
        settle(http)
        assert not pods_addresses(http)


def test_an_add_on_in_a_routed_cluster_changes_nothing(shared_server: str) -> None:
    with cluster_of(shared_server, clock_rate=0) as http:
        load(http, manifest("calico"))
        run(http, "web")
        assert address(http, "web").startswith("10.244.")
        annotations = answered(http.get(f"{NODES}/node-1"))["metadata"].get("annotations") or {}
        assert not any(name.startswith("fauxkube.io/cni") for name in annotations)


def test_an_add_on_that_nobody_knows_uses_the_clusters_blocks(bare: httpx.Client) -> None:
    load(bare, manifest("flannel").replace("flannel", "mesh"))
    run(bare, "web")
    assert address(bare, "web").startswith("10.244.")
    annotations = answered(bare.get(f"{NODES}/node-1"))["metadata"]["annotations"]
    assert "fauxkube.io/cni.kube-mesh-ds" in annotations


def test_what_only_reads_the_directory_is_no_add_on(bare: httpx.Client) -> None:
    text = manifest("flannel").replace("flannel", "reader")
    load(bare, text.replace("mountPath: /etc/cni/net.d}", "mountPath: /etc/cni/net.d, readOnly: true}"))
    assert set(ready(bare).values()) == {"False"}


@pytest.mark.parametrize("name", ["flannel", "calico", "cilium", "weave", "mesh"])
def test_an_add_on_is_installed_in_a_word(bare: httpx.Client, name: str) -> None:
    created = answered(bare.post(f"{OURS}/network/install", json={"name": name}))["created"]
    assert len(created) == 6
    settle(bare)
    assert set(ready(bare).values()) == {"True"}
    for number in (1, 2, 3):
        run(bare, f"pod-{number}", f"node-{number}")
    assert all(address(bare, f"pod-{number}").startswith("10.244.") for number in (1, 2, 3))
    assert check(bare)["holds"]
    again = answered(bare.post(f"{OURS}/network/install", json={"name": name}))
    assert not again["created"]


def test_an_add_on_is_installed_with_a_range_of_its_own(bare: httpx.Client) -> None:
    answered(bare.post(f"{OURS}/network/install", json={"name": "calico", "cidr": "192.168.0.0/16"}))
    run(bare, "web")
    assert address(bare, "web").startswith("192.168.")


@pytest.mark.parametrize(
    ("asked", "problem"),
    [({"name": "A b"}, "name: Invalid value"), ({"cidr": "10.0.0.0/99"}, "cidr: Invalid value")],
)
def test_an_add_on_that_cannot_be_is_refused(bare: httpx.Client, asked: dict[str, str], problem: str) -> None:
    assert problem in answered(bare.post(f"{OURS}/network/install", json=asked), 422)["message"]


def test_an_address_pool_says_more_than_the_agents_environment(bare: httpx.Client) -> None:
    load(bare, POOLS)
    made(bare, IP_POOLS, {"metadata": {"name": "default"}, "spec": {"cidr": "10.77.0.0/16", "blockSize": 26}})
    load(bare, manifest("calico"))
    run(bare, "web")
    assert address(bare, "web").startswith("10.77.")


def test_no_add_on_is_installed_where_the_network_is_routed(shared_http: httpx.Client) -> None:
    message = answered(shared_http.post(f"{OURS}/network/install"), 409)["message"]
    assert "the network of this cluster is routed from the start; begin one with --network none" in message


def test_blocks_out_of_the_clusters_range_are_each_nodes_own_all_the_same(bare: httpx.Client) -> None:
    """Cilium's blocks out of 10.244.0.0/16 are those that other nodes have in `spec.podCIDR`."""
    answered(bare.patch(f"{NODES}/node-1", json=NOBODYS, headers={"content-type": "application/merge-patch+json"}))
    answered(bare.post(f"{OURS}/network/install", json={"name": "cilium"}))
    for name in ("node-2", "node-3"):
        run(bare, name, name)
    blocks = {ipaddress.ip_network(f"{address(bare, name)}/24", strict=False) for name in ("node-2", "node-3")}
    assert len(blocks) == 2


def test_a_fork_goes_on_with_the_add_on(shared_server: str, bare: httpx.Client) -> None:
    load(bare, manifest("calico"))
    run(bare, "web")
    name = str(bare.base_url).rstrip("/").rpartition("/")[2]
    with httpx.Client(base_url=shared_server, timeout=30) as host:
        forked = answered(host.post(f"{OURS}/clusters", json={"name": f"{name}-fork", "source": name}), 201)
        with httpx.Client(base_url=forked["url"], timeout=30) as fork:
            run(fork, "more")
            assert address(fork, "more") not in {"", address(fork, "web")}
            assert check(fork)["holds"]
        host.delete(f"{OURS}/clusters/{forked['name']}")
