"""A cluster that refuses clients' mistakes (`--strict=fail`) takes what the official clients do by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kubernetes import client, watch

from fauxkube.cluster.settings import Settings
from support.helm import Helm
from support.kubectl import Kubectl
from support.manifests import WEB
from support.python_client import config_map, deployment, is_running, pod, service
from support.thread import Served, served
from support.waiting import until


@pytest.fixture
def strict() -> Iterator[Served]:
    """A cluster of the test's own that refuses mistakes."""
    with served(Settings(strict="fail")) as server:
        yield server


def problems(server: Served) -> list[str]:
    """What was refused."""
    return [
        f"{each['rule']}: {each['problem']}" for each in server.cluster.requests.findings() if each["mode"] == "fail"
    ]


@pytest.mark.parametrize("minor", [32, 36])
def test_kubectl_passes(strict: Served, minor: int, tmp_path: Path) -> None:
    kubectl = Kubectl(minor, strict.url, tmp_path)
    manifest = tmp_path / "web.yaml"
    manifest.write_text(WEB)
    for command in (
        f"create -f {manifest} --save-config",
        f"apply -f {manifest}",
        "rollout status deployment/web",
        "wait --for=condition=Available deployment/web --timeout=30s",
        "scale deployment/web --replicas=3",
        "scale deployment/web --replicas=1 --current-replicas=3",
        "set image deployment/web web=nginx:2",
        "label deployment/web tier=front",
        "get all -o wide",
        "get pods --all-namespaces",
        "describe deployment/web",
        "describe service/web",
        "expose deployment/web --port=80 --name=other",
        "rollout restart deployment/web",
        f"replace -f {manifest}",
        "run one --image=nginx",
        'patch service/other --type=json --patch [{"op":"replace","path":"/spec/ports/0/port","value":81}]',
        f"delete -f {manifest} --wait",
        "delete pod/one --wait --grace-period=1",
    ):
        kubectl(*command.split())
    with kubectl.following("get", "services", "--watch") as watching:
        watching.until(lambda line: line.startswith("kubernetes "))
    assert strict.cluster.requests.findings() == []


def test_kubectl_is_told_of_unknown_fields_that_it_was_to_ignore(strict: Served, tmp_path: Path) -> None:
    kubectl = Kubectl(36, strict.url, tmp_path)
    typo = WEB.replace("replicas:", "replica:")
    assert 'unknown field "spec.replica"' in kubectl.refused("create", "--validate=ignore", "-f", "-", stdin=typo)
    assert problems(strict) == ['unknown-field: unknown field "spec.replica"']


@pytest.mark.parametrize("minor", [32, 36])
def test_helm_passes(strict: Served, minor: int, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 0.1.0\n")
    (chart / "values.yaml").write_text("replicas: 2\n")
    (chart / "templates" / "web.yaml").write_text(WEB.replace("replicas: 2", "replicas: {{ .Values.replicas }}"))
    helm = Helm(minor, strict.url, "default", tmp_path)
    helm("install", "shop", str(chart), "--wait", *helm.client_side)
    helm("upgrade", "shop", str(chart), "--set", "replicas=3", "--wait", *helm.client_side)
    helm("rollback", "shop", "1", "--wait", *helm.client_side)
    helm("list")
    helm("uninstall", "shop", "--wait")
    assert strict.cluster.requests.findings() == []


def test_the_python_client_passes(strict: Served) -> None:
    with client.ApiClient(client.Configuration(host=strict.url)) as api:
        core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
        core.create_namespaced_pod("default", pod("one"))
        until(lambda: is_running(core, "default", "one"))
        made = core.create_namespaced_config_map("default", config_map("settings", a="1"))
        made.data = {"a": "2"}
        core.replace_namespaced_config_map("settings", "default", made)
        core.patch_namespaced_config_map("settings", "default", {"data": {"b": "3"}})
        core.create_namespaced_service("default", service("web"))
        apps.create_namespaced_deployment("default", deployment("web"))
        until(lambda: apps.read_namespaced_deployment("web", "default").status.ready_replicas == 2)
        until(lambda: _scaled(apps, 1))
        apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 2}})
        core.list_pod_for_all_namespaces(label_selector="app=web")
        for event in watch.Watch().stream(core.list_namespaced_pod, "default", timeout_seconds=5):
            if event["object"].metadata.name == "one":
                break
        core.delete_namespaced_pod("one", "default")
        apps.delete_namespaced_deployment("web", "default", propagation_policy="Foreground")
    assert problems(strict) == []


def _scaled(apps: client.AppsV1Api, replicas: int) -> bool:
    """Read, change, replace; False when somebody else was faster."""
    current = apps.read_namespaced_deployment("web", "default")
    current.spec.replicas = replicas
    try:
        apps.replace_namespaced_deployment("web", "default", current)
    except client.ApiException as error:
        if error.status == 409:
            return False
        raise
    return True


def test_a_bare_http_library_is_warned_of_being_nobody(strict: Served) -> None:
    answer = httpx.get(f"{strict.url}/api/v1/namespaces/default")
    assert "strict rule unnamed-client: the client calls itself python-httpx/" in answer.headers["warning"]
    assert problems(strict) == []
