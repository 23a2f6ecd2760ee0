"""`fauxkube dataplane`: where a cluster is served on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from fauxkube.cli.history import Output
from fauxkube.cli.network import Printed
from fauxkube.cli.own_api import DEFAULT_URL, Server, ask, fail

_HEADER = ("WHOSE", "ENTRY", "IN THE CLUSTER", "ON LOOPBACK")


def dataplane(server: Server = DEFAULT_URL, output: Printed = Output.TEXT) -> None:
    """List which loopback address and port stands for which of a running cluster's. The code is 1 when none does."""
    found = ask(server, "dataplane")
    if output is Output.JSON:
        typer.echo(json.dumps(found, indent=2))
    elif found["enabled"]:
        for line in _table(list(_rows(found))):
            typer.echo(line)
    if not found["enabled"]:
        fail("nothing of the cluster is served on loopback: start it with `fauxkube up --dataplane`")


def _rows(found: Any) -> Iterator[Sequence[str]]:
    yield _HEADER
    for node in found["nodes"]:
        yield (f"node/{node['name']}", "address", node["address"], node["loopback"])
    for each in found["listeners"]:
        address = f"[{each['address']}]" if ":" in each["address"] else each["address"]
        told = f"  {each['problem']}" if each["problem"] else ""
        at = (each["at"] or "-") + told
        yield (each["owner"], each["entry"], f"{address}:{each['port']}/{each['protocol']}", at)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
