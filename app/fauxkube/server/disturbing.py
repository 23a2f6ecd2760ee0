"""Requests on which faults act: waits, errors, broken connections, reads that lag, watches that go wrong.

A request is struck by at most one fault of each kind: one that delays it, one that takes the place of its answer, one
of each that changes what it reads or watches. What is delayed goes on at once when the server closes.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Container
from dataclasses import replace
from datetime import timedelta
from math import ceil
from typing import TypeAlias
from weakref import WeakSet

from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.server import bodies, connections, errors, responses
from fauxkube.server.asgi import LongAnswer, Request, Response
from fauxkube.server.connections import Broken
from fauxkube.server.disturbed_watches import CutWatch, DoubledWatch, LateWatch, SilentWatch
from fauxkube.server.lagging import Lagging
from fauxkube.server.paths import RequestInfo
from fauxkube.server.pipelines import Pipelines, Reads, Watch
from fauxkube.server.watching import Stream, Terms
from fauxkube.simulation.calls import Call, name_in
from fauxkube.simulation.contents import decoded
from fauxkube.simulation.faults import refusals
from fauxkube.simulation.faults.engine import Faults
from fauxkube.simulation.faults.family import Effect
from fauxkube.simulation.faults.fault import EXPIRED, REMOVED, Fault
from fauxkube.simulation.faults.matching import Subject
from fauxkube.simulation.faults.requests import ANSWERS, FAMILY, READS, WRITES, subject_of

Answer: TypeAlias = Response | LongAnswer | Broken
#: Handles the request, reading from there if anything is given.
Handler: TypeAlias = Callable[[Reads | None], Awaitable[Response | LongAnswer]]

_KIND = FAMILY.kind


class Disturbances:
    """Acts out the faults of one cluster's requests; `active` tells whether there are any to be acted out."""

    def __init__(self, faults: Faults, pipelines: Pipelines, *, clock: Clock, chance: Chance) -> None:
        self._faults = faults
        self._pipelines = pipelines
        self._clock = clock
        self._chance = chance
        self._pauses: set[asyncio.Timeout] = set()
        #: The watches that each fault has silenced, by its id.
        self._silent: dict[str, WeakSet[SilentWatch]] = defaultdict(WeakSet)
        self.active = bool(faults.in_force(_KIND))
        faults.on_change(self._changed)
        self._closed = False

    def close(self) -> None:
        """End every delay, and delay nothing more."""
        self._closed = True
        for pause in self._pauses:
            if not pause.expired():
                pause.reschedule(0.0)

    async def answer(self, request: Request, call: Call, info: RequestInfo | None, handle: Handler) -> Answer:
        """What the request is answered, by `handle` where no fault takes its place; a failure is raised."""
        subject = subject_of(call, info.resource if info else None)
        if (delay := self._strike(subject, ("latency",))) and not await self._pause(request, self._delay(delay)):
            raise refusals.timed_out()
        fault = self._strike(subject, ANSWERS[info is not None and call.verb in WRITES])
        if fault is None:
            return await self._handled(request, call, info, subject=subject, handle=handle)
        effect = fault.effect
        if effect.type == "error":
            return await _refused(request, call, effect)
        if effect.type == "reset" and effect["when"] == "request":
            return Broken(effect["how"])
        try:
            answer = await self._handled(request, call, info, subject=subject, handle=handle)
        except Exception as error:
            answer = errors.error_response(request, error)
        return _lost(answer, effect)

    async def _handled(
        self, request: Request, call: Call, info: RequestInfo | None, *, subject: Subject, handle: Handler
    ) -> Response | LongAnswer:
        if info is None or call.verb not in READS:
            return await handle(None)
        stale = self._strike(subject, ("stale",))
        answer = await handle(self._lagging(stale.effect) if stale else None)
        if isinstance(answer, Stream):
            self._disturb(answer, request, subject)
        return answer

    def _strike(self, subject: Subject, types: Container[str]) -> Fault | None:
        return self._faults.strike(_KIND, subject, types)

    def _delay(self, fault: Fault) -> float:
        """The seconds that a fault says, drawn where it gives a range."""
        least: float = fault.effect["delay"]
        most: float = max(least, fault.effect["upTo"])
        return least + (most - least) * self._chance.random()

    async def _pause(self, request: Request, seconds: float) -> bool:
        """Let so much real time pass; False when the client has gone away meanwhile."""
        await bodies.read(request)
        if self._closed:
            return True
        try:
            async with asyncio.timeout(seconds) as pause:
                self._pauses.add(pause)
                await request.gone()
        except TimeoutError:
            return True
        finally:
            self._pauses.discard(pause)
        return False

    def _lagging(self, effect: Effect) -> Lagging:
        age: float | None = effect["age"]
        moment = None if age is None else self._clock.now() - timedelta(seconds=age)
        return Lagging(self._pipelines, changes=effect["changes"], moment=moment)

    def _disturb(self, stream: Stream, request: Request, subject: Subject) -> None:
        """Have a watch go the way of the faults that strike it."""
        if fault := self._strike(subject, ("watch-drop", "watch-expired")):
            stream.watch = _cut(stream.watch, request, fault.effect)
        elif fault := self._strike(subject, ("watch-silence",)):
            self._silence(stream, fault)
        if fault := self._strike(subject, ("bookmarks",)):
            stream.terms = _paced(stream, fault.effect["every"])
        if fault := self._strike(subject, ("watch-duplicates",)):
            stream.watch = DoubledWatch(stream.watch, fault.effect["share"], self._chance)
        if late := self._strike(subject, ("watch-delay",)):
            stream.watch = LateWatch(stream.watch, lambda: self._delay(late))

    def _silence(self, stream: Stream, fault: Fault) -> None:
        """Have a watch fall silent for as long as the fault lasts."""
        stream.watch = silent = SilentWatch(stream.watch, fault.effect["afterEvents"], fault.effect["afterTime"])
        stream.terms = replace(stream.terms, bookmarks=False)
        self._silent[fault.id].add(silent)

    def _changed(self, fault: Fault) -> None:
        """Look again whether anything is to be done, and let watches speak whose fault is over."""
        self.active = bool(self._faults.in_force(_KIND))
        if fault.state in (EXPIRED, REMOVED):
            for watch in self._silent.pop(fault.id, ()):
                watch.speak()


