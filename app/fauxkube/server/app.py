"""The ASGI application of one cluster's API server: the Kubernetes tree, resolved without a framework, for speed."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.server import errors, health, paths, responses
from fauxkube.server.asgi import Receive, Request, Response, Scope, Send
from fauxkube.server.documents import Documents
from fauxkube.server.inspection import Inspection
from fauxkube.server.paths import RequestInfo
from fauxkube.server.pipelines import Pipelines
from fauxkube.server.verbs import Verbs, verb_of
from fauxkube.server.watching import Stream, Watches
from fauxkube.simulation.calls import Call
from fauxkube.simulation.users import Users

_READS = frozenset({"get", "list"})


class Application:
    """Answers HTTP for one cluster; `close` ends what is still being streamed."""

    def __init__(
        self,
        pipelines: Pipelines,
        *,
        inspection: Inspection,
        kubernetes_version: str,
        clock: Clock,
        chance: Chance,
        users: Users,
        writing: AbstractContextManager[object] | None = None,
    ) -> None:
        """`writing` is entered for as long as a request that writes is being answered; by many at a time."""
        self._writing = writing or nullcontext()
        self._clock = clock
        self._catalogue = pipelines.catalogue
        self._inspection = inspection
        self._users = users
        # Requests draw apart from what they are about, or looking on would change what comes to be.
        self._chance = chance.of("requests")
        self._verbs = Verbs(pipelines, clock=clock)
        self._watches = Watches(pipelines, clock=clock, chance=self._chance)
        self._documents = Documents(pipelines.catalogue, pipelines.schemas, kubernetes_version=kubernetes_version)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry, for HTTP."""
        await self._serve(Request(scope, receive), scope, send)

    def close(self) -> None:
        """End every open watch, so that the server can stop at once."""
        self._watches.close()

    async def _serve(self, request: Request, scope: Scope, send: Send) -> None:
        audit_id = request.audit_id or self._chance.uuid().encode()
        call = request.call(self._clock.now())
        if request.authorization:
            request.user = call.user = self._users.name_of(request.authorization)
        try:
            answer = await self._answer(request, scope, call)
        except Exception as error:
            answer = errors.error_response(request, error)
        if isinstance(answer, Stream):
            await answer.run(request, send, audit_id)
        else:
            await responses.respond(send, request, answer, audit_id)

    async def _answer(self, request: Request, scope: Scope, call: Call) -> Response | Stream:
        path = request.path
        info = paths.resolve(self._catalogue, path) if path.startswith(("/api/", "/apis/")) else None
        if info is not None:
            return await self._on_resource(request, info, call)
        if health.serves(path):
            return health.answer(path, request.query, self._inspection.checks())
        return self._documents.answer(request, _address(scope))

    async def _on_resource(self, request: Request, info: RequestInfo, call: Call) -> Response | Stream:
        if info.resource.deprecation:
            request.warnings.append(info.resource.deprecation)
        info.describe(call)
        call.verb = verb = verb_of(request, info)
        if verb == "watch":
            return await self._watches.open(request, info)
        if verb in _READS:
            return await self._verbs.handle(verb, request, info)
        with self._writing:
            return await self._verbs.handle(verb, request, info)


def _address(scope: Scope) -> str:
    """The address that the client reached the server at."""
    server = scope.get("server")
    return f"{server[0]}:{server[1]}" if server else ""
