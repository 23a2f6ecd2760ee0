"""An HTTP request and its response as values, for whoever asks or answers without a connection of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is asked: `target` is the path with its query, `client` the address that it comes from."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    client: str = ""

    def header(self, name: str) -> str:
        """The first header of that name, in whichever case; empty without one."""
        return header_of(self.headers, name)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What is answered; `Content-Length` is not among the headers."""

    status: int
    body: bytes = b""
    headers: Headers = (("Content-Type", "text/plain; charset=utf-8"),)

    def header(self, name: str) -> str:
        """The first header of that name, in whichever case; empty without one."""
        return header_of(self.headers, name)


#: What answers requests; it may fail, which its caller answers with 500.
Handler: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponse]]


def header_of(headers: Headers, name: str) -> str:
    """The first header of that name, in whichever case; empty without one."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), "")
