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
from fauxkube.server.asgi import Request, Response, Send
from fauxkube.server.negotiation import STREAM, negotiate
from fauxkube.server.paths import RequestInfo
from fauxkube.server.pipelines import Pipelines, Reads, Watch
from fauxkube.simulation.calls import Call

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
        self._open: set[Stream] = set()
        self._closed = False

    async def open(self, request: Request, info: RequestInfo, reads: Reads | None = None) -> Stream | Response:
        """The stream to answer with, or the complete answer where it fails at once; what else fails is raised.

        What it tells comes out of `reads`, where that is given.
        """
        if self._closed:
            raise status.unavailable("the server is shutting down")
        media = negotiate(request.accept, STREAM)
        include = tables.include_of(queries.text(request.query, "includeObject"))
        query, seconds = queries.watch_query(request.query, info.name)
        try:
            watch = await (reads or self._pipelines).watch(info.resource, info.namespace, query)
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
        stream = Stream(watch, shape, terms, clock=self._clock, done=self._open.discard)
        self._open.add(stream)
        return stream

    def close(self) -> None:
        """End every open watch, and open no more."""
        self._closed = True
        for stream in tuple(self._open):
            stream.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a watch was asked for, beside what it selects. `initial_events_end` asks for that annotated bookmark.

    It ends after so many `seconds`; until then it tells how far it has come every `bookmark_interval` seconds.
    """

    bookmarks: bool
    bookmark_interval: float = BOOKMARK_INTERVAL
    initial_events_end: bool
    seconds: float
    path: str


class Stream:
    """One client's watch, ready to be sent: `watch` on its `terms`, both of which faults may change until then."""

    status = 200
    content_type = "application/json"
    #: Its call on record, which counts the events that are sent.
    call: Call | None = None

    _send: Send

    def __init__(
        self, watch: Watch, shape: frames.Frames, terms: Terms, *, clock: Clock, done: Callable[[Stream], None]
    ) -> None:
        self.watch = watch
        self.terms = terms
        self._frames = shape
        self._clock = clock
        self._done = done
        self._sending = False

    async def run(self, request: Request, send: Send, audit_id: bytes) -> None:
        """Deliver until the watch ends, the time is up or the client goes away."""
        self._send = send
        headers = responses.start_headers(request, audit_id, b"application/json")
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._stream(request)
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.close()

    def close(self) -> None:
        """End the watch; harmless when it has ended."""
        self.watch.close()
        self._done(self)

    async def _stream(self, request: Request) -> None:
        async with asyncio.TaskGroup() as group:
            attending = group.create_task(self._attend(request), name=f"attend {self.terms.path}")
            pacing = group.create_task(self._pace(), name=f"pace {self.terms.path}")
            await self._deliver()
            attending.cancel()
            pacing.cancel()

    async def _deliver(self) -> None:
        try:
            first = self.watch.initial_events_end
            async for items in self.watch:
                body = self._frames.frames(items) if items else b""
                if first:
                    first = False
                    body += self._end_of_initial_events()
                await self._put(body)
                if self.call:
                    self.call.events += len(items)
        except ConnectionResetError:
            raise
        except Exception as error:
            await self._put(errors.error_event(error, doing=f"watch {self.terms.path}"))

    def _end_of_initial_events(self) -> bytes:
        if not self.terms.initial_events_end:
            return b""
        return self._frames.bookmark(self.watch.progress(), frames.INITIAL_EVENTS_END)

    async def _put(self, body: bytes) -> None:
        if not body:
            return
        self._sending = True
        try:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
        finally:
            self._sending = False

    async def _attend(self, request: Request) -> None:
        """End the watch as soon as the client is gone."""
        await request.gone()
        self.watch.close()

    async def _pace(self) -> None:
        """Send bookmarks as (real) time goes by, and end the watch when its time is up."""
        left = self.terms.seconds
        interval = self.terms.bookmark_interval if self.terms.bookmarks else left
        while left > 0:
            await self._clock.real.sleep(min(left, interval))
            left -= interval
            await self._bookmark()
        self.watch.close()

    async def _bookmark(self) -> None:
        """Tell how far the watch has come; not while a batch that counts as handed over is still being sent."""
        if self.terms.bookmarks and not self._sending:
            await self._put(self._frames.bookmark(self.watch.progress(), None))
