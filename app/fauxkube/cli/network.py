"""`fauxkube trace`, `doctor` and `network`: where traffic goes, what is wrong, whether all holds that has to."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from fauxkube.cli.history import Output
from fauxkube.cli.own_api import DEFAULT_URL, Server, ask, tell

app = typer.Typer(help="The network of a running cluster.", no_args_is_help=True)

Printed = Annotated[Output, typer.Option("--output", "-o", help="Text to be read, or JSON.")]


def trace(
    sender: Annotated[
        str, typer.Argument(metavar="FROM", help="Who sends: pod/NAME, node/NAME, outside, or an address.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="A URL, HOST:PORT, pod/NAME, service/NAME or node/NAME:PORT.")
    ],
    *,
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Where names without one are.")] = "default",
    every: Annotated[bool, typer.Option("--all", help="Show every way that the packet may take.")] = False,
    server: Server = DEFAULT_URL,
    output: Printed = Output.TEXT,
) -> None:
    """Show a packet's way hop by hop, or where it is lost and why. The code is 1 when it does not arrive."""
    asked = {"from": sender, "to": target, "namespace": namespace, "every": str(every).lower()}
    found = ask(server, "trace", **asked)
    if output is Output.JSON:
        print_json(found)
    else:
        from fauxkube.network.text import render

        typer.echo(render(found))
    raise typer.Exit(0 if found["reached"] else 1)


def doctor(
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Look at this namespace only.")] = "",
    server: Server = DEFAULT_URL,
    output: Printed = Output.TEXT,
) -> None:
    """Look for what is wrong with the network, and tell what is likely the mistake. The code is 1 for a problem."""
    found = ask(server, "doctor", namespace=namespace)
    if output is Output.JSON:
        print_json(found)
    else:
        from fauxkube.network.text import render_diagnosis

        typer.echo(render_diagnosis(found))
    raise typer.Exit(0 if found["healthy"] else 1)


@app.command()
def install(
    name: Annotated[str, typer.Argument(help="flannel, calico, cilium, weave, or a name of your own.")] = "flannel",
    cidr: Annotated[str, typer.Option(help="The range of its addresses, the cluster's own unless given.")] = "",
    server: Server = DEFAULT_URL,
) -> None:
    """Install a network add-on in a cluster that began without a network, and tell what was made."""
    made = tell("POST", server, "network/install", {"name": name, "cidr": cidr})
    for each in made["created"]:
        typer.echo(f"{each} created")
    for each in made["changed"]:
        typer.echo(f"{each} configured")


@app.command()
def check(server: Server = DEFAULT_URL, output: Printed = Output.TEXT) -> None:
    """Prove or refute what Kubernetes requires of a network. The code is 1 when something does not hold."""
    found = ask(server, "network/check")
    if output is Output.JSON:
        print_json(found)
    else:
        from fauxkube.network.text import render_check

        typer.echo(render_check(found))
    raise typer.Exit(0 if found["holds"] else 1)


@app.command()
def dns(
    port: Annotated[
        int, typer.Option(help="Where it is to listen if it does not; 0: a free port.", min=0, max=65535)
    ] = 0,
    server: Server = DEFAULT_URL,
) -> None:
    """Print where the cluster's names are answered on loopback; from now on, if they were not."""
    found = ask(server, "dns", port=str(port))
    typer.echo(f"{found['host']}:{found['port']}")


def print_json(found: Any) -> None:
    """As JSON, to be read by people too."""
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
