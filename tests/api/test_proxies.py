"""The API server as a proxy to pods and services: paths, ports, headers, links, and what it says of nobody."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.server.proxied_pages import rewritten_page
from fauxkube.testing import Cluster
from fauxkube.testing.servers import stop_servers

_numbers = count(1)
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace"}


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[Cluster]:
    with Cluster(nodes=2, seed=1) as cluster:
        yield cluster
    stop_servers()


class Shop:
    """A namespace with a service `shop` of a pod `web`, and a way to ask the API about them."""

    def __init__(self, cluster: Cluster, **service: Any) -> None:
        self.cluster = cluster
        self.namespace = f"shop-{next(_numbers)}"
        cluster.create(NAMESPACE | {"metadata": {"name": self.namespace}})
        ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "admin", "port": 81, "targetPort": "admin"}]
        self.apply("Service", "shop", {"selector": {"app": "web"}, "ports": ports} | service)

    def apply(self, kind: str, name: str, spec: Any, **metadata: Any) -> None:
        obj = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}
        self.cluster.apply(obj, namespace=self.namespace)

    def start(self, name: str = "web", **more: Any) -> None:
        ports = [{"containerPort": 8080}, {"name": "admin", "containerPort": 9090}]
        container = {"name": "web", "image": "nginx", "ports": ports, **more}
        self.apply("Pod", name, {"containers": [container]}, labels={"app": "web"})
        self.cluster.wait(f"pod/{name}", "Ready", namespace=self.namespace)
        self.cluster.settle()

    def serve(self, answer: Any) -> None:
        self.cluster.serve("pod/web", namespace=self.namespace)(answer)

    def ask(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        return httpx.request(method, self.url(path), timeout=20, **more)

    def url(self, path: str) -> str:
        return f"{self.cluster.url}/api/v1/namespaces/{self.namespace}/{path}"


@pytest.fixture
def shop(shared_cluster: Cluster) -> Shop:
    shop = Shop(shared_cluster)
    shop.start()
    return shop


@pytest.mark.parametrize(
    ("path", "port", "asked"),
    [
        ("pods/web/proxy/", 8080, "/"),
        ("pods/web/proxy/cart", 8080, "/cart"),
        ("pods/web:9090/proxy/cart/?a=1&b=%2F", 9090, "/cart/?a=1&b=%2F"),
        ("pods/http:web:9090/proxy/a//b", 9090, "/a//b"),
        ("pods/:web:/proxy/a%2Fb%20c", 8080, "/a%2Fb%20c"),
        ("services/shop:http/proxy/x/proxy/y", 8080, "/x/proxy/y"),
        ("services/shop:80/proxy/namespaces", 8080, "/namespaces"),
        ("services/http:shop:admin/proxy/", 9090, "/"),
        ("services/shop:81/proxy/", 9090, "/"),
    ],
)
def test_what_follows_the_proxy_is_asked_of_the_pod(shop: Shop, path: str, port: int, asked: str) -> None:
    told = shop.ask(path, headers={"Accept": "application/json"}).json()
    assert (told["pod"], told["port"], told["path"]) == ("web", port, asked)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_and_body_is_handed_on(shop: Shop, method: str) -> None:
    body = b"\0any\xff" * 10
    shop.serve(lambda request: HttpResponse(202, request.method.encode() + request.body, (("X-Kept", "yes"),)))
    answer = shop.ask("pods/web/proxy/", method, content=body)
    assert (answer.status_code, answer.content, answer.headers["x-kept"]) == (202, method.encode() + body, "yes")


def test_head_has_no_body(shop: Shop) -> None:
    answer = shop.ask("pods/web/proxy/", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["pods/web/proxy", "services/shop:http/proxy"])
def test_without_a_path_the_client_is_sent_to_the_root(shop: Shop, path: str) -> None:
    answer = shop.ask(f"{path}?a=1")
    assert answer.status_code == 301
    assert answer.headers["location"] == httpx.URL(shop.url(f"{path}/?a=1")).raw_path.decode()
    assert shop.ask(path, "POST").status_code == 200


def test_credentials_and_what_is_the_connections_stay_here(shop: Shop) -> None:
    seen: list[HttpRequest] = []
    shop.serve(seen.append)
    sent = {"Authorization": "Bearer x", "X-Own": "kept", "Connection": "X-Mine", "X-Mine": "1", "Te": "trailers"}
    shop.ask("pods/web/proxy/cart/", headers=sent | {"X-Forwarded-For": "192.0.2.7", "Impersonate-User": "eve"})
    names = {name.lower() for name, _ in seen[0].headers}
    assert not names & {"authorization", "connection", "x-mine", "te", "impersonate-user"}
    assert seen[0].header("X-Own") == "kept"
    assert seen[0].header("X-Forwarded-For") == "192.0.2.7, 127.0.0.1"
    assert seen[0].header("X-Forwarded-Uri") == httpx.URL(shop.url("pods/web/proxy/cart/")).path
    assert seen[0].header("Host") == httpx.URL(shop.cluster.url).netloc.decode()
    assert seen[0].client == "172.18.0.2", "the API server's own address"


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("/login", "{proxy}/login"),
        ("/a/b/?x=1#top", "{proxy}/a/b/?x=1#top"),
        ("http://{host}/login", "{proxy}/login"),
        ("http://example.com/login", "http://example.com/login"),
        ("login", "login"),
    ],
)
def test_redirects_lead_back_through_the_proxy(shop: Shop, location: str, leads: str) -> None:
    shop.serve(lambda request: HttpResponse(302, headers=(("Location", location.format(host=request.header("Host"))),)))
    base = httpx.URL(shop.url("pods/web/proxy")).path
    answer = shop.ask("pods/web/proxy/")
    assert (answer.status_code, answer.headers["location"]) == (302, leads.format(proxy=base))


@pytest.mark.parametrize("packed", [False, True])
def test_links_of_pages_lead_back_through_the_proxy(shop: Shop, *, packed: bool) -> None:
    page = b'<!-- <a href="/no"> --><a class=x href="/cart">&amp;</a><img src="pic.png"><p title="/no">'
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Access-Control-Allow-Origin", "*")]
    if packed:
        headers.append(("Content-Encoding", "gzip"))
    shop.serve(lambda _: HttpResponse(200, gzip.compress(page) if packed else page, tuple(headers)))
    base = httpx.URL(shop.url("pods/web/proxy")).path
    answer = shop.ask("pods/web/proxy/")
    assert answer.content == page.replace(b'class=x href="/cart"', f'class="x" href="{base}/cart"'.encode())
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_that_is_not_as_it_says_is_left_alone() -> None:
    for encoding in ("gzip", "deflate", "br"):
        assert rewritten_page(b"<a href=/x>", encoding, str.upper) == b"<a href=/x>"


@pytest.mark.parametrize(
    ("path", "code", "reason", "message"),
    [
        ("pods/gone/proxy/", 404, "NotFound", 'pods "gone" not found'),
        ("services/gone:80/proxy/", 404, "NotFound", 'services "gone" not found'),
        ("services/gone/proxy/", 404, "NotFound", 'endpoints "gone" not found'),
        ("pods/a:b:c:d/proxy/", 400, "BadRequest", 'invalid pod request "a:b:c:d"'),
        ("pods/ftp:web:80/proxy/", 400, "BadRequest", 'invalid pod request "ftp:web:80"'),
        ("services/:/proxy/", 400, "BadRequest", 'invalid service request ":"'),
        (
            "services/shop:82/proxy/",
            503,
            "ServiceUnavailable",
            'no service port 82 found for service "shop"',
        ),
        ("services/shop/proxy/", 503, "ServiceUnavailable", 'no endpoints available for service "shop"'),
        ("services/shop:ftp/proxy/", 503, "ServiceUnavailable", 'no endpoints available for service "shop:ftp"'),
        (
            "pods/web:81/proxy/",
            503,
            "ServiceUnavailable",
            "error trying to reach service: dial tcp {ip}:81: connect: connection refused",
        ),
        (
            "pods/web:shop/proxy/",
            503,
            "ServiceUnavailable",
            "error trying to reach service: dial tcp: lookup tcp/shop: unknown port",
        ),
        (
            "pods/https:web:8080/proxy/",
            503,
            "ServiceUnavailable",
            "error trying to reach service: http: server gave HTTP response to HTTPS client",
        ),
    ],
)
def test_what_cannot_be_reached_is_told_as_upstream_does(
    shop: Shop, path: str, code: int, reason: str, message: str
) -> None:
    address = shop.cluster.get("pod/web", namespace=shop.namespace)["status"]["podIP"]
    told = shop.ask(path).json()
    assert (told["code"], told["reason"], told["message"]) == (code, reason, message.format(ip=address))


def test_a_service_without_pods_has_no_endpoints(shared_cluster: Cluster) -> None:
    shop = Shop(shared_cluster)
    shared_cluster.settle()
    told = shop.ask("services/shop:http/proxy/")
    assert (told.status_code, told.json()["message"]) == (503, 'no endpoints available for service "shop"')


def test_a_pod_without_an_address_is_not_allowed(shop: Shop) -> None:
    shop.apply("Pod", "waits", {"nodeName": "nowhere", "containers": [{"name": "a", "image": "a"}]})
    told = shop.ask("pods/waits/proxy/").json()
    assert (told["code"], told["message"]) == (400, "address not allowed")


def test_every_ready_pod_of_a_service_answers_in_the_end(shop: Shop) -> None:
    shop.start("other")
    asked = {"Accept": "application/json"}
    answers = {shop.ask("services/shop:http/proxy/", headers=asked).json()["pod"] for _ in range(40)}
    assert answers == {"web", "other"}


def test_policies_hold_for_the_control_plane(shop: Shop) -> None:
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "closed"}}
    shop.cluster.apply(policy | {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}, namespace=shop.namespace)
    shop.cluster.settle()
    address = shop.cluster.get("pod/web", namespace=shop.namespace)["status"]["podIP"]
    told = shop.ask("pods/web/proxy/").json()
    assert told["message"] == f"error trying to reach service: dial tcp {address}:8080: i/o timeout"


def test_too_large_a_body_is_refused(shop: Shop) -> None:
    url = httpx.URL(shop.url("pods/web/proxy/"))
    with socket.create_connection((url.host, url.port), timeout=20) as connection:
        size = 65 * 1024 * 1024
        connection.sendall(f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


OFFER = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("pods/web/proxy/", "invalid upgrade response: status code 200"),
        ("pods/web:81/proxy/", "error dialing backend: dial tcp {ip}:81: connect: connection refused"),
    ],
)
def test_an_offer_that_nobody_takes_is_an_error(shop: Shop, path: str, message: str) -> None:
    address = shop.cluster.get("pod/web", namespace=shop.namespace)["status"]["podIP"]
    told = shop.ask(path, headers=OFFER).json()
    assert (told["code"], told["message"]) == (500, message.format(ip=address))


def test_a_pods_refusal_of_an_offer_is_handed_on(shop: Shop) -> None:
    shop.serve(lambda _: HttpResponse(403, b"not here"))
    answer = shop.ask("services/shop:http/proxy/", headers=OFFER)
    assert (answer.status_code, answer.content) == (403, b"not here")


def test_the_proxies_are_told_by_discovery(shared_cluster: Cluster) -> None:
    listed = httpx.get(f"{shared_cluster.url}/api/v1").json()["resources"]
    found = {each["name"]: (each["kind"], each["verbs"]) for each in listed if each["name"].endswith("/proxy")}
    verbs = ["create", "delete", "get", "patch", "update"]
    assert found == {"pods/proxy": ("PodProxyOptions", verbs), "services/proxy": ("ServiceProxyOptions", verbs)}
