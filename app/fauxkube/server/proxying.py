"""The subresource `proxy` of pods and services: the API server as a reverse proxy to what pods serve.

    /api/v1/namespaces/shop/pods/web:8080/proxy/cart       /api/v1/namespaces/shop/services/http:web:http/proxy/

A pod's port is the one named in the path, else the first that it declares; a service's is named by its name or number,
and a ready endpoint behind it is picked by chance. Messages and headers as upstream's `pkg/registry/core/pod`,
`pkg/registry/core/service` and apimachinery's `util/proxy`: what follows `proxy` is the path that is asked for,
credentials stay here, `X-Forwarded-For` and `X-Forwarded-Uri` tell of the client, links in HTML and `Location` lead
back through the proxy.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit, urlunsplit

import orjson

from fauxkube.kit.chance import Chance
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.kit.streams import Duplex
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.server import bodies
from fauxkube.server.asgi import Request, Response
from fauxkube.server.connections import Upgrade, offered
from fauxkube.server.paths import PROXY, RequestInfo
from fauxkube.server.pipelines import Pipelines

if TYPE_CHECKING:
    from fauxkube.server.streaming.takeover import Takeover

#: The largest body that is handed on, in bytes.
BODY_LIMIT = 64 * 1024 * 1024

_SCHEMES = frozenset({"", "http", "https"})
#: The ports that Go knows by name where it dials.
_KNOWN_PORTS = {"http": 80, "https": 443}
#: What concerns a connection and not the message (RFC 9110, 7.6.1, as Go's `httputil`), in lower case.
_OF_THE_CONNECTION = frozenset(
    (
        *("connection", "proxy-connection", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "content-length"),
    )
)
#: What only the API server is told.
_OWN = ("authorization", "impersonate-")
_CORS = "access-control-allow-"
#: What the server says itself in every answer.
_SAID_HERE = frozenset({"date", "audit-id"})


class Reaching(Protocol):
    """The way from the control plane to what pods serve."""

    async def reach(self, address: str, port: int, request: HttpRequest, *, scheme: str) -> HttpResponse:
        """What is answered there; OSError when nothing is, in the words of Go's `net/http`."""

    async def reach_out(self, address: str, port: int) -> Duplex:
        """A connection there; OSError when there is none, in the same words."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a request is to be sent."""

    scheme: str
    address: str
    port: int | str

    @property
    def number(self) -> int:
        """The port's number; 503 when its name means none."""
        port = self.port
        if isinstance(port, str):
            port = int(port) if port.isdigit() else _KNOWN_PORTS.get(port, 0)
        if not 0 < port < 65536:
            raise _unreachable(f"dial tcp: lookup tcp/{self.port}: unknown port")
        return port


class Proxy:
    """Hands requests on to pods."""

    def __init__(self, pipelines: Pipelines, reaching: Reaching, chance: Chance) -> None:
        self._pipelines = pipelines
        self._reaching = reaching
        self._chance = chance
        self._sessions: set[Takeover] = set()

    async def answer(self, request: Request, info: RequestInfo) -> Response | Takeover:
        """What the pod, or one of the service's, answers; a failure to get there is a `StatusError`."""
        find = self._pod if info.resource.plural == "pods" else self._service
        location = await find(info)
        before, path = _split_path(request)
        if (upgrade := offered(request.scope)) is not None:
            return await self._offer(request, upgrade, location, before + path, path)
        query = request.scope["query_string"].decode("latin-1")
        asked = f"?{query}" if query else ""
        if not path and request.method in {"GET", "HEAD"}:
            return Response(301, b"", b"", [(b"location", f"{before}/{asked}".encode("latin-1"))])
        body = await bodies.receive(request, BODY_LIMIT)
        headers = tuple(_outgoing(request, before + path))
        client = (request.scope.get("client") or ("",))[0]
        sent = HttpRequest(request.method, (path or "/") + asked, headers, body, client)
        answered = await self._reach(location, sent)
        return _incoming(sent, answered, location, before)

    def close(self) -> None:
        """End every session."""
        for session in tuple(self._sessions):
            session.close()

    async def _reach(self, location: Location, request: HttpRequest) -> HttpResponse:
        try:
            return await self._reaching.reach(location.address, location.number, request, scheme=location.scheme)
        except OSError as error:
            raise _unreachable(str(error)) from None

    async def _offer(
        self, request: Request, upgrade: Upgrade, location: Location, uri: str, path: str
    ) -> Response | Takeover:
        """Hand an offer of another protocol on."""
        from fauxkube.server.proxied_sessions import offer

        query = request.scope["query_string"].decode("latin-1")
        line = f"{request.method} {path or '/'}{f'?{query}' if query else ''} HTTP/1.1"
        headers = [header for header in _outgoing(request, uri) if header[0] != "X-Forwarded-Uri"]
        try:
            backend = await self._reaching.reach_out(location.address, location.number)
        except OSError as error:
            raise StatusError(500, "", f"error dialing backend: {error}") from None
        answer = await offer(backend, upgrade, line, headers, done=self._sessions.discard)
        if not isinstance(answer, Response):
            self._sessions.add(answer)
        return answer

    # Where to

    async def _pod(self, info: RequestInfo) -> Location:
        scheme, name, port = _read_id(info.name, "pod")
        pod = await self._get("pods", info.namespace, name)
        if not port:
            declared = (each for container in pod["spec"]["containers"] for each in container.get("ports") or ())
            port = str(next((each["containerPort"] for each in declared), ""))
        address = next(iter(_pod_ips(pod)), "")
        if not address:
            raise status.bad_request("address not allowed")
        return Location(scheme or "http", address, port or (443 if scheme == "https" else 80))

    async def _service(self, info: RequestInfo) -> Location:
        scheme, name, port = _read_id(info.name, "service")
        if port.isdigit():
            service = await self._get("services", info.namespace, name)
            found = (each for each in service["spec"].get("ports") or () if each["port"] == int(port))
            declared = next(found, None)
            if declared is None:
                raise _unavailable(f'no service port {port} found for service "{name}"')
            port = declared.get("name") or ""
        subsets = (await self._get("endpoints", info.namespace, name)).get("subsets") or []
        if not subsets:
            raise _unavailable(f'no endpoints available for service "{name}"')
        for subset in self._from_anywhere(subsets):
            for each in subset.get("ports") or ():
                if (each.get("name") or "") == port and (address := await self._backend(subset, info.namespace)):
                    return Location(scheme or "http", address, each["port"])
        raise _unavailable(f'no endpoints available for service "{info.name}"')

    async def _backend(self, subset: Object, namespace: str) -> str:
        """The address of a pod that still has it; empty when none does."""
        for each in self._from_anywhere(subset.get("addresses") or []):
            target = each.get("targetRef") or {}
            if target.get("kind", "Pod") != "Pod" or target.get("namespace") != namespace:
                continue
            try:
                pod = await self._get("pods", namespace, target["name"])
            except StatusError:
                continue
            if each["ip"] in _pod_ips(pod):
                return str(each["ip"])
        return ""

    def _from_anywhere(self, items: list[Object]) -> list[Object]:
        """All of them in their order, beginning with any."""
        start = self._chance.choice(range(len(items))) if items else 0
        return items[start:] + items[:start]

    async def _get(self, plural: str, namespace: str, name: str) -> Object:
        resource = self._pipelines.catalogue.find("", "v1", plural)
        assert resource is not None
        obj: Object = orjson.loads(await self._pipelines.get(resource, namespace, name))
        return obj


