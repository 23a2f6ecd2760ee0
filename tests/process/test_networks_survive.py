"""A network add-on and the addresses that it gave, after the server was killed: all there, and none given twice."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from fauxkube.machinery.objects import Object
from support.api import NODES, PODS, answered, made, pod
from support.clusters import OURS
from support.process import fauxkube_up
from support.waiting import until


def addresses(http: httpx.Client) -> dict[str, str]:
    pods: list[Object] = answered(http.get(PODS))["items"]
    return {each["metadata"]["name"]: each["status"].get("podIP", "") for each in pods}


def are_ready(http: httpx.Client) -> bool:
    conditions = [each for node in answered(http.get(NODES))["items"] for each in node["status"]["conditions"]]
    return all(each["status"] == "True" for each in conditions if each["type"] == "Ready")


@pytest.mark.parametrize(("network", "prefix"), [("none", "192.168."), ("bridge", "172.17.")])
def test_addresses_are_given_once_also_after_a_kill(tmp_path: Path, network: str, prefix: str) -> None:
    options = ["--data", str(tmp_path / "state.db"), "--network", network, "--nodes", "2"]
    with fauxkube_up(*options) as server, httpx.Client(base_url=server.url, timeout=30) as http:
        if network == "none":
            answered(http.post(f"{OURS}/network/install", json={"name": "calico", "cidr": "192.168.0.0/16"}))
            until(lambda: are_ready(http))
        for number in range(4):
            made(http, PODS, pod(f"before-{number}", nodeName="node-1"))
        until(lambda: all(addresses(http).values()))
        before = addresses(http)
        server.kill()
    with fauxkube_up(*options) as server, httpx.Client(base_url=server.url, timeout=30) as http:
        assert addresses(http) == before
        assert are_ready(http)
        for number in range(4):
            made(http, PODS, pod(f"after-{number}", nodeName="node-1"))
        until(lambda: all(addresses(http).values()))
        found = addresses(http)
        assert len(set(found.values())) == 8
        assert all(each.startswith(prefix) for each in found.values())
