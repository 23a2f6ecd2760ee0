"""What a request is about: the cluster that is spoken to, the server's clusters, and the URL that the client used."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from fauxkube.server.control import ClusterHost, Control
from fauxkube.server.hosting import HOSTED, Hosted


def _hosted(request: Request) -> Hosted:
    hosted: Hosted = request.scope[HOSTED]
    return hosted


async def _control(request: Request) -> Control:
    return _hosted(request).control


async def _host(request: Request) -> ClusterHost:
    return _hosted(request).host


async def _server_url(request: Request) -> str:
    """Where the client reaches the server: what it says it has called, whatever a proxy on the way claims."""
    address = request.headers.get("host")
    if address is None:
        name, port = request.scope.get("server") or ("127.0.0.1", None)
        address = f"{name}:{port}" if port else name
    return f"{request.scope['scheme']}://{address}{_hosted(request).root}"


#: The cluster that the request is addressed to.
Addressed: TypeAlias = Annotated[Control, Depends(_control)]
#: The server's clusters.
Clusters: TypeAlias = Annotated[ClusterHost, Depends(_host)]
#: The server's URL as the client knows it.
ServerURL: TypeAlias = Annotated[str, Depends(_server_url)]
