"""`fauxkube ipam`: each range, who holds what of it and since when, and whose an address is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from fauxkube.cli.history import Output
from fauxkube.cli.network import Printed, print_json
from fauxkube.cli.own_api import DEFAULT_URL, Server, ask

#: How many holders of a pool are listed where all pools are.
_LISTED = 10


def ipam(
    address: Annotated[str, typer.Argument(metavar="[ADDRESS]", help="Tell whose this address is.")] = "",
    *,
    node: Annotated[str, typer.Option(help="Only what this node has: its blocks, and who holds what of them.")] = "",
    server: Server = DEFAULT_URL,
    output: Printed = Output.TEXT,
) -> None:
    """Show every range of addresses, blocks and ports: who holds what since when, what is free, what cools down."""
    found = ask(server, f"addresses/{address}") if address else _of_node(ask(server, "ipam"), node)
    if output is Output.JSON:
        print_json(found)
        return
    now = datetime.fromisoformat(ask(server, "clock")["now"])
    lines = told_address(found, now) if address else told(found, now, listed=None if node else _LISTED)
    for line in lines:
        typer.echo(line)


def _of_node(pools: list[Any], node: str) -> list[Any]:
    """The pools of a node's addresses, and its blocks out of those of all nodes; all pools without a node."""
    if not node:
        return pools
    found = []
    for pool in pools:
        mine = [each for each in pool["allocations"] if each["owner"] == f"nodes/{node}"]
        if pool["name"].partition("/ipv6")[0] == f"pods/{node}":
            found.append(pool)
        elif mine:
            found.append(pool | {"allocations": mine})
    if not found:
        from fauxkube.cli.own_api import fail

        fail(f"node {node} has no block of addresses, or there is no such node")
    return found


def told(pools: Sequence[Any], now: datetime, *, listed: int | None) -> Iterator[str]:
    """The pools as a table, below each who holds what; at most so many, the others counted."""
    header = ("POOL", "RANGE", "USED", "COOLING", "FREE")
    rows = [tuple(str(pool[name]) for name in ("name", "range", "used", "cooling", "free")) for pool in pools]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    yield _line(header, widths)
    for pool, row in zip(pools, rows, strict=True):
        yield _line(row, widths)
        yield from _holders(pool["allocations"], now, listed)


def _holders(allocations: Sequence[Any], now: datetime, listed: int | None) -> Iterator[str]:
    rows = [(each["value"], each["owner"], _age(each["since"], now)) for each in allocations[:listed]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    yield from (f"  {_line(row, widths)}" for row in rows)
    if more := len(allocations) - len(rows):
        yield f"  and {more} more"


def told_address(found: Any, now: datetime) -> Iterator[str]:
    """Whose an address is, and the ranges that it lies in."""
    owner = f" by {found['owner']}" if found["owner"] else ""
    since = f", for {_age(found['since'], now)}" if found["since"] else ""
    note = f": {found['note']}" if found["note"] else ""
    yield f"{found['address']} is {found['state']}{owner}{since}{note}"
    yield from (f"  out of {each}" for each in found["ranges"])


def _age(since: str | None, now: datetime) -> str:
    """As kubectl writes ages; empty for what is older than what the history holds."""
    from fauxkube.machinery.table import since as age

    return age(since, now) if since else ""


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
