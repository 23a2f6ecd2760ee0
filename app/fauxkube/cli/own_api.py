"""Asking a running server what only fauxkube can tell, for the commands that do."""

from __future__ import annotations

from typing import Any, NoReturn

import typer

PREFIX = "/fauxkube/v1"


def ask(server: str, path: str, **params: str) -> Any:
    """The answer of the server (or the cluster, by its URL) to a GET; what goes wrong ends the command with code 1."""
    import httpx

    try:
        answer = httpx.get(f"{server.rstrip('/')}{PREFIX}/{path}", params=params, trust_env=False, timeout=60.0)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _fail(f"cannot reach {server}: {error}")
    if answer.is_error:
        _fail(_message(answer.status_code, answer.headers.get("content-type", ""), answer.content))
    return answer.json()


def _message(code: int, media: str, content: bytes) -> str:
    """What a `Status` says; anything else is not from a fauxkube that knows the path."""
    import json

    if media.startswith("application/json"):
        said = json.loads(content)
        if isinstance(said, dict) and said.get("message"):
            return str(said["message"])
    return f"the server answered {code}"


def _fail(message: str) -> NoReturn:
    typer.echo(f"fauxkube: {message}", err=True)
    raise typer.Exit(1)
