"""Real helm, 3 and 4: a chart is installed, waited for, upgraded, rolled back and uninstalled."""

from __future__ import annotations

import base64
import textwrap
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from support.custom_resources import shop, shops
from support.helm import MAJORS, Helm

CHART = {
    "Chart.yaml": """\
        apiVersion: v2
        name: shop
        version: 0.1.0
        appVersion: "1.0"
        kubeVersion: ">=1.30.0-0"
        """,
    "values.yaml": """\
        replicas: 2
        colour: red
        """,
    "templates/service.yaml": """\
        apiVersion: v1
        kind: Service
        metadata:
          name: {{ .Release.Name }}
          labels: {app.kubernetes.io/managed-by: {{ .Release.Service }}}
        spec:
          selector: {app: {{ .Release.Name }}}
          ports: [{name: web, port: 80}]
        """,
    "templates/settings.yaml": """\
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: {{ .Release.Name }}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: {{ .Release.Name }}}
        data:
          colour: {{ .Values.colour }}
          version: {{ .Capabilities.KubeVersion.Version | quote }}
          deployments: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
          widgets: {{ .Capabilities.APIVersions.Has "example.com/v1/Widget" | quote }}
          found: {{ (lookup "v1" "Namespace" "" "default").metadata.name | quote }}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: {{ .Release.Name }}}
        stringData: {password: hunter2}
        """,
    "templates/deployment.yaml": """\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{ .Release.Name }}}
        spec:
          replicas: {{ .Values.replicas }}
          selector: {matchLabels: {app: {{ .Release.Name }}}}
          template:
            metadata:
              labels: {app: {{ .Release.Name }}}
              annotations: {colour: {{ .Values.colour }}}
            spec:
              serviceAccountName: {{ .Release.Name }}
              containers:
              - name: web
                image: nginx:1.27
                envFrom: [{configMapRef: {name: {{ .Release.Name }}}}]
        """,
}

WAIT = ("--wait", "--timeout", "20s")


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("chart") / "shop"
    for name, text in CHART.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return str(root)


@pytest.fixture(params=MAJORS, ids=[f"helm-{major}" for major in MAJORS.values()])
def helm(request: pytest.FixtureRequest, shared_server: str, namespace: str, tmp_path: Path) -> Helm:
    return Helm(request.param, shared_server, namespace, tmp_path)


@pytest.fixture
def api(shared_server: str, namespace: str) -> Api:
    return Api(shared_server, namespace)


