"""Requests on record: each is told to the log as it arrives and again once it is answered, just before it is sent.

So whoever has got an answer finds its call in the log. A call whose connection broke has no status; one whose answer
goes on is open until it ends, a watch's events counted as they are sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fauxkube.kit.clock import Clock
from fauxkube.server.asgi import LongAnswer, Request, Response
from fauxkube.server.connections import Broken
from fauxkube.simulation.calls import Call
from fauxkube.simulation.requests import RequestLog


class Recording:
    """Tells the log of requests what is asked and answered."""

    def __init__(self, log: RequestLog, *, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._real = clock.real

    def begin(self, request: Request) -> Call:
        """A request has arrived."""
        call = request.call(self._clock.now())
        call.began = self._real.monotonic()
        self._log.begin(call)
        return call

    def end(self, request: Request, call: Call, response: Response) -> None:
        """It is about to be answered."""
        call.status = response.status
        call.content_type = response.content_type.decode("latin-1")
        self._end(request, call, response.body)

    @contextmanager
    def streaming(self, request: Request, call: Call, answer: LongAnswer | Broken) -> Iterator[None]:
        """It is answered by what goes on, or by what breaks the connection, for as long as the context lasts."""
        if not isinstance(answer, Broken):
            answer.call = call
            call.status, call.content_type, call.open = answer.status, answer.content_type, True
        try:
            yield
        finally:
            call.open = False
            self._end(request, call, b"")

    def _end(self, request: Request, call: Call, answer: bytes) -> None:
        if not call.id:
            return
        call.seconds = self._real.monotonic() - call.began
        call.warnings = request.warnings
        self._log.end(call, request.body, answer)
