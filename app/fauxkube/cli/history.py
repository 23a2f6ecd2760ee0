"""`fauxkube history`: who changed what of an object, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from fauxkube.cli.own_api import DEFAULT_URL, Server

#: What a person is shown of a value; JSON output has all of it.
_VALUE_LENGTH = 100


class Output(StrEnum):
    """How to print it."""

    TEXT = "text"
    JSON = "json"


def history(
    words: Annotated[
        list[str],
        typer.Argument(help="The object, as kubectl takes it: `pod/web` or `pod web`.", metavar="RESOURCE/NAME"),
    ],
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="The object's namespace.")] = "default",
    server: Server = DEFAULT_URL,
    output: Annotated[Output, typer.Option("--output", "-o", help="Text to be read, or JSON.")] = Output.TEXT,
) -> None:
    """Tell who changed what of an object and when, also when it has been deleted since."""
    from fauxkube.cli.own_api import ask

    resource, name = _named(words)
    changes = ask(server, "history", resource=resource, name=name, namespace=namespace)
    if output is Output.JSON:
        typer.echo(json.dumps(changes, indent=2, ensure_ascii=False))
        return
    now = datetime.fromisoformat(ask(server, "clock")["now"])
    for line in told(changes, now):
        typer.echo(line)


def _named(words: list[str]) -> tuple[str, str]:
    """Resource and name of `pod/web` or `pod web`."""
    resource, _, name = "/".join(words).partition("/")
    if not resource or not name or "/" in name:
        raise typer.BadParameter("one object is to be named, as in pod/web or pod web", param_hint="RESOURCE/NAME")
    return resource, name


def told(changes: list[dict[str, Any]], now: datetime) -> Iterator[str]:
    """A history as it is read: a line for each change, and one for each field below it."""
    if not changes or changes[0]["type"] != "ADDED":
        yield "(older changes are no longer held)"
    rows = [_row(change, now) for change in changes]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, change in zip(rows, changes, strict=True):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for field in change["changes"]:
            yield f"    {_field(**field)}"


def _row(change: dict[str, Any], now: datetime) -> tuple[str, ...]:
    """Revision, age, what happened, and by whom."""
    from fauxkube.machinery.table import since

    author = f"by {change['author']}" if change["author"] else ""
    return str(change["revision"]), since(change["at"], now), change["type"].lower(), author


def _field(path: str, before: Any, after: Any) -> str:
    if before is None:
        return f"+ {path}: {_value(after)}"
    if after is None:
        return f"- {path}: {_value(before)}"
    return f"~ {path}: {_value(before)} -> {_value(after)}"


def _value(value: Any) -> str:
    """As JSON, but for texts that can be told apart from what stands around them."""
    plain = isinstance(value, str) and value.isprintable() and value and " " not in value
    text = value if plain else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_LENGTH else f"{text[: _VALUE_LENGTH - 1]}…"
