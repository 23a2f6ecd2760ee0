"""The ASGI application of one cluster's API server: the Kubernetes tree, resolved without a framework, for speed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from fauxkube.access.authentication import Authenticator
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.machinery.users import UserInfo
from fauxkube.server import errors, health, paths, responses
from fauxkube.server.asgi import LongAnswer, Receive, Request, Response, Scope, Send
from fauxkube.server.containers import Containers
from fauxkube.server.disturbing import Answer, Disturbances
from fauxkube.server.documents import Documents
from fauxkube.server.inspection import Inspection
from fauxkube.server.paths import PROXY, RequestInfo
from fauxkube.server.pipelines import Pipelines, Reads
from fauxkube.server.proxying import Proxy, Reaching
from fauxkube.server.recording import Recording
from fauxkube.server.subresources import STREAMED
from fauxkube.server.verbs import Verbs, verb_of
from fauxkube.server.watching import Watches
from fauxkube.simulation.calls import Call
from fauxkube.simulation.simulation import Simulation
from fauxkube.simulation.strictness import OFF

if TYPE_CHECKING:
    from fauxkube.server.streaming.serving import Streaming
    from fauxkube.server.strict import StrictGate

_READS = frozenset({"get", "list"})

#: The user agent of a test's own hand, whose requests are not recorded or judged, and which no fault hits.
BACKSTAGE = b"fauxkube-testing"


class Application:
    """Answers HTTP for one cluster; `close` ends what is still being streamed."""

    _streaming: Streaming | None = None
    _closed = False

    def __init__(  # noqa: PLR0913 - one parameter a part
        self,
        pipelines: Pipelines,
        *,
        containers: Callable[[], Containers],
        inspection: Inspection,
        clock: Clock,
        chance: Chance,
        simulation: Simulation,
        authenticator: Authenticator,
        reaching: Reaching,
        writing: AbstractContextManager[object] | None = None,
    ) -> None:
        """`containers` gives those of the cluster's pods, once somebody asks for them.

        `writing` is entered for as long as a request that writes is being answered; by many at a time.
        """
        self._writing = writing or nullcontext()
        self._catalogue = pipelines.catalogue
        self._pipelines = pipelines
        self._containers = containers
        self._clock = clock
        self._inspection = inspection
        self._authenticator = authenticator
        # Requests draw apart from what they are about, or looking on would change what comes to be.
        self._chance = chance.of("requests")
        self._disturbances = Disturbances(simulation.faults, pipelines, clock=clock, chance=chance.of("disturbances"))
        self._verbs = Verbs(pipelines, clock=clock)
        self._watches = Watches(pipelines, clock=clock, chance=self._chance)
        self._proxy = Proxy(pipelines, reaching, self._chance)
        self._faults = simulation.faults
        self._recording = Recording(simulation.requests, clock=clock)
        self._gate = _gate_of(simulation, pipelines)
        self._documents = Documents(
            pipelines.catalogue, pipelines.schemas, kubernetes_version=pipelines.schemas.kubernetes_version
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry, for HTTP."""
        await self._serve(Request(scope, receive), scope, send)

    def close(self) -> None:
        """End every open watch, session and delay, so that the server can stop at once."""
        self._disturbances.close()
        self._watches.close()
        self._proxy.close()
        self._closed = True
        if self._streaming is not None:
            self._streaming.close()

    async def _serve(self, request: Request, scope: Scope, send: Send) -> None:
        audit_id = request.audit_id or self._chance.uuid().encode()
        if request.user_agent == BACKSTAGE:
            await self._serve_backstage(request, send, audit_id)
            return
        call = self._recording.begin(request)
        if request.authorization or request.impersonate_user:
            request.sender = self._sender_of(request)
            call.user = request.user
        try:
            answer = await self._answer(request, call)
        except Exception as error:
            answer = errors.error_response(request, error)
        if isinstance(answer, Response):
            if self._gate is not None:
                answer = self._gate.review(request, call, answer)
            self._recording.end(request, call, answer)
            await responses.respond(send, request, answer, audit_id)
        else:
            with self._recording.streaming(request, call, answer):
                await answer.run(request, send, audit_id)

    async def _serve_backstage(self, request: Request, send: Send, audit_id: bytes) -> None:
        """Answer past records, rules and faults."""
        try:
            info = self._resource_of(request.path)
            answer = await self._plainly(request, verb_of(request, info) if info else "", info)
        except Exception as error:
            answer = errors.error_response(request, error)
        if isinstance(answer, Response):
            await responses.respond(send, request, answer, audit_id)
        else:
            await answer.run(request, send, audit_id)

    def _sender_of(self, request: Request) -> UserInfo:
        """Whoever the request acts as (`kubectl --as`), else whose token it has."""
        if request.impersonate_user:
            return self._authenticator.acting(request.impersonate_user.decode("latin-1"), request.headers)
        return self._authenticator.by_token(request.authorization)

    async def _answer(self, request: Request, call: Call) -> Answer:
        info = self._resource_of(request.path)
        if info is not None:
            info.describe(call)
            call.verb = verb_of(request, info)
        if self._disturbances.active:
            handle = partial(self._handle, request, call, info)
            return await self._disturbances.answer(request, call, info, handle)
        return await self._handle(request, call, info)

    def _resource_of(self, path: str) -> RequestInfo | None:
        return paths.resolve(self._catalogue, path) if path.startswith(("/api/", "/apis/")) else None

    async def _handle(
        self, request: Request, call: Call, info: RequestInfo | None, reads: Reads | None = None
    ) -> Response | LongAnswer:
        """Answer, if the strict rules let it; what is read is read from `reads`, where that is given."""
        if info is not None and self._gate is not None:
            await self._gate.admit(request, info, call)
        return await self._plainly(request, call.verb, info, reads)

    async def _plainly(
        self, request: Request, verb: str, info: RequestInfo | None, reads: Reads | None = None
    ) -> Response | LongAnswer:
        if info is not None:
            return await self._on_resource(verb, request, info, reads)
        if health.serves(request.path):
            return health.answer(request.path, request.query, self._inspection.checks())
        return self._documents.answer(request, _address(request.scope))

    async def _on_resource(
        self, verb: str, request: Request, info: RequestInfo, reads: Reads | None
    ) -> Response | LongAnswer:
        if info.resource.deprecation:
            request.warnings.append(info.resource.deprecation)
        if info.subresource == PROXY:
            return await self._proxy.answer(request, info)
        if verb == "watch":
            return await self._watches.open(request, info, reads)
        if info.subresource in STREAMED:
            return await self._streams().answer(request, info, reads or self._pipelines)
        if verb in _READS:
            verbs = self._verbs if reads is None else self._verbs.reading(reads)
            return await verbs.handle(verb, request, info)
        with self._writing:
            return await self._verbs.handle(verb, request, info)

    def _streams(self) -> Streaming:
        if self._streaming is None:
            from fauxkube.server.streaming.kubelets import Kubelets
            from fauxkube.server.streaming.serving import Streaming

            self._streaming = Streaming(self._containers(), Kubelets(self._catalogue, self._faults), clock=self._clock)
            if self._closed:
                self._streaming.close()
        return self._streaming


def _gate_of(simulation: Simulation, pipelines: Pipelines) -> StrictGate | None:
    """What judges requests; None where none is to be judged."""
    if simulation.strict == OFF:
        return None
    from fauxkube.server.strict import StrictGate

    return StrictGate(simulation.strict, simulation.requests, pipelines)


def _address(scope: Scope) -> str:
    """The address that the client reached the server at."""
    server = scope.get("server")
    return f"{server[0]}:{server[1]}" if server else ""
