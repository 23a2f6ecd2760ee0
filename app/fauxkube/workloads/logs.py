"""What a container's own program writes: a line when it starts, and one for each request that it answers.

The newest lines are kept, those of the run before too. `Log.lines` are what `pods/log` is made of.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fauxkube.kit.containers import LogOptions
from fauxkube.kit.exchange import HttpRequest, HttpResponse
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import from_time, moment_or, to_time

#: How many lines of a run are kept.
KEPT = 1000
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """One line, without its end, and when it was written."""

    at: datetime
    text: str


class Log:
    """The lines of one run of a container, the newest of them."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=KEPT)
        #: How many there were in all.
        self._written = 0
        self._is_over = False
        self._changed = asyncio.Event()

    def add(self, at: datetime, text: str) -> None:
        """Write a line."""
        self._lines.append(Line(at, text[:_LONGEST]))
        self._written += 1
        self._tell()

    def end(self) -> None:
        """Nothing follows: the container has ended."""
        self._is_over = True
        self._tell()

    def held(self) -> list[Line]:
        """The lines that are kept."""
        return list(self._lines)

    async def following(self) -> AsyncIterator[Line]:
        """The lines that are written from now on, until the run ends; who is slow loses some."""
        seen = self._written
        while True:
            new = min(self._written - seen, len(self._lines))
            seen = self._written
            for line in list(self._lines)[len(self._lines) - new :]:
                yield line
            if self._written == seen:
                if self._is_over:
                    return
                self._changed.clear()
                await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()


def first_line(pod: Object, container: Object, started_at: str, otherwise: datetime) -> Line:
    """What a program says when it starts: nothing of it is kept, for it is always the same."""
    ports = ", ".join(
        f"{each['containerPort']}/{each.get('protocol') or 'TCP'}" for each in container.get("ports") or ()
    )
    listening = f", listening on {ports}" if ports else ""
    name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    return Line(moment_or(started_at, otherwise), f"{container['name']} of {name} started{listening}")


def access_line(at: datetime, request: HttpRequest, response: HttpResponse) -> str:
    """A request that was answered, in the form that web servers have in common."""
    agent, target = request.header("User-Agent") or "-", request.target.replace("\n", " ")
    when = f"{at:%d/%b/%Y:%H:%M:%S} +0000"
    asked = f'"{request.method} {target} HTTP/1.1"'
    return f'{request.client or "-"} - - [{when}] {asked} {response.status} {len(response.body)} "-" "{agent}"'


def selected(lines: Iterable[Line], options: LogOptions, now: datetime) -> list[Line]:
    """The lines that are wanted."""
    since = from_time(options.since_time) if options.since_time else None
    if options.since is not None:
        since = now - timedelta(seconds=options.since)
    wanted = [line for line in lines if since is None or line.at >= since]
    if options.tail_lines is not None:
        wanted = wanted[max(0, len(wanted) - options.tail_lines) :] if options.tail_lines else []
    return wanted


def rendered(line: Line, *, timestamps: bool) -> bytes:
    """The line as it is sent; its time as the runtime writes it."""
    text = f"{stamp(line.at)} {line.text}" if timestamps else line.text
    return f"{text}\n".encode(errors="replace")


def stamp(moment: datetime) -> str:
    """A time in RFC 3339 with nine digits after the point, as Go's RFC3339Nano, trailing zeros and all."""
    return f"{to_time(moment)[:-1]}.{moment.microsecond:06d}000Z"
