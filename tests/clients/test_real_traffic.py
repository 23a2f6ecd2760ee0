"""Real clients on loopback: curl, a WebSocket and datagrams through node ports, by the rules of the network's model."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import websocket

from fauxkube.kit.exchange import HttpRequest
from fauxkube.testing import Cluster
from fauxkube.testing.servers import stop_servers
from support.waiting import until

_numbers = count(1)
PATIENCE = 20


@pytest.fixture(scope="module")
def shared_cluster(loopback: None) -> Iterator[Cluster]:
    with Cluster(nodes=3, seed=5, settings={"dataplane": True}) as cluster:
        yield cluster
    stop_servers()


class Shop:
    """A service of pods in a namespace of its own, really listened for."""

    def __init__(self, cluster: Cluster, *, pods: int = 2, **service: Any) -> None:
        self.cluster = cluster
        self.namespace = f"shop-{next(_numbers)}"
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        for number in range(1, pods + 1):
            self.start(f"web-{number}", node=f"node-{number % 3 + 1}")
        ports = [{"name": "http", "port": 80, "targetPort": 8080}]
        self.apply("Service", "shop", {"type": "NodePort", "selector": {"app": "web"}, "ports": ports} | service)
        cluster.settle()

    def start(self, name: str, *, node: str = "node-1", annotations: dict[str, str] | None = None) -> None:
        ports = [{"containerPort": 8080}, {"containerPort": 53, "protocol": "UDP"}]
        spec = {"nodeName": node, "containers": [{"name": "main", "image": "nginx", "ports": ports}]}
        self.apply("Pod", name, spec, labels={"app": "web"}, annotations=annotations or {})
        self.cluster.wait(f"pod/{name}", "Ready", namespace=self.namespace)

    def apply(self, kind: str, name: str, spec: Any, version: str = "v1", **metadata: Any) -> None:
        obj = {"apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}
        self.cluster.apply(obj, namespace=self.namespace)

    def patch(self, spec: Any) -> None:
        self.cluster.patch("service/shop", {"spec": spec}, namespace=self.namespace)
        self.cluster.settle()

    def at(self, port: int = 0, node: str = "") -> tuple[str, int]:
        if not port:
            port = self.cluster.get("service/shop", namespace=self.namespace)["spec"]["ports"][0]["nodePort"]
        host, _, number = self.cluster.listening("shop", port=port, node=node, namespace=self.namespace).rpartition(":")
        return host, int(number)

    def who(self, port: int = 0, node: str = "", source: str = "") -> dict[str, str]:
        """What the page tells."""
        with connected(self.at(port, node), source) as connection:
            connection.sendall(b"GET /cart HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
            told = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
        return dict(line.split(": ", 1) for line in told.partition("Hello from")[2].splitlines()[1:])

    def silent(self, node: str = "", source: str = "") -> bool:
        """Whether a connection is left without an answer."""
        with connected(self.at(node=node), source) as connection:
            connection.settimeout(0.3)
            with contextlib.suppress(BrokenPipeError):
                connection.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
            try:
                connection.recv(1)
            except TimeoutError:
                return True
            return False


def connected(at: tuple[str, int], source: str = "") -> socket.socket:
    return socket.create_connection(at, timeout=PATIENCE, source_address=(source, 0) if source else None)


@pytest.fixture
def shop(shared_cluster: Cluster) -> Shop:
    return Shop(shared_cluster)


def test_curl_is_answered_through_any_node(shop: Shop) -> None:
    for number in (1, 2, 3):
        host, port = shop.at(node=f"node-{number}")
        assert host == f"127.0.10.{number}"
        command = ["curl", "--silent", "--show-error", "--max-time", "20", f"http://{host}:{port}/cart"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert told.startswith("Hello from web-")
        assert "path: /cart" in told


def test_the_pod_sees_the_address_that_traces_tell_of(shop: Shop) -> None:
    assert shop.who(node="node-1")["client"] == "172.18.0.3"
    shop.patch({"externalTrafficPolicy": "Local"})
    assert shop.who(node="node-2", source="127.0.0.9")["client"] == "127.0.0.9"


def test_a_local_policy_answers_only_where_a_pod_is(shop: Shop) -> None:
    shop.patch({"externalTrafficPolicy": "Local"})
    assert {shop.who(node="node-2")["pod"] for _ in range(5)} == {"web-1"}
    assert {shop.who(node="node-3")["pod"] for _ in range(5)} == {"web-2"}
    assert shop.silent(node="node-1")


def test_every_pod_is_as_likely_as_the_others(shared_cluster: Cluster) -> None:
    shop = Shop(shared_cluster, pods=4)
    found = Counter(shop.who()["pod"] for _ in range(120))
    deviation = sum((found[f"web-{number}"] - 30) ** 2 / 30 for number in range(1, 5))
    assert deviation < 16.3, f"chi-square of 3 degrees, p = 0.001: {found}"


def test_a_client_stays_with_its_pod_for_its_time(shop: Shop) -> None:
    config = {"clientIP": {"timeoutSeconds": 600}}
    shop.patch({"sessionAffinity": "ClientIP", "sessionAffinityConfig": config})
    clients = [f"127.0.0.{number}" for number in range(2, 12)]
    first = {client: shop.who(source=client)["pod"] for client in clients}
    assert set(first.values()) == {"web-1", "web-2"}
    assert first == {client: shop.who(source=client)["pod"] for client in clients}
    shop.cluster.clock.advance(minutes=11)
    assert first != {client: shop.who(source=client)["pod"] for client in clients}


def test_a_pod_that_is_not_ready_gets_nothing(shop: Shop) -> None:
    ready = [{"type": "Ready", "status": "False", "reason": "test"}]
    shop.cluster.patch(
        "pod/web-1", {"status": {"conditions": ready}}, namespace=shop.namespace, subresource="status", kind="strategic"
    )
    shop.cluster.settle()
    assert {shop.who()["pod"] for _ in range(8)} == {"web-2"}


def test_without_any_pod_connections_are_refused(shop: Shop) -> None:
    at = shop.at()
    shop.cluster.delete("pod", labels="app=web", namespace=shop.namespace)
    shop.cluster.settle()
    with pytest.raises(LookupError):
        shop.at()
    with pytest.raises(ConnectionRefusedError):
        connected(at)
    shop.start("web-9")
    assert shop.who()["pod"] == "web-9"


def test_policies_decide_by_the_clients_address(shop: Shop) -> None:
    shop.patch({"externalTrafficPolicy": "Local"})
    ingress = [{"from": [{"ipBlock": {"cidr": "127.0.0.7/32"}}]}]
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress}
    shop.apply("NetworkPolicy", "some", spec, "networking.k8s.io/v1")
    shop.cluster.settle()
    assert shop.silent(node="node-2", source="127.0.0.8")
    assert shop.who(node="node-2", source="127.0.0.7")["pod"] == "web-1"


def test_a_node_that_is_off_swallows_what_is_sent_to_it(shop: Shop) -> None:
    with shop.cluster.faults.inject("node", "down", match={"name": "node-1"}):
        assert shop.silent(node="node-1")
        assert shop.who(node="node-2")["pod"].startswith("web-")
    assert shop.who(node="node-1")["pod"].startswith("web-")


def test_cluster_ips_and_load_balancers_have_loopback_addresses(shop: Shop) -> None:
    shop.patch({"type": "LoadBalancer"})
    assert shop.who(port=80)["pod"].startswith("web-")
    found = shop.cluster.run(shop.cluster.member.control.dataplane())["listeners"]
    own = [each for each in found if each["owner"] == f"service/{shop.namespace}/shop"]
    assert {each["entry"] for each in own} == {"cluster IP", "load balancer", "node port"}
    assert len({each["at"] for each in own}) == 5


def test_a_health_check_node_port_tells_of_the_nodes_own_endpoints(shop: Shop) -> None:
    shop.patch({"type": "LoadBalancer", "externalTrafficPolicy": "Local"})
    port = shop.cluster.get("service/shop", namespace=shop.namespace)["spec"]["healthCheckNodePort"]
    codes = {}
    for node in ("node-1", "node-2", "node-3"):
        with connected(shop.at(port, node)) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda c=connection: c.recv(65_536), b""))
            codes[node] = answer.split()[1], answer.rpartition(b'"localEndpoints":')[2][:1]
    assert codes == {"node-1": (b"503", b"0"), "node-2": (b"200", b"1"), "node-3": (b"200", b"1")}


def test_a_function_of_the_tests_answers(shop: Shop) -> None:
    @shop.cluster.serve("shop", port=8080, namespace=shop.namespace)
    async def answer(request: HttpRequest) -> str:
        return f"own answer to {request.target} from {request.client}"

    host, port = shop.at(node="node-1")
    told = subprocess.run(["curl", "-sS", f"http://{host}:{port}/x?y=1"], capture_output=True, text=True, check=True)
    assert told.stdout == "own answer to /x?y=1 from 172.18.0.3"


def test_only_clusters_of_this_process_are_served_by_its_functions(shared_cluster: Cluster) -> None:
    with Cluster(url=shared_cluster.url.partition("/clusters/")[0]) as remote:
        with pytest.raises(RuntimeError, match=r"fauxkube\.io/local-port"):
            remote.serve("web")(lambda _: "never")
        with pytest.raises(ValueError, match="no port of this machine"):
            remote.serve_local("web", "192.0.2.1:80")


# Local processes


def accept_once(handle: Callable[[socket.socket], None]) -> tuple[int, threading.Thread]:
    """A local process that takes one connection."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(PATIENCE)

    def run() -> None:
        with listening:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(PATIENCE)
                handle(connection)

    thread = threading.Thread(target=run)
    thread.start()
    return listening.getsockname()[1], thread


