"""Holds requests to the strict rules: warns of what they break, or refuses them (400) before anything is written."""

from __future__ import annotations

import orjson

from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.server import bodies, errors
from fauxkube.server.asgi import Query, Request, Response
from fauxkube.server.paths import RequestInfo
from fauxkube.server.pipelines import Pipelines
from fauxkube.simulation.calls import Call
from fauxkube.simulation.requests import RequestLog
from fauxkube.simulation.strictness.asked import AskedFor
from fauxkube.simulation.strictness.strictness import Breach, Strictness

#: How many calls back the rules look.
_LOOK_BACK = 256

_BODIES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_VALIDATED = frozenset({"create", "update", "patch"})
#: What a write may ask for, the laxest first; it is Warn unless the client says otherwise.
_VALIDATIONS = ("Ignore", "Warn", "Strict")


class StrictGate:
    """Every request to a resource comes by before anything is done, and its answer before it is sent."""

    def __init__(self, strict: str, log: RequestLog, pipelines: Pipelines) -> None:
        self._strictness = Strictness(strict)
        self._log = log
        self._pipelines = pipelines

    async def admit(self, request: Request, info: RequestInfo, call: Call) -> None:
        """Judge a request; 400 when it is refused. Its body is read, and its fields are validated as asked here."""
        if call.verb in _BODIES:
            await bodies.read(request)
        stored = await self._stored(info) if call.verb == "update" else None
        asked = AskedFor(call, info.resource, request.body, stored, self._earlier(call))
        for breach in self._strictness.at_start(asked):
            self._note(request, asked, breach)
            if breach.mode == "fail":
                raise status.bad_request(str(breach))
        if call.verb in _VALIDATED and self._strictness.field_validation:
            _validate(request.query, self._strictness.field_validation)

    def review(self, request: Request, call: Call, response: Response) -> Response:
        """Judge an answer: what is to be sent instead, or itself."""
        resource = call.gvr and self._pipelines.catalogue.find(*call.gvr)
        if not resource:
            return response
        asked = self._answered(request, call, resource, response)
        for breach in self._strictness.at_end(asked):
            self._note(request, asked, breach)
            if breach.mode == "fail" and response.status < 400:
                return errors.error_response(request, status.bad_request(str(breach)))
        return response

    def _answered(self, request: Request, call: Call, resource: Resource, response: Response) -> AskedFor:
        """The answered request; the call has no answer before it is recorded."""
        call.status, call.warnings = response.status, request.warnings
        call.content_type = response.content_type.decode("latin-1")
        return AskedFor(call, resource, request.body, answer=response.body)

    async def _stored(self, info: RequestInfo) -> Object | None:
        try:
            value = await self._pipelines.get(info.resource, info.namespace, info.name)
        except StatusError:
            return None
        stored: Object = orjson.loads(value)
        return stored

    def _earlier(self, call: Call) -> list[Call]:
        return [each for each in self._log.recent(_LOOK_BACK) if each is not call]

    def _note(self, request: Request, asked: AskedFor, breach: Breach) -> None:
        """Keep a finding, and warn the client of what the API server does not warn of by itself."""
        self._log.findings_made.add(breach.finding(asked))
        if breach.mode == "warn" and not breach.rule.written:
            request.warnings.append(str(breach))


def _validate(query: Query, least: str) -> None:
    """Have fields validated at least as strictly as that; what is no validation is left to be refused."""
    given = query.get("fieldValidation", [""])[0] or "Warn"
    if given in _VALIDATIONS and _VALIDATIONS.index(given) < _VALIDATIONS.index(least):
        query["fieldValidation"] = [least]
