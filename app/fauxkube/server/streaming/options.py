"""What a client asks for in its query: `PodExecOptions`, `PodAttachOptions`, `PodPortForwardOptions`, `PodLogOptions`.

Refused in upstream's words. Standard output and error are always attached, whatever the query says of them, as
upstream's defaults have it; a terminal takes both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from fauxkube.kit.containers import LogOptions
from fauxkube.machinery import status
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.server import queries
from fauxkube.server.asgi import Query

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_LAYOUT = "2006-01-02T15:04:05Z07:00"


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """Which streams of a program are wanted, and which program of which container; attach names no command.

    `opened` are the streams that a SPDY client opens by itself beside that of errors.
    """

    stdin: bool
    tty: bool
    container: str = ""
    command: tuple[str, ...] = ()
    opened: frozenset[str] = frozenset()

    @property
    def stderr(self) -> bool:
        """Whether errors have a stream of their own."""
        return not self.tty

    @property
    def kubelet_query(self) -> str:
        """The query that the API server asks the kubelet with."""
        flags = (("error", self.stderr), ("input", self.stdin), ("output", True), ("tty", self.tty))
        asked = [("command", each) for each in self.command] + [(name, "1") for name, wanted in flags if wanted]
        return urlencode(asked)


def remote_options(query: Query) -> RemoteOptions:
    """`PodExecOptions` or `PodAttachOptions`."""
    stdin, tty = bool(queries.flag(query, "stdin")), bool(queries.flag(query, "tty"))
    opened = {name for name in ("stdin", "stdout", "stderr") if queries.flag(query, name)}
    if tty:
        opened.discard("stderr")
    command = tuple(query.get("command", ()))
    return RemoteOptions(stdin, tty, queries.text(query, "container"), command, frozenset(opened))


def ports(query: Query) -> tuple[int, ...]:
    """The ports of `PodPortForwardOptions`, one by one or with commas; 400 when one is no number of 16 bits."""
    return tuple(_port(each) for listed in query.get("ports", ()) for each in listed.split(","))


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,100}", text):
        raise status.bad_request(f'cannot convert to []int32: strconv.ParseUint: parsing "{text}": invalid syntax')
    if int(text) > 65_535:
        raise status.bad_request(f'cannot convert to []int32: strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def log_options(query: Query, name: str) -> LogOptions:
    """`PodLogOptions` for a pod of that name; 400 and 422 as upstream."""
    since_time = queries.text(query, "sinceTime")
    if since_time and not _TIME.fullmatch(since_time):
        problem = f'cannot parse "{since_time}" as "2006"'
        raise status.bad_request(f'parsing time "{since_time}" as "{_LAYOUT}": {problem}')
    options = LogOptions(
        follow=bool(queries.flag(query, "follow")),
        previous=bool(queries.flag(query, "previous")),
        timestamps=bool(queries.flag(query, "timestamps")),
        tail_lines=queries.integer(query, "tailLines"),
        limit_bytes=queries.integer(query, "limitBytes"),
        since=queries.integer(query, "sinceSeconds"),
        since_time=since_time,
    )
    problems = [*_log_problems(options)]
    if "stream" in query:
        problems.append(Path("stream").forbidden("may not be specified"))
    if problems:
        raise status.invalid("", "PodLogOptions", name, [problem.to_cause() for problem in problems])
    return options


def _log_problems(options: LogOptions) -> Iterable[FieldError]:
    if options.tail_lines is not None and options.tail_lines < 0:
        yield Path("tailLines").invalid(options.tail_lines, "must be greater than or equal to 0")
    if options.limit_bytes is not None and options.limit_bytes < 1:
        yield Path("limitBytes").invalid(options.limit_bytes, "must be greater than 0")
    if options.since is not None and options.since_time:
        yield Path("").forbidden("at most one of `sinceTime` or `sinceSeconds` may be specified")
    elif options.since is not None and options.since < 1:
        yield Path("sinceSeconds").invalid(options.since, "must be greater than 0")
