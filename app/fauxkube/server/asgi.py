"""The recurring ASGI types, and a request read from them once.

A `Request` holds the few headers that the API server looks at, found in one walk over the raw header list.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qs

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
    b"content-length": "content_length",
    b"content-type": "content_type",
    b"if-none-match": "if_none_match",
    b"user-agent": "user_agent",
}


class Request:
    """One HTTP request: method, path, the headers that matter here, and the body, once it has been received.

    `warnings` gathers what the client is to be warned of, whatever the answer.
    """

    body = b""

    accept = b""
    accept_encoding = b""
    audit_id = b""
    content_length = b""
    content_type = b""
    if_none_match = b""
    user_agent = b""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.receive = receive
        self.warnings: list[str] = []
        self._headers: list[Header] = scope["headers"]
        self._query: bytes = scope["query_string"]
        self._parsed: Query | None = None
        fields = self.__dict__
        for name, value in self._headers:
            if field := _FIELDS.get(name):
                fields[field] = fields[field] + b"," + value if field in fields else value

    @property
    def query(self) -> Query:
        """The query's parameters, each with its values in order; a name without a value has an empty one."""
        if self._parsed is None:
            self._parsed = parse_qs(self._query.decode("latin-1"), keep_blank_values=True) if self._query else {}
        return self._parsed

    def call(self, started: datetime) -> Call:
        """The request as faults and the record of requests know it."""
        query, user_agent = self._query.decode("latin-1"), self.user_agent.decode("latin-1")
        return Call(self.method, self.path, query, self._headers, user_agent, started, verb=self.method.lower())

    @property
    def pretty(self) -> bool:
        """Whether JSON is to be indented: as `?pretty=` says, else for clients that people look at."""
        if self._query and (asked := self.query.get("pretty")):
            return asked[0].lower() in ("1", "t", "true")
        return self.user_agent.startswith(_PEOPLE)


class Response(NamedTuple):
    """An answer that is complete: `content_type` and `headers` as they are sent."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: Iterable[Header] = ()
