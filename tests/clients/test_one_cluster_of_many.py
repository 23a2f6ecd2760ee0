"""Real clients on a cluster that is not at the server's root: they keep to the path that their server URL has."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kubernetes import client, config, watch

from support.api import answered
from support.clusters import OURS, cluster_of
from support.helm import Helm
from support.kubectl import Kubectl
from support.manifests import WEB
from support.python_client import config_map, pod


@pytest.fixture
def cluster(shared_server: str) -> Iterator[httpx.Client]:
    """A client on a cluster of the test's own."""
    with cluster_of(shared_server) as http:
        yield http


@pytest.fixture
def url(cluster: httpx.Client) -> str:
    return str(cluster.base_url).rstrip("/")


@pytest.fixture(params=[32, 36], ids=["kubectl-1.32", "kubectl-1.36"])
def kubectl(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Kubectl:
    """Each version of kubectl in turn, on that cluster."""
    return Kubectl(request.param, url, tmp_path)


def test_kubectl_does_everything_below_the_path(kubectl: Kubectl, shared_server: str, tmp_path: Path) -> None:
    assert kubectl("apply", "-f", "-", stdin=WEB).out == "deployment.apps/web created\nservice/web created\n"
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "--timeout=20s").out
    assert kubectl("apply", "-f", "-", stdin=WEB).out == "deployment.apps/web unchanged\nservice/web unchanged\n"
    assert [row["STATUS"] for row in kubectl("get", "pods", "-o", "wide").table] == ["Running", "Running"]
    assert "deployments" in kubectl("api-resources", "--api-group=apps").out
    assert "replicas <integer>" in kubectl("explain", "deployment.spec.replicas").out
    kubectl("scale", "deployment/web", "--replicas=3")
    kubectl("wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=3", "--timeout=20s")
    assert len(kubectl.json("get", "endpoints", "web")["subsets"][0]["addresses"]) == 3
    assert "is running at" in kubectl("cluster-info").out
    elsewhere = Kubectl(kubectl.minor, shared_server, tmp_path / "elsewhere")
    assert elsewhere.refused("get", "deployment", "web").endswith('deployments.apps "web" not found')
    kubectl("delete", "-f", "-", "--wait", stdin=WEB)


def test_kubectl_follows_a_watch_and_edits_what_it_finds(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "settings", "--from-literal=colour=red")
    with kubectl.following("get", "configmap", "settings", "--watch", "-o", "jsonpath={.data.colour}{'\\n'}") as follow:
        assert follow.line() == "red"
        editing = kubectl.editing("editor", "sed -i s/red/blue/ $1")
        assert "configmap/settings edited" in editing("edit", "configmap", "settings").out
        assert follow.line() == "blue"


def test_kubectl_acts_as_the_user_of_its_kubeconfig(kubectl: Kubectl, cluster: httpx.Client, tmp_path: Path) -> None:
    cluster.post(f"{OURS}/users", json={"name": "jane"})
    path = tmp_path / "config"
    path.write_text(cluster.get(f"{OURS}/kubeconfig", params={"user": "jane"}).text)
    command = [str(kubectl.path), "--kubeconfig", str(path), "create", "configmap", "hers"]
    subprocess.run(command, check=True, capture_output=True, timeout=60, env=kubectl.environment)
    kubectl("create", "configmap", "his", "--as", "bob")
    requests = cluster.get(f"{OURS}/requests", params={"verb": "create", "resource": "configmaps"}).json()
    assert [(each["user"], each["name"]) for each in requests] == [("jane", "hers"), ("bob", "his")]


@pytest.mark.parametrize("minor", [32, 36], ids=["helm-3", "helm-4"])
def test_helm_installs_and_uninstalls(minor: int, url: str, cluster: httpx.Client, tmp_path: Path) -> None:
    chart = tmp_path / "shop"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 0.1.0\n")
    (chart / "templates" / "all.yaml").write_text(textwrap.dedent(WEB))
    helm = Helm(minor, url, "default", tmp_path)
    helm("install", "shop", str(chart), "--wait", "--timeout", "20s", *helm.client_side)
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    assert answered(cluster.get(f"{deployments}/web"))["status"]["readyReplicas"] == 2
    assert [each["name"] for each in helm.json("list")] == ["shop"]
    helm("uninstall", "shop", "--wait", "--timeout", "20s")
    assert answered(cluster.get(deployments))["items"] == []


def test_the_python_client_lists_writes_and_watches(cluster: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(cluster.get(f"{OURS}/kubeconfig").text)
    with config.new_client_from_config(str(path)) as api:
        core = client.CoreV1Api(api)
        assert [node.metadata.name for node in core.list_node().items] == ["node-1", "node-2", "node-3"]
        since = core.list_namespaced_pod("default").metadata.resource_version
        core.create_namespaced_pod("default", pod("web"))
        core.create_namespaced_config_map("default", config_map("settings"))
        stream = watch.Watch().stream(core.list_namespaced_pod, "default", resource_version=since, timeout_seconds=20)
        phases = []
        for event in stream:
            phases.append(event["object"].status.phase)
            if phases[-1] == "Running":
                break
        assert (phases[0], phases[-1]) == ("Pending", "Running")
