"""Ingresses of our own controller: their addresses and events, and curl through them by HTTP and HTTPS."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fauxkube.kit.exchange import HttpRequest
from fauxkube.testing import Cluster
from fauxkube.testing.servers import stop_servers

_numbers = count(1)
NETWORKING = "networking.k8s.io/v1"


@pytest.fixture(scope="module")
def shared_cluster(loopback: None) -> Iterator[Cluster]:
    with Cluster(nodes=2, seed=6, settings={"dataplane": True, "ingress": True}) as cluster:
        yield cluster
    stop_servers()


class Site:
    """A namespace with a service `shop`, and a host of its own."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        number = next(_numbers)
        self.namespace, self.host = f"site-{number}", f"site-{number}.example"
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        container = {"name": "web", "image": "nginx", "ports": [{"containerPort": 8080}]}
        self.apply("Pod", "web", {"containers": [container]}, labels={"app": "web"})
        ports = [{"name": "http", "port": 80, "targetPort": 8080}]
        self.apply("Service", "shop", {"selector": {"app": "web"}, "ports": ports})
        cluster.wait("pod/web", "Ready", namespace=self.namespace)

    def apply(self, kind: str, name: str, spec: Any, version: str = "v1", **metadata: Any) -> None:
        obj = {"apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}
        self.cluster.apply(obj, namespace=self.namespace)

    def route(self, path: str = "/", service: str = "shop", **spec: Any) -> None:
        """An ingress for the host."""
        backend = {"service": {"name": service, "port": {"name": "http"}}}
        paths = [{"path": path, "pathType": "Prefix", "backend": backend}]
        self.apply("Ingress", "site", {"rules": [{"host": self.host, "http": {"paths": paths}}], **spec}, NETWORKING)
        self.cluster.settle()

    def at(self, port: int, node: str = "node-1") -> str:
        """Where the controller listens for a port of a node."""
        found = self.cluster.run(self.cluster.member.control.dataplane())["listeners"]
        return next(
            str(each["at"]) for each in found if (each["entry"], each["port"], each["node"]) == ("ingress", port, node)
        )

    def curl(self, path: str = "/", *args: str, scheme: str = "http", host: str = "") -> tuple[int, str]:
        """The status, and the body or what curl complains of."""
        host = host or self.host
        port = 443 if scheme == "https" else 80
        address = self.at(port)
        connect = f"{host}:{port}:{address}"
        command = ["curl", "-sS", "--max-time", "20", "--connect-to", connect, "-w", "\n%{http_code}", *args]
        done = subprocess.run([*command, f"{scheme}://{host}{path}"], capture_output=True, text=True, check=False)
        body, _, code = done.stdout.rpartition("\n")
        return int(code), body if done.returncode == 0 else done.stderr

    def messages(self) -> list[tuple[str, str]]:
        found = self.cluster.events(namespace=self.namespace)
        return [
            (each["reason"], each["message"])
            for each in found
            if (each.get("involvedObject") or {}).get("kind") == "Ingress"
        ]


@pytest.fixture
def site(shared_cluster: Cluster) -> Site:
    return Site(shared_cluster)


def certificate(host: str, folder: Path) -> tuple[Path, dict[str, str]]:
    """A certificate that is its own authority: its file, and the data of its secret."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    public = made.public_bytes(pem)
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{host}.pem"
    path.write_bytes(public)
    encoded = {"tls.crt": base64.b64encode(public).decode(), "tls.key": base64.b64encode(private).decode()}
    return path, encoded


def test_an_ingress_without_a_class_is_ours_and_has_the_nodes_addresses(site: Site) -> None:
    site.route()
    found = site.cluster.get("ingress/site", namespace=site.namespace)
    assert found["spec"]["ingressClassName"] == "fauxkube"
    assert found["status"]["loadBalancer"]["ingress"] == [{"ip": "172.18.0.3"}, {"ip": "172.18.0.4"}]
    assert ("Sync", "Scheduled for sync") in site.messages()


def test_the_addresses_are_those_of_the_nodes_that_are_ready(site: Site) -> None:
    site.route()
    with site.cluster.faults.inject("node", "not-ready", match={"name": "node-2"}):
        site.cluster.clock.advance(minutes=2)
        points = site.cluster.get("ingress/site", namespace=site.namespace)["status"]["loadBalancer"]["ingress"]
        assert points == [{"ip": "172.18.0.3"}]
    site.cluster.clock.advance(minutes=2)
    points = site.cluster.get("ingress/site", namespace=site.namespace)["status"]["loadBalancer"]["ingress"]
    assert len(points) == 2


def test_ingresses_of_other_controllers_are_left_alone(site: Site) -> None:
    site.apply("IngressClass", f"other-{site.namespace}", {"controller": "example.com/other"}, NETWORKING)
    site.route(ingressClassName=f"other-{site.namespace}")
    assert site.cluster.get("ingress/site", namespace=site.namespace)["status"] == {"loadBalancer": {}}
    assert site.messages() == []


def test_curl_is_sent_on_by_host_and_path(site: Site) -> None:
    site.route("/cart")
    code, told = site.curl("/cart/1?x=y")
    assert (code, told.splitlines()[0]) == (200, "Hello from web")
    assert "path: /cart/1?x=y" in told
    assert f"host: {site.host}" in told
    assert site.curl("/")[0] == 404
    assert site.curl("/cart", host="other.example")[0] == 404


def test_the_backend_is_told_who_asked_for_what(site: Site) -> None:
    seen: list[HttpRequest] = []
    site.cluster.serve("web", namespace=site.namespace)(seen.append)
    site.route()
    sent = ["-H", "X-Forwarded-For: 192.0.2.1", "-H", "X-Own: kept", "--interface", "127.0.0.9"]
    assert site.curl("/", *sent)[0] == 204
    (request,) = seen
    names = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "X-Own")
    assert [request.header(name) for name in names] == ["127.0.0.9", "http", site.host, "127.0.0.9", "kept"]


def test_a_service_without_endpoints_is_answered_503(site: Site) -> None:
    site.route()
    site.cluster.delete("pod/web", namespace=site.namespace)
    site.cluster.settle()
    assert site.curl()[0] == 503


def test_what_is_not_there_is_told_by_an_event(site: Site) -> None:
    site.route(service="gone", tls=[{"hosts": [site.host], "secretName": "gone"}])
    assert set(site.messages()) == {
        ("ServiceNotFound", f"service gone is not in namespace {site.namespace}"),
        ("SecretNotFound", f"secret gone is not in namespace {site.namespace}"),
    }
    assert site.curl()[0] == 503


def test_a_backend_that_is_no_service_is_refused_by_an_event(site: Site) -> None:
    resource = {"resource": {"apiGroup": "example.com", "kind": "Bucket", "name": "files"}}
    site.apply("Ingress", "site", {"defaultBackend": resource}, NETWORKING)
    site.cluster.settle()
    assert site.messages() == [
        ("ResourceBackend", "backend Bucket files is no service: resource backends are not served")
    ]
    site.cluster.delete("ingress/site", namespace=site.namespace)


def test_https_has_the_certificate_of_the_hosts_secret(site: Site, tmp_path: Path) -> None:
    path, data = certificate(site.host, tmp_path)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "site"}, "type": "kubernetes.io/tls"}
    site.cluster.apply(secret | {"data": data}, namespace=site.namespace)
    site.route(tls=[{"hosts": [site.host], "secretName": "site"}])
    code, told = site.curl("/", "--cacert", str(path), scheme="https")
    assert (code, told.splitlines()[0]) == (200, "Hello from web")
    other, data = certificate(site.host, tmp_path)
    site.cluster.apply(secret | {"data": data}, namespace=site.namespace)
    site.cluster.settle()
    assert site.curl("/", "--cacert", str(other), scheme="https")[0] == 200, "a new certificate is used at once"


def test_a_host_without_a_certificate_has_one_that_nobody_trusts(site: Site) -> None:
    site.route()
    code, told = site.curl("/", scheme="https")
    assert code == 0
    assert "certificate" in told
    assert site.curl("/", "--insecure", scheme="https")[0] == 200


def test_traces_go_the_way_that_requests_go(site: Site) -> None:
    site.route("/cart")
    assert site.cluster.trace("outside", f"http://{site.host}/cart").reached
    assert site.cluster.trace("outside", f"http://{site.host}/x").reason == "IngressNotRouted"


def test_without_an_ingress_nothing_listens(site: Site) -> None:
    for each in site.cluster.list("ingresses", namespace=""):
        name, namespace = each["metadata"]["name"], each["metadata"]["namespace"]
        site.cluster.delete("ingress", name, namespace=namespace)
    site.cluster.settle()
    with pytest.raises(StopIteration):
        site.at(80)
