"""Who holds which address, block and port, over HTTP and from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from fauxkube.cli import app

NAMESPACES = "/api/v1/namespaces"


def _make(http: httpx.Client, resource: str, name: str, **parts: Any) -> None:
    http.post(f"{NAMESPACES}/ranges/{resource}", json={"metadata": {"name": name}, **parts}).raise_for_status()


@pytest.fixture(scope="module")
def held(shared_http: httpx.Client) -> httpx.Client:
    """A pod, one that is gone, and services with each kind of address."""
    http = shared_http
    http.post(NAMESPACES, json={"metadata": {"name": "ranges"}}).raise_for_status()
    for name in ("gone", "web"):
        spec = {"nodeName": "node-1", "containers": [{"name": "main", "image": "nginx"}]}
        _make(http, "pods", name, spec=spec)
        http.post("/fauxkube/v1/settle").raise_for_status()
    ports = [{"port": 80}]
    _make(http, "services", "balanced", spec={"type": "LoadBalancer", "ports": ports, "clusterIP": "10.96.0.20"})
    _make(http, "services", "outer", spec={"externalIPs": ["192.0.2.7"], "ports": ports})
    http.delete(f"{NAMESPACES}/ranges/pods/gone", params={"gracePeriodSeconds": 0}).raise_for_status()
    http.post("/fauxkube/v1/settle").raise_for_status()
    return http


@pytest.fixture
def cli(shared_server: str) -> Callable[..., str]:
    def run(*args: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["ipam", *args, "--server", shared_server])
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_each_pool_tells_who_holds_what_and_since_when(held: httpx.Client) -> None:
    pools = {pool["name"]: pool for pool in held.get("/fauxkube/v1/ipam").json()}
    block = pools["pods/node-1"]
    assert (block["range"], block["used"], block["cooling"], block["free"]) == ("10.244.0.0/24", 1, 1, 252)
    (allocated,) = block["allocations"]
    assert (allocated["value"], allocated["owner"]) == ("10.244.0.3", "pods/ranges/web")
    now = datetime.fromisoformat(held.get("/fauxkube/v1/clock").json()["now"])
    assert 0 <= (now - datetime.fromisoformat(allocated["since"])).total_seconds() < 60
    assert [name for name in pools if name.startswith("pods/")] == ["pods/node-1", "pods/node-2", "pods/node-3"]


@pytest.mark.parametrize(
    ("address", "state", "owner", "ranges", "note"),
    [
        ("10.244.0.3", "held", "pods/ranges/web", ["pods 10.244.0.0/16", "node/node-1 10.244.0.0/24"], ""),
        ("10.244.0.2", "cooling", "", ["pods 10.244.0.0/16", "node/node-1 10.244.0.0/24"], ""),
        ("10.244.1.9", "free", "", ["pods 10.244.0.0/16", "node/node-2 10.244.1.0/24"], ""),
        (
            "10.244.1.1",
            "reserved",
            "",
            ["pods 10.244.0.0/16", "node/node-2 10.244.1.0/24"],
            "the bridge of node node-2",
        ),
        ("10.244.1.0", "reserved", "", ["pods 10.244.0.0/16", "node/node-2 10.244.1.0/24"], "of the network"),
        ("10.244.77.1", "free", "", ["pods 10.244.0.0/16"], "in no node's block"),
        ("10.96.0.20", "held", "services/ranges/balanced", ["services 10.96.0.0/12"], ""),
        ("10.96.0.10", "free", "", ["services 10.96.0.0/12"], "the address of the cluster's DNS"),
        ("203.0.113.1", "held", "services/ranges/balanced", ["load balancers 203.0.113.0/24"], ""),
        ("192.0.2.7", "held", "services/ranges/outer", [], "an external IP"),
        ("172.18.0.4", "held", "nodes/node-2", ["nodes 172.18.0.0/16"], ""),
        ("172.18.0.1", "reserved", "", ["nodes 172.18.0.0/16"], "the gateway of the nodes' network"),
        ("172.18.0.2", "reserved", "", ["nodes 172.18.0.0/16"], "where the API server is reached"),
        ("172.18.0.99", "free", "", ["nodes 172.18.0.0/16"], ""),
        ("198.51.100.7", "outside", "", [], "in none of the cluster's ranges"),
    ],
)
def test_an_address_tells_whose_it_is(  # noqa: PLR0917
    held: httpx.Client, address: str, state: str, owner: str, ranges: list[str], note: str
) -> None:
    found = held.get(f"/fauxkube/v1/addresses/{address}").json()
    assert (found["state"], found["owner"], found["ranges"]) == (state, owner, ranges)
    assert note in found["note"]


def test_what_is_no_address_is_refused(held: httpx.Client, cli: Callable[..., str]) -> None:
    assert held.get("/fauxkube/v1/addresses/web").status_code == 422
    cli("web", code=1)


def test_the_command_prints_pools_a_nodes_part_and_an_address(held: httpx.Client, cli: Callable[..., str]) -> None:
    assert cli().splitlines()[0].split() == ["POOL", "RANGE", "USED", "COOLING", "FREE"]
    of_node = [line.split()[0] for line in cli("--node", "node-1").splitlines()]
    assert of_node == ["POOL", "nodes/podcidrs", "10.244.0.0/24", "pods/node-1", "10.244.0.3"]
    told = cli("10.244.0.3").splitlines()
    assert told[0].startswith("10.244.0.3 is held by pods/ranges/web, for ")
    assert told[1:] == ["  out of pods 10.244.0.0/16", "  out of node/node-1 10.244.0.0/24"]
    assert json.loads(cli("10.244.0.3", "-o", "json"))["owner"] == "pods/ranges/web"
    assert "no such node" in cli("--node", "node-9", code=1)


def test_a_long_list_of_holders_is_cut_short(held: httpx.Client, cli: Callable[..., str]) -> None:
    for number in range(12):
        _make(held, "services", f"many-{number}", spec={"ports": [{"port": 80}]})
    assert "more" in cli()
    assert len(json.loads(cli("-o", "json"))[0]["allocations"]) > 12
