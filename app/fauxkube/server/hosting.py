"""The ASGI application of a whole server: many clusters behind one port, told apart by the path.

`/clusters/<name>/...` is that cluster's API, everything else the cluster `default`'s; each sees its own part of the
path, the rest is its `root_path`. What Kubernetes does not have (`/fauxkube/v1`, `/docs`) is answered for all of them
by one FastAPI app, which is imported when it is first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from fauxkube.machinery.status import StatusError
from fauxkube.server import errors, responses
from fauxkube.server.asgi import Receive, Request, Scope, Send
from fauxkube.server.control import ClusterHost, Control

if TYPE_CHECKING:
    from fastapi import FastAPI

DEFAULT: Final = "default"

#: What the path of every cluster begins with.
CLUSTERS: Final = "/clusters/"

#: Where our own endpoints find in their scope what they are about (`Hosted`).
HOSTED: Final = "fauxkube.hosted"

_OWN: Final = ("/fauxkube/", "/docs")

#: How many clusters are named to a client that asks for one that is not there.
_NAMED = 10


class Hosted(NamedTuple):
    """The cluster that is spoken to, the clusters of the server, and where the server's paths begin (often empty)."""

    control: Control
    host: ClusterHost
    root: str


class Hosting:
    """Hands each request to its cluster; `host` says which there are."""

    def __init__(self, host: ClusterHost) -> None:
        self._host = host
        self._own: FastAPI | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "http":
            await self._route(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003, "reason": "websockets are not served"})

    def close(self) -> None:
        """End every open watch, so that the server can stop at once."""
        for control in self._host.controls():
            control.application.close()

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        name, base = DEFAULT, scope.get("root_path", "")
        root = base
        if path.startswith(CLUSTERS, len(root)):
            name = path[len(root) + len(CLUSTERS) :].partition("/")[0]
            root = scope["root_path"] = f"{root}{CLUSTERS}{name}"
        control = self._host.find(name)
        if control is None:
            await _refuse(Request(scope, receive), send, self._missing(name))
            return
        control.enter()
        if path.startswith(_OWN, len(root)):
            scope[HOSTED] = Hosted(control, self._host, base)
            await self._own_app()(scope, receive, send)
        else:
            await control.application(scope, receive, send)

    def _own_app(self) -> FastAPI:
        if self._own is None:
            from fauxkube.server.own.app import create_app

            self._own = create_app()
        return self._own

    def _missing(self, name: str) -> StatusError:
        known = ", ".join(control.name for control in self._host.controls()[:_NAMED])
        message = f"there is no cluster {name!r} here, but {known}: POST /fauxkube/v1/clusters makes one"
        return StatusError(404, "NotFound", message, details={"name": name, "kind": "clusters"})


async def _refuse(request: Request, send: Send, error: StatusError) -> None:
    await responses.respond(send, request, errors.error_response(request, error), request.audit_id)


async def _live(receive: Receive, send: Send) -> None:
    """The lifespan protocol; the clusters start and stop elsewhere."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
