"""What the ingress controller of a cluster answers on loopback: HTTP, and HTTPS with the certificates of secrets.

Requests go to an endpoint as `network.ingress` and `network.ingress_way` say, with `X-Forwarded-For`, `-Proto` and
`-Host` and the `Host` that they came with. A host without a certificate of its own gets one that is made here, by
nobody anybody trusts.
"""

from __future__ import annotations

import ssl
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fauxkube.kinds.gvrs import SECRETS
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.machinery.objects import Object
from fauxkube.network.dial import dial
from fauxkube.network.ingress import Routed, host_of
from fauxkube.network.ingress_way import sent
from fauxkube.network.places import Place

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster
    from fauxkube.dataplane.bindings import Binding
    from fauxkube.workloads.http_server import Answer

_FORWARDED = frozenset({"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"})
_OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})


class ClusterIngress:
    """The ingress controller of one cluster, as its clients meet it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._secrets = cluster.informers.of(SECRETS)
        #: By the key and the resource version of a secret: what its certificate makes, None where it makes none.
        self._made: dict[tuple[str, str], ssl.SSLContext | None] = {}

    def answer(self, binding: Binding, client: str) -> Answer:
        """What answers a client of a node's port."""
        scheme = "https" if binding.port == 443 else "http"
        return partial(self._answer, binding.node, client, scheme)

    @cached_property
    def context(self) -> ssl.SSLContext:
        """For TLS: the certificate is chosen by the name that the client says it wants."""
        context = _new_context(*_own_certificate())
        context.sni_callback = self._choose
        return context

    async def _answer(self, node_name: str, client: str, scheme: str, request: HttpRequest) -> HttpResponse:
        topology = self._cluster.network.now()
        node = topology.nodes.by_name.get(node_name)
        if node is None:
            return _told(503, f"there is no node {node_name} any more")
        host, path = host_of(request.header("Host")), request.target.partition("?")[0]
        routed = topology.ingresses.routes.find(host, path)
        version = 6 if node.addresses and ":" in node.addresses[0] else 4
        found = sent(topology, routed, node, version=version)
        if not found.usable or routed is None:
            return _told(found.status, f"{host}{path}: {found.problem}")
        choice = self._cluster.network.choice()
        (endpoint,) = choice.of(found.usable)
        place = Place(node=node, address=node.addresses[0])
        dialled = dial(topology, place, endpoint.address, endpoint.port, choice=choice)
        if dialled.end is not None:
            return _told(502 if dialled.refused else 504, f"{endpoint}: {dialled.end.message}")
        pod = topology.pods.by_key.get(dialled.pod)
        if pod is None:
            return _told(502, f"{endpoint} is no pod of this cluster")
        onward = replace(request, headers=_headers(request, client, scheme), client=dialled.source)
        return await self._sent(pod.object, dialled.port, onward, routed)

    async def _sent(self, pod: Object, port: int, request: HttpRequest, routed: Routed) -> HttpResponse:
        try:
            response = await self._cluster.workloads.serving.request(pod, port, request)
        except OSError as error:
            return _told(502, f"{routed.ingress}: {error}")
        kept = tuple(header for header in response.headers if header[0].lower() not in _OF_THE_CONNECTION)
        return replace(response, headers=kept)

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        key = self._cluster.network.now().ingresses.routes.secret((name or "").lower())
        if (found := self._of_secret(key)) is not None:
            connection.context = found

    def _of_secret(self, key: str) -> ssl.SSLContext | None:
        secret = self._secrets.get(key) if key else None
        if secret is None:
            return None
        version = (key, secret["metadata"]["resourceVersion"])
        if version not in self._made:
            self._made = {known: made for known, made in self._made.items() if known[0] != key}
            data = secret.get("data") or {}
            try:
                parts = [b64decode(data.get(name) or "") for name in ("tls.crt", "tls.key")]
                self._made[version] = _new_context(*parts)
            except (ssl.SSLError, Base64Error, ValueError):
                self._made[version] = None
        return self._made[version]


def _headers(request: HttpRequest, client: str, scheme: str) -> tuple[tuple[str, str], ...]:
    dropped = _FORWARDED | _OF_THE_CONNECTION
    kept = [header for header in request.headers if header[0].lower() not in dropped]
    kept += [("X-Real-IP", client), ("X-Forwarded-For", client)]
    kept += [("X-Forwarded-Host", request.header("Host")), ("X-Forwarded-Proto", scheme)]
    return tuple(kept)


def _told(code: int, problem: str) -> HttpResponse:
    return HttpResponse(code, f"{code}: {problem}\n".encode(), (("Content-Type", "text/plain; charset=utf-8"),))


def _new_context(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """A server's context; ssl.SSLError when certificate and key are none, or no pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    with _files(certificate, key) as (certificate_file, key_file):
        context.load_cert_chain(certificate_file, key_file)
    return context


@contextmanager
def _files(*contents: bytes) -> Iterator[list[Path]]:
    """Files with these contents, which only this user can read: the `ssl` module reads nothing else."""
    with TemporaryDirectory(prefix="fauxkube-") as folder:
        paths = [Path(folder) / str(number) for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        yield paths


def _own_certificate() -> tuple[bytes, bytes]:
    """A certificate for any host, signed by itself, and its key, in PEM."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fauxkube ingress")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ingress.local")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return built.public_bytes(pem), private
