"""Real dig, and dnspython's resolver, on a cluster's names as a DNS server on loopback answers them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any

import dns.resolver
import dns.reversename
import httpx
import pytest

from support.dig import Dig
from support.process import fauxkube, fauxkube_up

NAMESPACES = "/api/v1/namespaces"
BELOW = "shop.svc.cluster.local"


def _make(http: httpx.Client, resource: str, name: str, **parts: Any) -> None:
    body = {"metadata": {"name": name, **parts.pop("metadata", {})}, **parts}
    http.post(f"{NAMESPACES}/shop/{resource}", json=body).raise_for_status()


@pytest.fixture(scope="module")
def shop(shared_http: httpx.Client) -> httpx.Client:
    """Two pets behind a headless service, one of them called by its hostname, a service of theirs, and aliases."""
    http = shared_http
    http.post(NAMESPACES, json={"metadata": {"name": "shop"}}).raise_for_status()
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    for number in (1, 2):
        container = {"name": "main", "image": "nginx", "ports": [{"containerPort": 8080}]}
        spec: dict[str, Any] = {"containers": [container]}
        if number == 1:
            spec |= {"hostname": "pet", "subdomain": "pets"}
        _make(http, "pods", f"pet-{number}", metadata={"labels": {"app": "pets"}}, spec=spec)
    selector = {"app": "pets"}
    _make(http, "services", "pets", spec={"selector": selector, "clusterIP": "None", "ports": ports})
    _make(http, "services", "web", spec={"selector": selector, "ports": ports})
    _make(http, "services", "alias", spec={"type": "ExternalName", "externalName": f"web.{BELOW}"})
    _make(http, "services", "abroad", spec={"type": "ExternalName", "externalName": "www.example.com"})
    http.post("/fauxkube/v1/settle").raise_for_status()
    return http


@pytest.fixture(scope="module")
def address(shop: httpx.Client) -> tuple[str, int]:
    found = shop.get("/fauxkube/v1/dns").json()
    return found["host"], found["port"]


@pytest.fixture
def dig(address: tuple[str, int]) -> Dig:
    return Dig(*address)


def _ip(http: httpx.Client, service: str) -> str:
    return str(http.get(f"{NAMESPACES}/shop/services/{service}").json()["spec"]["clusterIP"])


def _pod_ips(http: httpx.Client) -> list[str]:
    return [each["status"]["podIP"] for each in http.get(f"{NAMESPACES}/shop/pods").json()["items"]]


@pytest.mark.parametrize("protocol", ["+notcp", "+tcp"])
def test_a_service_is_found_over_udp_and_tcp(shop: httpx.Client, dig: Dig, protocol: str) -> None:
    found = dig(f"Web.{BELOW}", protocol)
    assert (found.status, found.flags) == ("NOERROR", ["qr", "aa", "rd"])
    assert found.answer == [f"Web.{BELOW}. 30 IN A {_ip(shop, 'web')}"]
    assert "(TCP)" in found.text or protocol == "+notcp"


def test_a_headless_service_is_its_pods(shop: httpx.Client, dig: Dig) -> None:
    assert sorted(dig.short(f"pets.{BELOW}")) == sorted(_pod_ips(shop))
    assert dig.short(f"pet.pets.{BELOW}") == _pod_ips(shop)[:1]


def test_a_port_is_found_with_the_address_of_its_target(shop: httpx.Client, dig: Dig) -> None:
    found = dig(f"_http._tcp.web.{BELOW}", "SRV")
    assert found.answer == [f"_http._tcp.web.{BELOW}. 30 IN SRV 0 100 80 web.{BELOW}."]
    assert found.sections["ADDITIONAL"] == [f"web.{BELOW}. 30 IN A {_ip(shop, 'web')}"]


def test_an_address_leads_back_to_its_names(shop: httpx.Client, dig: Dig) -> None:
    assert dig.short(_ip(shop, "web"), "-x") == [f"web.{BELOW}."]
    pet = _pod_ips(shop)[0]
    assert sorted(dig.short(pet, "-x")) == [f"{pet.replace('.', '-')}.web.{BELOW}.", f"pet.pets.{BELOW}."]


def test_an_alias_is_followed_inside_and_told_outside(shop: httpx.Client, dig: Dig) -> None:
    assert dig.short(f"alias.{BELOW}") == [f"web.{BELOW}.", _ip(shop, "web")]
    assert dig.short(f"abroad.{BELOW}") == ["www.example.com."]


@pytest.mark.parametrize(
    ("name", "type", "status"),
    [("absent", "A", "NXDOMAIN"), ("web", "AAAA", "NOERROR"), ("web", "MX", "NOERROR")],
)
def test_what_is_not_there_is_denied_with_the_start_of_authority(dig: Dig, name: str, type: str, status: str) -> None:
    found = dig(f"{name}.{BELOW}", type)
    assert (found.status, found.answer) == (status, [])
    soa = r"cluster\.local\. 30 IN SOA ns\.dns\.cluster\.local\. hostmaster\.cluster\.local\. \d+ 7200 1800 86400 30"
    assert re.fullmatch(soa, found.sections["AUTHORITY"][0])


def test_the_worlds_names_are_refused_and_told_why(dig: Dig) -> None:
    found = dig("www.example.com")
    assert (found.status, found.flags) == ("REFUSED", ["qr", "rd"])
    assert "nothing is asked outside of it" in found.text


def test_what_does_not_fit_into_a_datagram_comes_over_tcp(shop: httpx.Client, dig: Dig) -> None:
    endpoints = [{"addresses": [f"10.9.{number // 250}.{number % 250 + 1}"]} for number in range(600)]
    _make(shop, "services", "crowd", spec={"clusterIP": "None", "ports": [{"port": 80}]})
    slice_ = {
        "metadata": {"name": "crowd-1", "labels": {"kubernetes.io/service-name": "crowd"}},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "", "port": 80}],
    }
    shop.post("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", json=slice_).raise_for_status()
    shop.post("/fauxkube/v1/settle").raise_for_status()
    cut = dig(f"crowd.{BELOW}", "+ignore", "+noedns")
    assert ("tc" in cut.flags, len(cut.answer)) == (True, 29)
    assert "Truncated, retrying in TCP mode" in (text := dig.run(f"crowd.{BELOW}"))
    assert text.count("IN\tA\t10.9.") == 600


def test_a_change_is_seen_by_the_next_query(shop: httpx.Client, dig: Dig) -> None:
    assert dig(f"late.{BELOW}").status == "NXDOMAIN"
    _make(shop, "services", "late", spec={"ports": [{"port": 80}]})
    shop.post("/fauxkube/v1/settle").raise_for_status()
    assert dig.short(f"late.{BELOW}") == [_ip(shop, "late")]


def test_a_programs_resolver_uses_the_search_path(shop: httpx.Client, address: tuple[str, int]) -> None:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [address[0]], address[1]
    resolver.search = [dns.name.from_text(each) for each in (BELOW, "svc.cluster.local", "cluster.local")]
    resolver.ndots = 5
    for name in ("web", "web.shop"):
        found = resolver.resolve(name, "A", search=True)
        assert [each.to_text() for each in found] == [_ip(shop, "web")]
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve("absent", "A", search=True)
    pointers = resolver.resolve(dns.reversename.from_address(_ip(shop, "web")), "PTR")
    assert [each.to_text() for each in pointers] == [f"web.{BELOW}."]


@pytest.fixture
def running() -> Iterator[tuple[str, Dig, int]]:
    """`fauxkube up --dns` on a free port of a user's choice."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with fauxkube_up("--dns", str(port)) as server:
        yield server.url, Dig("127.0.0.1", port), port


def test_the_command_answers_names_at_the_port_that_is_asked_for(running: tuple[str, Dig, int]) -> None:
    url, dig, port = running
    assert dig.short("kubernetes.default.svc.cluster.local") == ["10.96.0.1"]
    told = httpx.get(f"{url}/fauxkube/v1/dns").json()
    assert told == {"host": "127.0.0.1", "port": port, "domain": "cluster.local", "cluster_ip": "10.96.0.10"}
    assert httpx.get(f"{url}/fauxkube/v1/dns", params={"port": 1}).status_code == 409
    made = httpx.post(f"{url}/fauxkube/v1/clusters", json={"name": "other"}).json()["url"]
    other = httpx.get(f"{made}/fauxkube/v1/dns").json()["port"]
    assert other != port
    assert Dig("127.0.0.1", other).short("kubernetes.default.svc.cluster.local") == ["10.96.0.1"]
    taken = fauxkube("up", "--port", "0", "--dns", str(port))
    assert taken.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in taken.stderr
