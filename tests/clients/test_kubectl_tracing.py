"""Traces through services that kubectl made, while pods and nodes come to grief."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
import pytest

from support.kubectl import Kubectl
from support.waiting import until

Traced: TypeAlias = Callable[..., dict[str, Any]]


@pytest.fixture
def shop(kubectl: Kubectl) -> Kubectl:
    """Three web pods behind a service with a load balancer, and a client."""
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=3", "--port=8080")
    kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080", "--type=LoadBalancer")
    kubectl("run", "client", "--image=busybox")
    kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=20s")
    return kubectl


@pytest.fixture
def own(http: httpx.Client) -> Callable[..., Any]:
    """Asks our own endpoints, once the cluster has settled."""

    def ask(method: str, path: str, **parts: Any) -> Any:
        http.post("/fauxkube/v1/settle").raise_for_status()
        answer = http.request(method, f"/fauxkube/v1/{path}", **parts)
        answer.raise_for_status()
        return answer.json()

    return ask


@pytest.fixture
def trace(own: Callable[..., Any]) -> Traced:
    def asked(sender: str, target: str) -> dict[str, Any]:
        found: dict[str, Any] = own("GET", "trace", params={"from": sender, "to": target, "every": "true"})
        return found

    return asked


def receivers(found: dict[str, Any]) -> set[str]:
    return {way["hops"][-1]["where"] for way in found["ways"] if way["reached"]}


def pods(kubectl: Kubectl) -> set[str]:
    listed = kubectl.json("get", "pods", "-l", "app=web")["items"]
    return {f"pod/default/{each['metadata']['name']}" for each in listed}


def end_of(found: dict[str, Any]) -> dict[str, Any]:
    end: dict[str, Any] = found["ways"][0]["hops"][-1]
    return end


def test_every_pod_of_a_deployment_is_reached_by_name_and_by_its_load_balancer(shop: Kubectl, trace: Traced) -> None:
    assert receivers(trace("pod/client", "http://web")) == pods(shop)
    assert receivers(trace("outside", "service/web")) == pods(shop)
    shop("scale", "deployment/web", "--replicas=1")
    until(lambda: len(pods(shop)) == 1)
    assert receivers(trace("pod/client", "http://web")) == pods(shop)


def test_pods_that_cannot_pull_their_image_are_blamed(shop: Kubectl, trace: Traced, own: Callable[..., Any]) -> None:
    own("POST", "faults", json={"kind": "pod", "match": {"image": "gone*"}, "effect": {"type": "image-pull-error"}})
    shop("create", "deployment", "late", "--image=gone:1", "--port=80")
    shop("expose", "deployment", "late", "--port=80")
    end = end_of(trace("pod/client", "http://late"))
    assert (end["reason"], end["symptom"]) == ("NoEndpoints", "connection refused")
    assert any("ImagePullBackOff" in each or "ErrImagePull" in each for each in end["likely"]), end["likely"]


def test_readiness_that_fails_takes_pods_out_of_the_service(
    shop: Kubectl, trace: Traced, own: Callable[..., Any]
) -> None:
    unready = {"kind": "pod", "match": {"labels": "app=web"}, "effect": {"type": "unready"}}
    own("POST", "faults", json=unready)
    end = end_of(trace("pod/client", "http://web"))
    assert end["reason"] == "NoEndpoints"
    assert "ContainersNotReady" in end["likely"][0]
    assert receivers(trace("pod/client", min(pods(shop)))) == {min(pods(shop))}


def test_a_machine_that_is_off_swallows_packets_before_anybody_has_noticed(
    shop: Kubectl, trace: Traced, own: Callable[..., Any]
) -> None:
    client = shop.json("get", "pod", "client")["spec"]["nodeName"]
    other = next(name for name in ("node-1", "node-2", "node-3") if name != client)
    own("POST", "faults", json={"kind": "node", "match": {"name": other}, "effect": {"type": "down"}})
    assert {each["metadata"]["name"]: ready(each) for each in shop.json("get", "nodes")["items"]}[other] == "True"
    found = trace("pod/client", "http://web")
    lost = [way["hops"][-1] for way in found["ways"] if not way["reached"]]
    assert [(each["reason"], each["message"]) for each in lost] == [
        ("NodeDown", f"node {other} is down: the machine is off")
    ]
    assert len(receivers(found)) == 2
    assert not own("GET", "network/check")["holds"]


def ready(node: dict[str, Any]) -> str:
    return next(each["status"] for each in node["status"]["conditions"] if each["type"] == "Ready")