def _cut(watch: Watch, request: Request, effect: Effect) -> CutWatch:
    return CutWatch(
        watch,
        effect["how"] if effect.type == "watch-drop" else "expired",
        events=effect["afterEvents"],
        seconds=effect["afterTime"],
        break_off=lambda how: connections.break_off(request.scope, how),
    )


def _paced(stream: Stream, every: float | None) -> Terms:
    if every is None:
        return replace(stream.terms, bookmarks=False)
    return replace(stream.terms, bookmark_interval=every)


async def _refused(request: Request, call: Call, effect: Effect) -> Response:
    """An error in the place of the answer; overload is told in plain text, as the filter before the API tells it."""
    body = await bodies.read(request)
    code, reason, message = effect["code"], effect["reason"], effect["message"]
    retry_after = 0 if effect["retryAfter"] is None else ceil(effect["retryAfter"])
    if code == 429 and not reason and not message:
        refused = responses.text(429, "Too many requests, please try again later.\n")
        headers = [*refused.headers, (b"retry-after", b"%d" % (retry_after or 1))]
        return refused._replace(headers=headers)
    name = name_in(decoded(call.header("content-type") or "application/json", body))
    raise refusals.refusal(call, code, name=name, reason=reason, message=message, retry_after=retry_after)


def _lost(answer: Response | LongAnswer, effect: Effect) -> Answer:
    """What is left of an answer that does not come through."""
    if not isinstance(answer, Response):
        answer.close()
    if effect.type == "commit-then-timeout":
        raise refusals.timed_out()
    half = answer if effect["when"] == "body" and isinstance(answer, Response) else None
    return Broken(effect["how"], half)
