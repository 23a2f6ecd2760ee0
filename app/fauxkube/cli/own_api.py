"""Asking a running server for what only fauxkube can do, for the commands that do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    import httpx

PREFIX = "/fauxkube/v1"

DEFAULT_URL = "http://127.0.0.1:8080"
#: Which server the commands ask, unless they are told: by option, or for all of them by a variable.
Server = Annotated[str, typer.Option(help="The running server's, or one of its clusters', URL.", envvar="FAUXKUBE_URL")]

#: Seconds that an answer may take: a long stretch of time takes long to be gone through.
_PATIENCE = 600.0


def ask(server: str, path: str, **params: str) -> Any:
    """The answer of the server (or the cluster, by its URL) to a GET; what goes wrong ends the command with code 1."""
    return _send("GET", server, path, params=params).json()


def tell(method: str, server: str, path: str, body: Any = None) -> Any:
    """The same for a request that does something; None when there is nothing in the answer."""
    answer = _send(method, server, path, json=body)
    return answer.json() if answer.content else None


def fetch(server: str, path: str) -> bytes:
    """The bytes that a GET is answered with."""
    return _send("GET", server, path).content


def send(method: str, server: str, path: str, data: bytes) -> None:
    """A request with these bytes as its body."""
    _send(method, server, path, content=data)


def _send(method: str, server: str, path: str, **parts: Any) -> httpx.Response:
    import httpx

    url = f"{server.rstrip('/')}{PREFIX}/{path}"
    try:
        answer = httpx.request(method, url, trust_env=False, timeout=_PATIENCE, **parts)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"cannot reach {server}: {error}")
    if answer.is_error:
        fail(_message(answer.status_code, answer.headers.get("content-type", ""), answer.content))
    return answer


def _message(code: int, media: str, content: bytes) -> str:
    """What a `Status` says; anything else is not from a fauxkube that knows the path."""
    import json

    if media.startswith("application/json"):
        said = json.loads(content)
        if isinstance(said, dict) and said.get("message"):
            return str(said["message"])
    return f"the server answered {code}"


def fail(message: str) -> NoReturn:
    """Say what went wrong, and end the command."""
    typer.echo(f"fauxkube: {message}", err=True)
    raise typer.Exit(1)
