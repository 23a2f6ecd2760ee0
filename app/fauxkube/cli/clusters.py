"""`fauxkube clusters`: the clusters of a running server, listed, created, forked, reset and deleted."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from fauxkube.cli.own_api import DEFAULT_URL, Server, ask, tell

app = typer.Typer(help="The clusters of a running server, each at a URL of its own.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The cluster's name.")]
NewName = Annotated[str, typer.Argument(help="What to call it; without a name it is given one.")]


@app.command("list")
def list_clusters(server: Server = DEFAULT_URL) -> None:
    """Print every cluster's name and URL."""
    found: list[dict[str, Any]] = ask(server, "clusters")
    width = max(len(each["name"]) for each in found)
    for each in found:
        typer.echo(f"{each['name']:{width}}  {each['url']}")


@app.command()
def create(  # noqa: PLR0917 - one parameter an option
    name: NewName = "",
    nodes: Annotated[int | None, typer.Option(help="How many simulated nodes to begin with.", min=0)] = None,
    kubernetes_version: Annotated[str | None, typer.Option(help="The Kubernetes version to serve.")] = None,
    network: Annotated[str | None, typer.Option(help="Its pods' network: routed, bridge or none.")] = None,
    seed: Annotated[int | None, typer.Option(help="Make the same random choices on every run.")] = None,
    server: Server = DEFAULT_URL,
) -> None:
    """Start another cluster, with the server's settings unless told otherwise, and print its URL."""
    overrides = {"nodes": nodes, "kubernetes_version": kubernetes_version, "network": network, "seed": seed}
    made = tell("POST", server, "clusters", {"name": name, "overrides": overrides})
    typer.echo(made["url"])


@app.command()
def fork(
    source: Annotated[str, typer.Argument(help="The cluster to begin from, as it is now.")],
    name: NewName = "",
    server: Server = DEFAULT_URL,
) -> None:
    """Start a cluster that begins as another is now, and print its URL."""
    typer.echo(tell("POST", server, "clusters", {"name": name, "source": source})["url"])


@app.command()
def reset(name: Name, server: Server = DEFAULT_URL) -> None:
    """Put a cluster back to how it began; its URL stays."""
    tell("POST", server, f"clusters/{quote(name, safe='')}/reset")


@app.command()
def delete(name: Name, server: Server = DEFAULT_URL) -> None:
    """End a cluster, and forget all of it."""
    tell("DELETE", server, f"clusters/{quote(name, safe='')}")
