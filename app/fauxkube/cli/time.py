"""`fauxkube settle` and `fauxkube advance`: wait until a cluster has nothing left to do, and move its time on."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from fauxkube.cli.own_api import DEFAULT_URL, Server, tell

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")


def settle(
    revision: Annotated[int, typer.Option(help="The resource version to be at or past.", min=0)] = 0,
    timeout: Annotated[float, typer.Option(help="How many seconds to wait at most.", min=0, max=600)] = 30.0,
    server: Server = DEFAULT_URL,
) -> None:
    """Wait until no control loop has anything to do that needs no time to pass."""
    _print(tell("POST", server, "settle", {"revision": revision, "timeout": timeout}))


def advance(
    time: Annotated[str, typer.Argument(help="How far: 90s, 5m, 1h30m.", metavar="TIME")], server: Server = DEFAULT_URL
) -> None:
    """Move a cluster's time on; whatever falls due on the way happens, in order."""
    _print(tell("POST", server, "clock/advance", {"seconds": seconds_of(time)}))


def seconds_of(text: str) -> float:
    """What a length of time is in seconds."""
    parts = _PART.findall(text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != text:
        raise typer.BadParameter(f"{text!r} is not of the form 90s, 5m or 1h30m", param_hint="TIME")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _print(settled: dict[str, Any]) -> None:
    typer.echo(f"settled at revision {settled['revision']}, {settled['now']}")