def _read_id(text: str, kind: str) -> tuple[str, str, str]:
    """Scheme, name and port of `name`, `name:port` or `scheme:name:port`."""
    parts = text.split(":")
    if len(parts) == 1:
        parts = ["", parts[0], ""]
    elif len(parts) == 2:
        parts = ["", *parts]
    if len(parts) != 3 or parts[0] not in _SCHEMES or not parts[1]:
        raise status.bad_request(f'invalid {kind} request "{text}"')
    scheme, name, port = parts
    return scheme, name, port


def _pod_ips(pod: Object) -> list[str]:
    return [each["ip"] for each in (pod.get("status") or {}).get("podIPs") or () if each.get("ip")]


def _split_path(request: Request) -> tuple[str, str]:
    """The path as it was sent, up to `proxy` and after it."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    parts = raw.partition(b"?")[0].decode("latin-1").split("/")
    shown = request.path.split("/")
    end = len(request.root.split("/")) + shown.index(PROXY, 4 if shown[3] != "namespaces" else 6)
    before = "/".join(parts[:end])
    return before, "".join(f"/{part}" for part in parts[end:])


def _unreachable(problem: str) -> StatusError:
    return _unavailable(f"error trying to reach service: {problem}")


def _unavailable(message: str) -> StatusError:
    return StatusError(503, "ServiceUnavailable", message)


# Headers


def _outgoing(request: Request, uri: str) -> Iterator[tuple[str, str]]:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]]
    dropped = _OF_THE_CONNECTION | _named_by_connection(headers)
    forwarded = []
    for name, value in headers:
        lower = name.lower()
        if lower == "x-forwarded-for":
            forwarded.append(value)
        elif lower not in dropped and lower != "x-forwarded-uri" and not lower.startswith(_OWN):
            yield name, value
    client = (request.scope.get("client") or ("",))[0]
    if client:
        yield "X-Forwarded-For", ", ".join([*forwarded, client])
    yield "X-Forwarded-Uri", uri


def _incoming(request: HttpRequest, response: HttpResponse, location: Location, before: str) -> Response:
    host = f"{location.address}:{location.port}"
    body, headers = response.body, []
    dropped = _OF_THE_CONNECTION | _named_by_connection(response.headers) | _SAID_HERE
    for name, value in response.headers:
        lower = name.lower()
        if lower in dropped or lower == "content-type" or lower.startswith(_CORS):
            continue
        shown = rewritten(value, before, {host, request.header("Host")}) if lower == "location" else value
        headers.append((lower.encode("latin-1"), shown.encode("latin-1")))
    content_type = response.header("Content-Type")
    if content_type.partition(";")[0].strip() == "text/html" and not response.header("Location"):
        from fauxkube.server.proxied_pages import rewritten_page

        encoding = response.header("Content-Encoding")
        body = rewritten_page(body, encoding, lambda url: rewritten(url, before, {host, request.header("Host")}))
    return Response(response.status, body, content_type.encode("latin-1"), headers)


def _named_by_connection(headers: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The headers that a `Connection` header says are its own."""
    named = (value for name, value in headers if name.lower() == "connection")
    return frozenset(each.strip().lower() for value in named for each in value.split(","))


def rewritten(url: str, before: str, hosts: set[str]) -> str:
    """A link of a page at one of these hosts, as it leads through the proxy; others are left as they are."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if (parts.netloc and parts.netloc not in hosts) or not parts.path.startswith("/"):
        return url
    path = parts.path
    if not path.startswith(before):
        path = posixpath.normpath(f"{before}/{path.lstrip('/')}") + ("/" if path.endswith("/") else "")
    return urlunsplit(("", "", path, parts.query, parts.fragment))
