"""Watch streams: a chunked body of events, for as long as the client stays.

What is there at once is sent at once, in one message. Bookmarks go out about once a minute and when the time is up.
A stream that fails after its first byte sends an ERROR event and ends; so does a watch from a revision that has been
compacted, as upstream's does. Mirrors apiserver's `endpoints/handlers/watch.go` and the watch cache's bookmarks
(KEP-956, KEP-3157).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.machinery import status
from fauxkube.machinery.status import StatusError
from fauxkube.server import errors, frames, queries, responses, tables
from fauxkube.server.asgi import Receive, Request, Response, Send
from fauxkube.server.negotiation import STREAM, negotiate
from fauxkube.server.paths import RequestInfo
from fauxkube.server.pipelines import Pipelines, Watch

#: Seconds between bookmarks (`defaultBookmarkFrequency`).
BOOKMARK_INTERVAL = 60.0

#: Seconds that a watch lasts at least when its client names no time; at most twice that (`MinRequestTimeout`).
MIN_TIMEOUT = 1800.0

#: Failures to open a watch that are told in the stream, not as the answer.
_TOLD_IN_STREAM = (410, 504)


class Watches:
    """Serves watches, and knows which are open."""

    def __init__(self, pipelines: Pipelines, *, clock: Clock, chance: Chance) -> None:
        self._pipelines = pipelines
        self._clock = clock
        self._chance = chance
        self._open: set[Watch] = set()
        self._closed = False

    async def open(self, request: Request, info: RequestInfo) -> Stream | Response:
        """The stream to answer with, or the complete answer where it fails at once; what else fails is raised."""
        if self._closed:
            raise status.unavailable("the server is shutting down")
        media = negotiate(request.accept, STREAM)
        include = tables.include_of(queries.text(request.query, "includeObject"))
        query, seconds = queries.watch_query(request.query, info.name)
        try:
            watch = await self._pipelines.watch(info.resource, info.namespace, query)
        except StatusError as error:
            if error.code not in _TOLD_IN_STREAM:
                raise
            return Response(200, errors.error_event(error, doing=f"watch {request.path}"))
        terms = Terms(
            bookmarks=query.allow_bookmarks,
            initial_events_end=query.allow_bookmarks and bool(query.send_initial_events),
            seconds=float(seconds) or MIN_TIMEOUT * (1.0 + self._chance.random()),
            path=request.path,
        )
        shape: frames.Frames = frames.Plain(info.resource)
        if media.kind:
            shape = frames.Transformed(info.resource, media, include, self._clock.now)
        self._open.add(watch)
        return Stream(watch, shape, terms, clock=self._clock, done=self._open.discard)

    def close(self) -> None:
        """End every open watch, and open no more."""
        self._closed = True
        for watch in tuple(self._open):
            watch.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a watch was asked for, beside what it selects. `initial_events_end` asks for that annotated bookmark."""

    bookmarks: bool
    initial_events_end: bool
    seconds: float
    path: str


class Stream:
    """One client's watch, ready to be sent."""

    _send: Send

    def __init__(
        self, watch: Watch, shape: frames.Frames, terms: Terms, *, clock: Clock, done: Callable[[Watch], None]
    ) -> None:
        self._watch = watch
        self._frames = shape
        self._terms = terms
        self._clock = clock
        self._done = done
        self._sending = False

    async def run(self, request: Request, send: Send, audit_id: bytes) -> None:
        """Deliver until the watch ends, the time is up or the client goes away."""
        self._send = send
        headers = responses.start_headers(request, audit_id, b"application/json")
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._stream(request.receive)
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._watch.close()
            self._done(self._watch)

    async def _stream(self, receive: Receive) -> None:
        async with asyncio.TaskGroup() as group:
            attending = group.create_task(self._attend(receive), name=f"attend {self._terms.path}")
            pacing = group.create_task(self._pace(), name=f"pace {self._terms.path}")
            await self._deliver()
            attending.cancel()
            pacing.cancel()

    async def _deliver(self) -> None:
        try:
            first = self._watch.initial_events_end
            async for items in self._watch:
                body = self._frames.frames(items) if items else b""
                if first:
                    first = False
                    body += self._end_of_initial_events()
                await self._put(body)
        except Exception as error:
            await self._put(errors.error_event(error, doing=f"watch {self._terms.path}"))

    def _end_of_initial_events(self) -> bytes:
        if not self._terms.initial_events_end:
            return b""
        return self._frames.bookmark(self._watch.progress(), frames.INITIAL_EVENTS_END)

    async def _put(self, body: bytes) -> None:
        if not body:
            return
        self._sending = True
        try:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
        finally:
            self._sending = False

    async def _attend(self, receive: Receive) -> None:
        """End the watch as soon as the client is gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._watch.close()

    async def _pace(self) -> None:
        """Send bookmarks as (real) time goes by, and end the watch when its time is up."""
        left = self._terms.seconds
        interval = BOOKMARK_INTERVAL if self._terms.bookmarks else left
        while left > 0:
            await self._clock.real.sleep(min(left, interval))
            left -= interval
            await self._bookmark()
        self._watch.close()

    async def _bookmark(self) -> None:
        """Tell how far the watch has come; not while a batch that counts as handed over is still being sent."""
        if self._terms.bookmarks and not self._sending:
            await self._put(self._frames.bookmark(self._watch.progress(), None))
