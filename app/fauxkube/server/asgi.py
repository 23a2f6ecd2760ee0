"""The recurring ASGI types, and a request read from them once.

A `Request` holds the few headers that the API server looks at, found in one walk over the raw header list.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import parse_qs

from fauxkube.machinery.users import ANONYMOUS
from fauxkube.simulation.calls import Call

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]
Query: TypeAlias = dict[str, list[str]]

#: Clients that are read by people, whom upstream answers with indented JSON.
_PEOPLE = (b"curl", b"Wget", b"Mozilla/5.0")

_FIELDS = {
    b"accept": "accept",
    b"accept-encoding": "accept_encoding",
    b"audit-id": "audit_id",
    b"authorization": "authorization",
    b"content-length": "content_length",
    b"content-type": "content_type",
    b"if-none-match": "if_none_match",
    b"impersonate-user": "impersonate_user",
    b"user-agent": "user_agent",
}


class ASGIApplication(Protocol):
    """Answers requests; `close` ends what is still being streamed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""

    def close(self) -> None:
        """End every open watch, so that the server can stop at once."""


class Request:
    """One HTTP request: method, path, the headers that matter here, and the body, once it has been received.

    `path` is the part below `root`, where its cluster's API begins. `sender` is who sent it, as far as that is known.
    `warnings` gathers what the client is to be warned of, whatever the answer.
    """

    sender = ANONYMOUS

    body = b""
    #: Whether `body` holds what was sent.
    received = False

    accept = b""
    accept_encoding = b""
    audit_id = b""
    authorization = b""
    content_length = b""
    content_type = b""
    if_none_match = b""
    impersonate_user = b""
    user_agent = b""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.root: str = scope.get("root_path", "")
        self.path: str = scope["path"][len(self.root) :] or "/"
        self.receive = receive
        self.warnings: list[str] = []
        self.headers: list[Header] = scope["headers"]
        self._query: bytes = scope["query_string"]
        self._parsed: Query | None = None
        fields = self.__dict__
        for name, value in self.headers:
            if field := _FIELDS.get(name):
                fields[field] = fields[field] + b"," + value if field in fields else value

    @property
    def user(self) -> str:
        """The sender's name; empty for nobody's."""
        return "" if self.sender is ANONYMOUS else self.sender.name

    @property
    def query(self) -> Query:
        """The query's parameters, each with its values in order; a name without a value has an empty one."""
        if self._parsed is None:
            self._parsed = parse_qs(self._query.decode("latin-1"), keep_blank_values=True) if self._query else {}
        return self._parsed

    def call(self, started: datetime) -> Call:
        """The request as faults and the record of requests know it."""
        query, user_agent = self._query.decode("latin-1"), self.user_agent.decode("latin-1")
        return Call(self.method, self.path, query, self.headers, user_agent, started, verb=self.method.lower())

    async def gone(self) -> None:
        """Return once the client has gone away; what it may still send is thrown away."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    @property
    def pretty(self) -> bool:
        """Whether JSON is to be indented: as `?pretty=` says, else for clients that people look at."""
        if self._query and (asked := self.query.get("pretty")):
            return asked[0].lower() in ("1", "t", "true")
        return self.user_agent.startswith(_PEOPLE)


class LongAnswer(Protocol):
    """An answer that goes on, once it is run, for as long as the client or the server likes."""

    #: What the answer begins with, for the record of requests; and its call there, once it is known.
    status: int
    content_type: str
    call: Call | None

    async def run(self, request: Request, send: Send, audit_id: bytes) -> None:
        """Answer until there is nothing more to be said or nobody to hear it."""

    def close(self) -> None:
        """End it; harmless when it has ended, or never began."""


class Response(NamedTuple):
    """An answer that is complete: `content_type` and `headers` as they are sent."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: Iterable[Header] = ()