def echo_websocket(connection: socket.socket) -> None:
    """Shake hands (RFC 6455) and send one short message back."""
    head = connection.recv(65_536).decode()
    key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
    connection.sendall(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    frame = connection.recv(65_536)
    length, mask = frame[1] & 0x7F, frame[2:6]
    text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(frame[6 : 6 + length]))
    connection.sendall(bytes((0x81, length)) + text)
    connection.recv(65_536)


def test_a_websocket_goes_through_to_a_local_process(shared_cluster: Cluster) -> None:
    port, thread = accept_once(echo_websocket)
    shop = Shop(shared_cluster, pods=0)
    shop.start("web", annotations={"fauxkube.io/local-port.8080": str(port)})
    host, number = shop.at(node="node-2")
    client = websocket.create_connection(f"ws://{host}:{number}/chat", timeout=PATIENCE)
    client.send("hello")
    assert client.recv() == "hello"
    client.close()
    thread.join(PATIENCE)


def test_a_websocket_goes_through_the_api_to_a_local_process(shared_cluster: Cluster) -> None:
    port, thread = accept_once(echo_websocket)
    shop = Shop(shared_cluster, pods=0)
    shop.start("web", annotations={"fauxkube.io/local-port.8080": str(port)})
    shared_cluster.settle()
    base = shared_cluster.url.replace("http://", "ws://")
    path = f"/api/v1/namespaces/{shop.namespace}/services/shop:http/proxy/chat"
    client = websocket.create_connection(f"{base}{path}", timeout=PATIENCE)
    client.send("hello")
    assert client.recv() == "hello"
    client.close()
    thread.join(PATIENCE)


