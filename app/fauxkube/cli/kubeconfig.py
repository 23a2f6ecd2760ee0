"""`fauxkube kubeconfig`: how to point kubectl at a server that `fauxkube up` runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fauxkube.cli.own_api import DEFAULT_URL, Server


def kubeconfig(
    server: Server = DEFAULT_URL,
    cluster: Annotated[str, typer.Option(help="One of the server's clusters; else the one at its root.")] = "",
    name: Annotated[
        str,
        typer.Option(help="The cluster's, user's and context's name in the file; else fauxkube or fauxkube-CLUSTER."),
    ] = "",
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge into $KUBECONFIG or ~/.kube/config, and make the context current.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Merge into this file instead.", dir_okay=False)
    ] = None,
) -> None:
    """Print a kubeconfig for a running server, or merge it into a file."""
    from fauxkube.cluster import kubeconfig as files

    name = name or (f"{files.NAME}-{cluster}" if cluster else files.NAME)
    config = files.kubeconfig(f"{server.rstrip('/')}/clusters/{cluster}" if cluster else server, name)
    if output is None and not merge:
        typer.echo(files.to_yaml(config), nl=False)
        return
    path = output or files.default_path()
    try:
        files.merge_into(path, config)
    except (files.KubeconfigError, OSError) as error:
        typer.echo(f"fauxkube: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f'Context "{name}" is now the current one in {path}')
