"""`fauxkube up` with what real tools print: kubectl's dump of a cluster, a chart rendered by helm, a saved snapshot."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from support.helm import MAJORS, Helm
from support.kubectl import Kubectl
from support.process import fauxkube, fauxkube_up

KINDS = (
    "nodes,namespaces,pods,services,deployments,replicasets,daemonsets,controllerrevisions,endpoints,endpointslices,"
    "leases,serviceaccounts,configmaps,secrets"
)

APP = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "busybox:1"}]}
"""


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "app.yaml").write_text(APP)
    return folder


def settled(url: str) -> None:
    assert fauxkube("settle", "--server", url).returncode == 0


def contents(kubectl: Kubectl) -> dict[tuple[str, str, str], Any]:
    """Everything there is, without what heartbeats and a new store change."""
    found = {}
    for each in kubectl.json("get", KINDS, "-A")["items"]:
        metadata = each["metadata"]
        del metadata["resourceVersion"]
        if each["kind"] != "Lease":
            found[each["kind"], metadata.get("namespace", ""), metadata["name"]] = each
    return found


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_what_kubectl_dumps_is_the_same_cluster_again(manifests: Path, tmp_path: Path, output: str) -> None:
    with fauxkube_up("--nodes", "2", "--load", str(manifests), "--clock", "frozen") as source:
        kubectl = Kubectl(36, source.url, tmp_path)
        settled(source.url)
        before = contents(kubectl)
        assert len([key for key in before if key[:2] == ("Pod", "shop")]) == 5
        dump = tmp_path / f"dump.{output}"
        dump.write_text(kubectl("get", KINDS, "-A", "-o", output).out)
    with fauxkube_up("--load", str(dump), "--clock", "frozen") as loaded:
        settled(loaded.url)
        after = contents(Kubectl(36, loaded.url, tmp_path))
    assert after.keys() == before.keys()
    for key in before:
        if key[0] != "Node":
            assert after[key] == _without_nulls(before[key]), key


def _without_nulls(value: Any) -> Any:
    """As the decoding of a manifest leaves it: a null says nothing."""
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def test_a_snapshot_goes_from_one_server_to_another(manifests: Path, tmp_path: Path) -> None:
    file = tmp_path / "shop.snapshot"
    with fauxkube_up("--load", str(manifests), "--clock", "frozen") as source:
        before = contents(Kubectl(36, source.url, tmp_path))
        assert fauxkube("snapshot", "save", str(file), "--server", source.url).returncode == 0
    with fauxkube_up("--snapshot", str(file)) as loaded:
        assert contents(Kubectl(36, loaded.url, tmp_path)) == before
    with fauxkube_up("--nodes", "0") as other:
        assert fauxkube("snapshot", "load", str(file), "--server", other.url).returncode == 0
        assert contents(Kubectl(36, other.url, tmp_path)) == before


CHART = {
    "Chart.yaml": "{apiVersion: v2, name: shop, version: 0.1.0}",
    "templates/app.yaml": """\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {serviceAccountName: robot, containers: [{name: web, image: "nginx:1.27"}]}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: robot, namespace: {{ .Release.Namespace }}}
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: {{ .Release.Namespace }}}
        """,
    "templates/hooks.yaml": """\
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: first, namespace: {{ .Release.Namespace }}, annotations: {helm.sh/hook: pre-install}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: check, namespace: {{ .Release.Namespace }}, annotations: {helm.sh/hook: test}}
        spec: {containers: [{name: c, image: busybox}]}
        """,
}


@pytest.fixture
def chart(tmp_path: Path) -> str:
    for name, text in CHART.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return str(tmp_path / "shop")


@pytest.mark.parametrize("minor", MAJORS, ids=[f"helm-{major}" for major in MAJORS.values()])
def test_what_helm_renders_is_installed(minor: int, chart: str, tmp_path: Path) -> None:
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text(Helm(minor, "http://127.0.0.1:1", "store", tmp_path)("template", "web", chart).out)
    with fauxkube_up("--load", str(rendered)) as server:
        kubectl = Kubectl(36, server.url, tmp_path, namespace="store")
        settled(server.url)
        found = kubectl.json("get", "deployments,pods,configmaps,serviceaccounts")["items"]
        names = {
            (each["kind"], each["metadata"]["name"].rpartition("-")[0] or each["metadata"]["name"]) for each in found
        }
        assert {("Deployment", "web"), ("ConfigMap", "first"), ("ServiceAccount", "robot")} <= names
        assert sum(each["kind"] == "Pod" for each in found) == 2
        _, said = server.stop()
    assert "skipped HorizontalPodAutoscaler store/web (autoscaling/v2 is not served with that kind)" in said
    assert "skipped Pod store/check (a Helm hook: test)" in said


def test_a_mistake_ends_it_before_it_serves_and_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n[oops\n")
    ended = fauxkube("up", "--port", "0", "--load", str(tmp_path))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"{tmp_path}/a.yaml:" in ended.stderr
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nspec: {}\n")
    ended = fauxkube("up", "--port", "0", "--load", str(tmp_path))
    assert ended.returncode == 1
    assert f"{tmp_path}/a.yaml:1: ConfigMap a: " in ended.stderr
    assert 'unknown field "spec"' in ended.stderr


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("--nodes", "1"), "--nodes cannot be given with --snapshot"),
        (("--seed", "1"), "--seed cannot be given with --snapshot"),
        ((), "gone.snapshot: No such file"),
    ],
)
def test_a_snapshot_that_is_not_there_or_is_contradicted_is_refused(
    tmp_path: Path, args: tuple[str, ...], problem: str
) -> None:
    ended = fauxkube("up", "--port", "0", "--snapshot", str(tmp_path / "gone.snapshot"), *args)
    assert ended.returncode in (1, 2)
    assert problem in ended.stderr
