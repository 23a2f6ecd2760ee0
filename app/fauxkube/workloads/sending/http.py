"""HTTP requests over such connections, answered by what is at their other end."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urljoin

import orjson

from fauxkube.kit.exchange import Headers, HttpRequest, HttpResponse
from fauxkube.network.proxy import health_check, ports_of
from fauxkube.network.topology import Topology
from fauxkube.workloads.process import Process
from fauxkube.workloads.sending.dialling import Connection

_url = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:[^@/?#]*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/?#\[\]\s]+)(?::(?P<port>[0-9]{1,5}))?(?P<target>[/?][^#\s]*)?(?:#.*)?"
).fullmatch
_PORTS = {"http": 80, "https": 443}
_TLS_WANTED = "Client sent an HTTP request to an HTTPS server.\n"


class NoTlsError(Exception):
    """TLS was spoken to what answers plain HTTP."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL, read."""

    scheme: str
    host: str
    port: int
    target: str
    #: The host as it was written, with its port if that was.
    authority: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    def joined(self, location: str) -> Url | None:
        """Where a redirection leads."""
        return read_url(urljoin(str(self), location))


def read_url(text: str) -> Url | None:
    """The URL that the text means, without a scheme one of HTTP; None when it is none."""
    match = _url(text)
    if match is None:
        return None
    scheme = (match["scheme"] or "http").lower()
    port = int(match["port"] or _PORTS.get(scheme, 0))
    if scheme not in _PORTS or not 0 < port < 65536:
        return None
    target = match["target"] or "/"
    authority = match["host"] + (f":{match['port']}" if match["port"] else "")
    return Url(scheme, match["host"].strip("[]"), port, target if target[0] == "/" else f"/{target}", authority)


async def ask(process: Process, connection: Connection, request: HttpRequest, *, scheme: str) -> HttpResponse:
    """What is answered; ConnectionRefusedError and NoTlsError."""
    network = process.container.surroundings.network
    topology = await process.container.look()
    request = replace(request, client=connection.source)
    if connection.is_api:
        if scheme != "https":
            return HttpResponse(400, _TLS_WANTED.encode())
        return await network.api(request)
    if connection.pod:
        pod = topology.pods.by_key.get(connection.pod)
        if pod is None:
            raise ConnectionRefusedError
        try:
            return await network.request(pod.object, connection.pod_port, request, scheme=scheme)
        except ConnectionRefusedError:
            raise
        except OSError as error:
            raise NoTlsError from error
    return _at_node(topology, connection, scheme)


def _at_node(topology: Topology, connection: Connection, scheme: str) -> HttpResponse:
    """What listens on nodes: the kubelet, kube-proxy, and its health checks of services."""
    if connection.pod_port == 10250:
        if scheme == "https":
            return HttpResponse(401, b"Unauthorized")
        return HttpResponse(400, _TLS_WANTED.encode())
    if scheme == "https":
        raise NoTlsError
    service = topology.services.rules.health_checks.get(connection.pod_port)
    if service is None:
        return HttpResponse(200, b"ok")
    version = 6 if ":" in connection.address else 4
    ports = ports_of(topology.services.by_key[service])
    endpoints = [each for port in ports for each in topology.slices.endpoints(port, version=version)]
    code, body = health_check(service, endpoints, connection.node)
    return HttpResponse(code, orjson.dumps(body), (("Content-Type", "application/json"),))


def status_line(response: HttpResponse) -> str:
    """`HTTP/1.1 200 OK`."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {response.status} {phrase}".rstrip()


def header_lines(response: HttpResponse) -> list[str]:
    """The headers as they are sent, the length of the body among them."""
    return [f"{name}: {value}" for name, value in (*response.headers, ("Content-Length", str(len(response.body))))]


def with_headers(defaults: Headers, given: Headers) -> Headers:
    """Headers with those that were given in place of, or beside, the ones that a client sends by itself."""
    names = {name.lower() for name, _ in given}
    kept = tuple(each for each in defaults if each[0].lower() not in names)
    return (*kept, *(each for each in given if each[1]))
