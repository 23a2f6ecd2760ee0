"""The built-in page tells who answered, to people and to programs."""

from __future__ import annotations

import json

from fauxkube.kit.exchange import HttpRequest
from fauxkube.workloads.page import page
from support.networks import pod

WEB = pod("web", "10.244.1.2")


def test_the_page_begins_with_who_answered() -> None:
    told = page(WEB, 80, HttpRequest("GET", "/cart?x=1", client="10.244.2.3")).body.decode()
    assert told.splitlines()[0] == "Hello from web"
    assert "address: 10.244.1.2" in told
    assert "client: 10.244.2.3" in told
    assert "path: /cart?x=1" in told


def test_the_address_is_the_one_that_the_client_reached() -> None:
    both = pod("web", "10.244.1.2")
    both["status"]["podIPs"] = [{"ip": "10.244.1.2"}, {"ip": "fd00:10:244:1::2"}]
    for client, reached in (
        ("10.244.2.3", "10.244.1.2"),
        ("fd00:10:244:2::3", "fd00:10:244:1::2"),
        ("", "10.244.1.2"),
    ):
        told = page(both, 80, HttpRequest("GET", "/", client=client)).body.decode()
        assert f"address: {reached}\n" in told


def test_programs_get_json() -> None:
    answer = page(WEB, 8080, HttpRequest("GET", "/", headers=(("accept", "application/json"),)))
    assert answer.header("content-type") == "application/json"
    assert json.loads(answer.body)["port"] == 8080