def test_bulk_data_arrives_whole_in_both_directions(shared_cluster: Cluster) -> None:
    sent = os.urandom(1 << 20) * 8

    def echo(connection: socket.socket) -> None:
        received = b"".join(iter(lambda: connection.recv(1 << 20), b""))
        connection.sendall(received)

    port, thread = accept_once(echo)
    shop = Shop(shared_cluster, pods=0)
    shop.start("web", annotations={"fauxkube.io/local-port": str(port)})
    with connected(shop.at()) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: connection.recv(1 << 20), b"")) == sent
    thread.join(PATIENCE)


def test_a_local_process_that_is_not_there_resets_connections(shared_cluster: Cluster) -> None:
    shop = Shop(shared_cluster, pods=0)
    shop.start("web", annotations={"fauxkube.io/local-port": "1"})
    with connected(shop.at()) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)


def test_connections_to_a_pod_that_goes_are_reset(shop: Shop) -> None:
    with connected(shop.at()) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        shop.cluster.delete("pod", labels="app=web", namespace=shop.namespace)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_datagrams_go_to_the_page_or_a_local_process_and_back(shared_cluster: Cluster) -> None:
    ports = [{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53}]
    shop = Shop(shared_cluster, pods=1, ports=ports)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.sendto(b"hello", shop.at())
        assert client.recv(2000).startswith(b"Hello from web-1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(PATIENCE)
        server.bind(("127.0.0.1", 0))
        shop.cluster.serve_local("pod/web-1", server.getsockname()[1], namespace=shop.namespace)
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
        for number, each in enumerate(clients):
            each.settimeout(PATIENCE)
            each.sendto(b"from %d" % number, shop.at())
        for _ in clients:
            data, address = server.recvfrom(2000)
            server.sendto(b"echo " + data, address)
        assert [each.recv(2000) for each in clients] == [b"echo from 0", b"echo from 1", b"echo from 2"]
        for each in clients:
            each.close()


# Ports


def test_a_port_that_another_program_has_is_served_nearby_and_told(shop: Shop) -> None:
    number = next(port for port in range(32700, 32767) if _is_free(port))
    with socket.create_server(("127.0.10.3", number)):
        shop.patch({"ports": [{"name": "http", "port": 80, "targetPort": 8080, "nodePort": number}]})
        assert shop.at(node="node-3") != ("127.0.10.3", number)
        assert shop.who(node="node-3")["pod"].startswith("web-")
        shop.cluster.settle()
        events = [each["message"] for each in shop.cluster.events(namespace=shop.namespace)]
        assert any("127.0.10.3" in each and "in use by another program" in each for each in events), events


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.10.3", port)).close()
    except OSError:
        return False
    return True


def test_nodes_keep_their_own_numbers_whatever_addresses_they_come_back_with(shared_cluster: Cluster) -> None:
    with Cluster(nodes=3, settings={"dataplane": True}) as cluster:
        for name in ("node-2", "node-3"):
            cluster.delete(f"node/{name}")
        cluster.settle()
        for name in ("node-3", "node-2"):
            cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
            cluster.settle()
        nodes = cluster.run(cluster.member.control.dataplane())["nodes"]
        assert next(each["address"] for each in nodes if each["name"] == "node-3") == "172.18.0.4", "node-2's before"
        assert {each["name"]: each["loopback"][-5:] for each in nodes} == {
            "node-1": ".10.1",
            "node-2": ".10.2",
            "node-3": ".10.3",
        }


def test_sctp_is_refused_by_name(shared_cluster: Cluster) -> None:
    shop = Shop(shared_cluster, ports=[{"port": 80, "protocol": "SCTP", "targetPort": 8080}])
    found = shop.cluster.run(shop.cluster.member.control.dataplane())["listeners"]
    own = [each for each in found if each["owner"] == f"service/{shop.namespace}/shop"]
    assert {(each["problem"], each["at"]) for each in own} == {("SCTP is not served on loopback", "")}


def test_services_come_and_go_while_connections_run_and_nothing_is_left_open(shared_cluster: Cluster) -> None:
    lasting = Shop(shared_cluster)
    with connected(lasting.at()) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        before = _sockets()
        for _ in range(5):
            passing = Shop(shared_cluster, pods=1)
            assert passing.who()["pod"] == "web-1"
            passing.cluster.delete("service/shop", namespace=passing.namespace)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        until(lambda: _sockets() <= before)


def _sockets() -> int:
    names = (os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.exists())
    return sum(name.startswith("socket:") for name in names)


def test_each_cluster_of_a_server_has_addresses_of_its_own_which_a_reset_gives_back(shared_cluster: Cluster) -> None:
    with Cluster(nodes=3, settings={"dataplane": True}) as other:
        shop = Shop(other, pods=1)
        assert shop.at()[0].startswith("127.1.10.")
        at = shop.at()
        other.reset()
        with pytest.raises(ConnectionRefusedError):
            connected(at)
        assert Shop(other, pods=1).who()["pod"] == "web-1"


@pytest.mark.parametrize(
    "ranges",
    [
        pytest.param({"cluster_cidr": "fd00:10:244::/56", "service_cidr": "fd00:10:96::/112"}, id="IPv6 alone"),
        pytest.param(
            {"cluster_cidr": "10.244.0.0/16,fd00:10:244::/56", "service_cidr": "10.96.0.0/16,fd00:10:96::/112"},
            id="both families",
        ),
    ],
)
def test_clusters_of_other_families_are_served_too(shared_cluster: Cluster, ranges: dict[str, str]) -> None:
    with Cluster(nodes=3, settings={"dataplane": True, **ranges}) as other:
        shop = Shop(other, pods=1, type="LoadBalancer", ipFamilyPolicy="PreferDualStack")
        found = other.run(other.member.control.dataplane())["listeners"]
        own = [each for each in found if each["owner"] == f"service/{shop.namespace}/shop"]
        assert {each["entry"] for each in own} == {"cluster IP", "load balancer", "node port"}
        for each in own:
            host, _, port = each["at"].rpartition(":")
            with connected((host, int(port))) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert connection.recv(65_536).startswith(b"HTTP/1.1 200"), each


def test_without_being_asked_for_nothing_listens(shared_cluster: Cluster) -> None:
    with Cluster(nodes=3) as cluster:
        shop = Shop(cluster, pods=1)
        with pytest.raises(LookupError):
            shop.at()
