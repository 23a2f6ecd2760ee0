"""`fauxkube snapshot`: a running cluster saved to a file, and a file loaded into a running cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fauxkube.cli.own_api import DEFAULT_URL, Server, fail, fetch, send

app = typer.Typer(help="Save a running cluster to a file, and load it again.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The snapshot's file.", dir_okay=False)]


@app.command()
def save(file: File, server: Server = DEFAULT_URL) -> None:
    """Save the cluster as it is now; a file that is there is replaced once all of it has arrived."""
    data = fetch(server, "snapshot")
    partial = file.with_name(file.name + ".partial")
    try:
        partial.write_bytes(data)
        partial.replace(file)
    except OSError as error:
        fail(f"{file}: {error.strerror or error}")
    typer.echo(f"saved {len(data)} bytes to {file}")


@app.command()
def load(file: File, server: Server = DEFAULT_URL) -> None:
    """Make the cluster what the snapshot holds; what it was before is gone, and open watches end."""
    try:
        data = file.read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror or error}")
    send("PUT", server, "snapshot", data)
    typer.echo(f"loaded {file}")
