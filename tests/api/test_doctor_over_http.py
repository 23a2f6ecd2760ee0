"""The doctor over HTTP and from the command line, on a cluster whose objects clients make."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from fauxkube.cli import app

NAMESPACES = "/api/v1/namespaces"


def _make(http: httpx.Client, namespace: str, path: str, name: str, **parts: Any) -> None:
    body = {"metadata": {"name": name, **parts.pop("metadata", {})}, **parts}
    http.post(path.format(namespace), json=body).raise_for_status()


@pytest.fixture(scope="module")
def ward(shared_http: httpx.Client) -> httpx.Client:
    """A namespace that is well, and one with a mistake of each kind."""
    http = shared_http
    for namespace in ("well", "ill"):
        http.post(NAMESPACES, json={"metadata": {"name": namespace}}).raise_for_status()
        container = {"name": "main", "image": "nginx", "ports": [{"containerPort": 8080}]}
        core, net = "/api/v1/namespaces/{}/", "/apis/networking.k8s.io/v1/namespaces/{}/"
        pods, services = f"{core}pods", f"{core}services"
        _make(http, namespace, pods, "web", metadata={"labels": {"app": "web"}}, spec={"containers": [container]})
        selector = {"app": "web" if namespace == "well" else "wep"}
        ports = [{"port": 80, "targetPort": 8080}]
        _make(http, namespace, services, "web", spec={"selector": selector, "ports": ports})
    backend = {"service": {"name": "absent", "port": {"number": 80}}}
    _make(http, "ill", f"{net}ingresses", "front", spec={"ingressClassName": "nope", "defaultBackend": backend})
    _make(http, "ill", f"{net}networkpolicies", "closed", spec={"podSelector": {}, "policyTypes": ["Egress"]})
    spec = {"containers": [container], "nodeSelector": {"disk": "ssd"}}
    _make(http, "ill", pods, "picky", spec=spec)
    http.post("/fauxkube/v1/settle").raise_for_status()
    return http


ILL = {
    "service/ill/web": ["SelectorMatchesNothing"],
    "ingress/ill/front": ["IngressClassMissing", "IngressServiceMissing"],
    "networkpolicy/ill/closed": ["NamesDenied"],
    "pod/ill/picky": ["PodUnschedulable"],
}


def _words(found: dict[str, Any]) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for each in found["findings"]:
        words.setdefault(each["object"], []).append(each["word"])
    return words


def test_each_mistake_is_found_and_nothing_else(ward: httpx.Client) -> None:
    found = ward.get("/fauxkube/v1/doctor").json()
    assert (found["healthy"], _words(found)) == (False, ILL)
    assert found["checked"]["nodes"] == 3


def test_a_namespace_is_looked_at_alone(ward: httpx.Client) -> None:
    well = ward.get("/fauxkube/v1/doctor", params={"namespace": "well"}).json()
    assert (well["healthy"], well["findings"], well["checked"]["pods"]) == (True, [], 1)
    ill = ward.get("/fauxkube/v1/doctor", params={"namespace": "ill"}).json()
    assert _words(ill) == ILL


def test_the_command_ends_with_1_when_there_is_a_problem(ward: httpx.Client, shared_server: str) -> None:
    ill = CliRunner().invoke(app, ["doctor", "-n", "ill", "--server", shared_server])
    assert ill.exit_code == 1
    assert "service/ill/web: its selector matches no pod (SelectorMatchesNothing)" in ill.output
    assert "pod web has app=web; the selector wants app=wep" in ill.output
    assert ill.output.endswith("5 problems (2 pods, 1 service, 1 ingress, 1 network policy looked at)\n")
    well = CliRunner().invoke(app, ["doctor", "-n", "well", "--server", shared_server, "-o", "json"])
    assert (well.exit_code, json.loads(well.output)["healthy"]) == (0, True)
