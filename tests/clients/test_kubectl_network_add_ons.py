"""A cluster without a network, walked to ready by real kubectl and by our command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from fauxkube.cli import app
from support.clusters import OURS, cluster_of
from support.kubectl import Kubectl

MANIFESTS = Path(__file__).parent.parent / "data" / "add_ons"


@pytest.fixture(params=["none", "bridge"])
def cluster(request: pytest.FixtureRequest, shared_server: str) -> Iterator[httpx.Client]:
    """A cluster of its own for the test."""
    with cluster_of(shared_server, network=request.param, nodes=2) as http:
        yield http


@pytest.fixture
def bare(shared_server: str) -> Iterator[httpx.Client]:
    """A cluster without a network."""
    with cluster_of(shared_server, network="none", nodes=2) as http:
        yield http


def kubectl_on(http: httpx.Client, tmp_path: Path) -> Kubectl:
    return Kubectl(36, str(http.base_url).rstrip("/"), tmp_path)


def settle(http: httpx.Client) -> None:
    http.post(f"{OURS}/settle").raise_for_status()


@pytest.mark.parametrize("name", ["flannel", "calico", "cilium", "weave"])
def test_kubectl_walks_a_cluster_to_ready_by_an_add_ons_manifest(bare: httpx.Client, tmp_path: Path, name: str) -> None:
    kubectl = kubectl_on(bare, tmp_path)
    assert kubectl("get", "nodes", "--no-headers").out.count("NotReady") == 2
    described = kubectl("describe", "node", "node-1").out
    assert "KubeletNotReady" in described
    assert "cni plugin not initialized" in described
    kubectl("run", "web", "--image=nginx")
    assert "Pending" in kubectl("get", "pod", "web").out
    kubectl.within("")("apply", "-f", str(MANIFESTS / f"{name}.yaml"))
    kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=60s")
    kubectl("wait", "pod", "web", "--for=condition=Ready", "--timeout=60s")


def test_our_command_installs_an_add_on_and_the_check_proves_the_network(bare: httpx.Client, tmp_path: Path) -> None:
    url = str(bare.base_url)
    refuted = CliRunner().invoke(app, ["network", "check", "--server", url])
    assert refuted.exit_code == 1
    assert "FAIL  every node has a network that gives its pods their addresses" in refuted.output
    made = CliRunner().invoke(app, ["network", "install", "flannel", "--server", url])
    assert made.exit_code == 0, made.output
    assert "daemonset" in made.output.lower()
    settle(bare)
    kubectl = kubectl_on(bare, tmp_path)
    kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=60s")
    kubectl("rollout", "status", "daemonset/flannel", "-n", "kube-flannel", "--timeout=60s")
    proved = CliRunner().invoke(app, ["network", "check", "--server", url, "-o", "json"])
    assert proved.exit_code == 0
    assert json.loads(proved.output)["holds"]


def test_a_pod_of_the_nodes_network_runs_whatever_the_network(cluster: httpx.Client, tmp_path: Path) -> None:
    kubectl = kubectl_on(cluster, tmp_path)
    spec = {"spec": {"hostNetwork": True, "nodeName": "node-2", "tolerations": [{"operator": "Exists"}]}}
    kubectl("run", "agent", "--image=nginx", f"--overrides={json.dumps(spec)}")
    kubectl("wait", "pod", "agent", "--for=condition=Ready", "--timeout=60s")
    address = kubectl("get", "pod", "agent", "-o", "jsonpath={.status.podIP} {.status.hostIP}").out.split()
    assert address[0] == address[1]
