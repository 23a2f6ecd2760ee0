"""Traces and the network's check over HTTP and from the command line, on a cluster whose services real clients make."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from fauxkube.cli import app

SETTLE = "/fauxkube/v1/settle"
TRACE = "/fauxkube/v1/trace"
NAMESPACES = "/api/v1/namespaces"


def make(http: httpx.Client, namespace: str, resource: str, name: str, **parts: Any) -> None:
    body = {"metadata": {"name": name, **parts.pop("metadata", {})}, **parts}
    http.post(f"{NAMESPACES}/{namespace}/{resource}", json=body).raise_for_status()


def pod(http: httpx.Client, namespace: str, name: str, *, port: int = 8080, **spec: Any) -> None:
    container = {"name": "main", "image": "nginx", "ports": [{"name": "http", "containerPort": port}]}
    labels = {"labels": {"app": name.partition("-")[0]}}
    make(http, namespace, "pods", name, metadata=labels, spec={"containers": [container], **spec})


@pytest.fixture(scope="module")
def shop(shared_http: httpx.Client) -> httpx.Client:
    """Two backends on two nodes, a client, a service, and one whose selector is wrong."""
    http = shared_http
    http.post(NAMESPACES, json={"metadata": {"name": "shop"}}).raise_for_status()
    for number in (1, 2):
        pod(http, "shop", f"web-{number}", nodeName=f"node-{number}")
    pod(http, "shop", "client", nodeName="node-1")
    ports = [{"port": 80, "targetPort": "http"}]
    make(http, "shop", "services", "web", spec={"selector": {"app": "web"}, "type": "NodePort", "ports": ports})
    make(http, "shop", "services", "wrong", spec={"selector": {"app": "wep"}, "ports": ports})
    http.post(SETTLE).raise_for_status()
    return http


def trace(http: httpx.Client, sender: str, target: str, **more: object) -> dict[str, Any]:
    asked = {"from": sender, "to": target, "namespace": "shop", **more}
    answer = http.get(TRACE, params={name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_service_is_traced_to_each_of_its_pods(shop: httpx.Client) -> None:
    found = trace(shop, "pod/client", "http://web", every=True)
    assert found["reached"]
    arrivals = {way["hops"][-1]["where"]: way["probability"] for way in found["ways"]}
    assert arrivals == {"pod/shop/web-1": 0.5, "pod/shop/web-2": 0.5}
    service = shop.get(f"{NAMESPACES}/shop/services/web").json()
    lookup = found["ways"][0]["hops"][0]
    assert (lookup["name"], lookup["records"]) == ("web.shop.svc.cluster.local", [service["spec"]["clusterIP"]])


def test_a_node_port_is_open_on_a_node_without_a_pod(shop: httpx.Client) -> None:
    port = shop.get(f"{NAMESPACES}/shop/services/web").json()["spec"]["ports"][0]["nodePort"]
    found = trace(shop, "outside", f"node-3:{port}")
    assert found["reached"]
    assert found["ways"][0]["hops"][1]["entry"] == "node port"


def test_the_api_server_is_reached_by_its_service(shop: httpx.Client) -> None:
    found = trace(shop, "pod/client", "https://kubernetes.default")
    assert found["ways"][0]["hops"][-1]["answer"] == "the API server"


def test_a_wrong_selector_is_found_out(shop: httpx.Client) -> None:
    end = trace(shop, "pod/client", "http://wrong")["ways"][0]["hops"][-1]
    assert (end["kind"], end["reason"], end["symptom"]) == ("end", "NoEndpoints", "connection refused")
    assert "pod web-1 has app=web; the selector wants app=wep" in end["likely"]


def test_what_changes_is_seen_at_once(shop: httpx.Client) -> None:
    assert trace(shop, "pod/client", "http://late")["ways"][0]["hops"][-1]["reason"] == "NameNotFound"
    make(shop, "shop", "services", "late", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    shop.post(SETTLE).raise_for_status()
    assert trace(shop, "pod/client", "http://late")["ways"][0]["hops"][-1]["reason"] == "PortNotDeclared"


def test_the_requirements_hold_on_a_cluster_as_it_is(shop: httpx.Client) -> None:
    found = shop.get("/fauxkube/v1/network/check").json()
    assert (found["holds"], len(found["requirements"])) == (True, 5)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"from": "pod/absent", "to": "http://web"}, 400),
        ({"from": "pod/client", "to": "web:eighty"}, 400),
        ({"from": "pod/client", "to": "http://web", "protocol": "ICMP"}, 400),
        ({"from": "pod/client"}, 422),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(shop: httpx.Client, params: dict[str, str], code: int) -> None:
    answer = shop.get(TRACE, params={"namespace": "shop", **params})
    assert (answer.status_code, answer.json()["kind"]) == (code, "Status")


def command(http: httpx.Client, *args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*args, "--server", str(http.base_url)], env={"NO_COLOR": "1"})
    return result.exit_code, result.output


def test_the_command_prints_a_line_a_hop_and_tells_by_its_code(shop: httpx.Client) -> None:
    code, output = command(shop, "trace", "pod/client", "http://web", "-n", "shop")
    assert (code, output.splitlines()[-1].strip()) == (0, "reached")
    assert "cluster IP of service shop/web, port 80/TCP" in output
    code, output = command(shop, "trace", "pod/client", "http://wrong", "-n", "shop")
    assert (code, output.splitlines()[-1].strip()) == (1, "LOST")
    code, output = command(shop, "trace", "pod/client", "http://web", "-n", "shop", "--all", "-o", "json")
    assert len(json.loads(output)["ways"]) == 2


def test_the_command_checks_the_network(shop: httpx.Client) -> None:
    code, output = command(shop, "network", "check")
    assert code == 0
    assert [line[:2] for line in output.splitlines()] == ["ok"] * 5
