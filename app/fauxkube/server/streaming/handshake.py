"""How a connection changes its protocol: which version both sides know, and what the client is told.

A handshake that fails is answered as upstream's libraries do it, in plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fauxkube.server import responses
from fauxkube.server.asgi import Header, Request, Response

WEBSOCKET, SPDY = "websocket", "spdy/3.1"

_ACCEPTED = b"x-accepted-stream-protocol-versions"


@dataclass(frozen=True, slots=True)
class Switch:
    """The handshake's success: the version that was chosen, empty where the client named none, and the headers."""

    version: str
    headers: tuple[Header, ...]

    @property
    def head(self) -> bytes:
        """The answer's bytes."""
        lines = [b"HTTP/1.1 101 Switching Protocols", *(name + b": " + value for name, value in self.headers)]
        return b"\r\n".join([*lines, b"", b""])


def header_values(request: Request, name: bytes) -> list[str]:
    """The values of a header that is a list, in order."""
    lists = (value.decode("latin-1") for key, value in request.scope["headers"] if key == name)
    return [each.strip() for values in lists for each in values.split(",") if each.strip()]


def subprotocols(request: Request) -> list[str]:
    """The WebSocket subprotocols that the client knows."""
    return header_values(request, b"sec-websocket-protocol")


def websocket(request: Request, supported: Sequence[str], *, unnamed: bool = False) -> Switch | Response:
    """A WebSocket of the first supported subprotocol; `unnamed` says whether the client may name none."""
    from fauxkube.server.streaming.websocket import accept_key

    key = next((value for name, value in request.scope["headers"] if name == b"sec-websocket-key"), b"")
    if request.method != "GET":
        return responses.text(405, "Method Not Allowed\n")
    if header_values(request, b"sec-websocket-version") != ["13"]:
        return responses.text(400, "Bad Request\n")._replace(headers=[(b"sec-websocket-version", b"13")])
    if not key:
        return responses.text(400, "Bad Request\n")
    asked = subprotocols(request)
    version = next((each for each in asked if each in supported), None)
    if version is None and (asked or not unnamed):
        return responses.text(403, "")
    headers = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Sec-WebSocket-Accept", accept_key(key))]
    if version:
        headers.append((b"Sec-WebSocket-Protocol", version.encode("latin-1")))
    return Switch(version or "", tuple(headers))


def spdy(request: Request, supported: Sequence[str]) -> Switch | Response:
    """SPDY with streams as the first supported version uses them."""
    asked = header_values(request, b"x-stream-protocol-version")
    version = negotiated(asked, supported)
    if isinstance(version, Response):
        return version
    headers = [(b"Connection", b"Upgrade"), (b"Upgrade", b"SPDY/3.1")]
    if version:
        headers.append((b"X-Stream-Protocol-Version", version.encode("latin-1")))
    return Switch(version, tuple(headers))


def negotiated(asked: Sequence[str], supported: Sequence[str]) -> str | Response:
    """The version that both know; empty when the client names none, 403 when there is no such version."""
    version = next((each for each in asked if each in supported), "")
    if version or not asked:
        return version
    message = f"client supports {_listed(asked)}, server accepts {_listed(supported)}"
    refusal = responses.text(403, f"unable to upgrade: unable to negotiate protocol: {message}\n")
    headers = [*refusal.headers, *((_ACCEPTED, each.encode()) for each in supported)]
    return refusal._replace(headers=headers)


def _listed(versions: Iterable[str]) -> str:
    return f"[{' '.join(versions)}]"