class Api:
    """What the server has, for comparison."""

    def __init__(self, url: str, namespace: str) -> None:
        self._url = url
        self._namespace = namespace

    def colour(self) -> str:
        return self._get("api/v1", "configmaps/shop")["data"]["colour"]

    def replicas(self) -> tuple[int, int]:
        """Those asked for, and those that run the newest template and are ready."""
        deployment = self._get("apis/apps/v1", "deployments/shop")
        assert deployment["status"]["readyReplicas"] == deployment["status"]["replicas"]
        return deployment["spec"]["replicas"], deployment["status"]["updatedReplicas"]

    def names(self, prefix: str, plural: str) -> list[str]:
        return [item["metadata"]["name"] for item in self._get(prefix, plural)["items"]]

    def secret(self, name: str) -> dict[str, Any]:
        return self._get("api/v1", f"secrets/{name}")

    def _get(self, prefix: str, rest: str) -> dict[str, Any]:
        answer = httpx.get(f"{self._url}/{prefix}/namespaces/{self._namespace}/{rest}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def test_a_chart_sees_the_cluster_while_it_is_rendered(helm: Helm, chart: str) -> None:
    asking = ["--validate", "--dry-run=server"] if helm.major == 3 else ["--dry-run=server"]
    rendered = helm("template", "shop", chart, *asking).out
    documents = [each for each in yaml.safe_load_all(rendered) if each]
    assert {each["kind"] for each in documents} == {"ConfigMap", "Deployment", "Secret", "Service", "ServiceAccount"}
    (settings,) = [each["data"] for each in documents if each["kind"] == "ConfigMap"]
    assert settings["version"].startswith("v1.36.")
    assert settings | {"version": ""} == {
        "colour": "red",
        "version": "",
        "deployments": "true",
        "widgets": "false",
        "found": "default",
    }


def test_a_release_is_installed_and_its_workloads_are_waited_for(helm: Helm, api: Api, chart: str) -> None:
    installed = helm.json("install", "shop", chart, *helm.client_side, *WAIT)
    assert (installed["info"]["status"], installed["version"]) == ("deployed", 1)
    assert api.replicas() == (2, 2)
    assert base64.b64decode(api.secret("shop")["data"]["password"]) == b"hunter2"
    release = api.secret("sh.helm.release.v1.shop.v1")
    assert (release["type"], release["metadata"]["labels"]["status"]) == ("helm.sh/release.v1", "deployed")


def test_a_release_is_listed_and_described(helm: Helm, chart: str) -> None:
    helm("install", "shop", chart, *helm.client_side, *WAIT)
    (listed,) = helm.json("list")
    assert (listed["name"], listed["revision"], listed["status"]) == ("shop", "1", "deployed")
    assert (listed["chart"], listed["app_version"]) == ("shop-0.1.0", "1.0")
    assert len(list(yaml.safe_load_all(helm("get", "manifest", "shop").out))) == 5
    shown = ["--show-resources"] if helm.major == 3 else []
    printed = helm("status", "shop", *shown).out
    rows = [line.split()[:2] for line in printed.splitlines() if line.startswith("shop ")]
    assert ["shop", "2/2"] in rows
    assert ["shop", "ClusterIP"] in rows


def test_a_release_is_upgraded_and_rolled_back(helm: Helm, api: Api, chart: str) -> None:
    helm("install", "shop", chart, *helm.client_side, *WAIT)
    helm("upgrade", "shop", chart, "--set", "replicas=3,colour=blue", *helm.client_side, *WAIT)
    assert (api.replicas(), api.colour()) == ((3, 3), "blue")
    helm("rollback", "shop", "1", *helm.client_side, *WAIT)
    assert (api.replicas(), api.colour()) == ((2, 2), "red")
    history = [(each["revision"], each["status"], each["description"]) for each in helm.json("history", "shop")]
    assert history == [
        (1, "superseded", "Install complete"),
        (2, "superseded", "Upgrade complete"),
        (3, "deployed", "Rollback to 1"),
    ]


def test_an_upgrade_keeps_what_others_have_changed_meanwhile(
    helm: Helm, api: Api, chart: str, shared_server: str, namespace: str
) -> None:
    helm("install", "shop", chart, *helm.client_side)
    answer = httpx.patch(
        f"{shared_server}/api/v1/namespaces/{namespace}/services/shop",
        json={"metadata": {"labels": {"tier": "front"}}},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert answer.status_code == 200
    upgraded = helm("upgrade", "--install", "shop", chart, "--set", "colour=blue", *helm.client_side)
    assert "has been upgraded" in upgraded.out
    labels = httpx.get(str(answer.url)).json()["metadata"]["labels"]
    assert (labels["tier"], labels["app.kubernetes.io/managed-by"]) == ("front", "Helm")


def test_a_failed_upgrade_is_told_and_marked(helm: Helm, api: Api, chart: str) -> None:
    helm("install", "shop", chart, *helm.client_side)
    failed = helm("upgrade", "shop", chart, "--set", "replicas=-1", *helm.client_side, ok=False)
    assert failed.code == 1
    assert 'Deployment.apps "shop" is invalid: spec.replicas: Invalid value: -1' in failed.err
    assert [each["status"] for each in helm.json("history", "shop")] == ["deployed", "failed"]
    assert api.replicas() == (2, 2)


def test_an_uninstalled_release_takes_everything_with_it(helm: Helm, api: Api, chart: str) -> None:
    helm("install", "shop", chart, *helm.client_side)
    assert helm("uninstall", "shop", *WAIT).out == 'release "shop" uninstalled\n'
    assert helm.json("list") == []
    assert api.names("apis/apps/v1", "deployments") == []
    assert api.names("api/v1", "services") == []
    assert api.names("api/v1", "secrets") == []


def test_installing_by_server_side_apply_is_refused_in_clear_words(
    shared_server: str, namespace: str, tmp_path: Path, chart: str
) -> None:
    refused = Helm(36, shared_server, namespace, tmp_path)("install", "shop", chart, ok=False)
    assert refused.code == 1
    assert "server-side apply not available on the server" in refused.err


def test_a_chart_brings_its_definitions_and_what_they_define(helm: Helm, tmp_path: Path) -> None:
    group = f"v{helm.major}.helm.example.com"
    definition = shops(group=group)
    chart = tmp_path / "custom"
    for name, text in (
        ("Chart.yaml", "apiVersion: v2\nname: custom\nversion: 0.1.0\n"),
        ("crds/shops.yaml", yaml.safe_dump(definition)),
        ("templates/shop.yaml", yaml.safe_dump(shop(group=group))),
    ):
        (chart / name).parent.mkdir(parents=True, exist_ok=True)
        (chart / name).write_text(text)
    helm("install", "custom", str(chart), *helm.client_side)
    assert "kind: Shop" in helm("get", "manifest", "custom").out
    helm("uninstall", "custom")
