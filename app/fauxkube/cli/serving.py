"""What `fauxkube up` and `fauxkube init` have in common: options of a server, running it, and what is told of it."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from fauxkube.cluster.serving import Announce, Announced, Source
    from fauxkube.cluster.settings import Settings

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.", min=0, max=65535)]
Data = Annotated[
    Path | None, typer.Option(help="A file that keeps the state; without it, it is kept in memory.", dir_okay=False)
]
Seed = Annotated[int | None, typer.Option(help="Make the same random choices on every run.")]
Dataplane = Annotated[
    bool, typer.Option("--dataplane", help="Really listen for services and host ports, on loopback addresses.")
]
Ingress = Annotated[bool, typer.Option("--ingress", help="Begin with a default ingress class, which fauxkube serves.")]
Dns = Annotated[
    int | None,
    typer.Option(
        help="Answer the cluster's names on this port of 127.0.0.1, over UDP and TCP; 0, or --dns alone, takes a "
        "free one.",
        min=0,
        max=65535,
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what the control loops do.")]

#: How many clusters a server takes unless told otherwise.
CLUSTERS = 1000
#: How many nodes' addresses are told at the start.
_NODES_SHOWN = 5
#: What options mean that stand without a value.
_ALONE = {"--strict": "warn", "--dns": "0"}


class Command(TyperCommand):
    """Lets `--strict` and `--dns` stand alone: Typer knows no option whose value may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments that are left."""
        taken = {name for parameter in self.params for name in parameter.opts}
        for at, (each, after) in enumerate(pairwise([*args, "-"])):
            if each in _ALONE and each in taken and after.startswith("-"):
                args[at] = f"{each}={_ALONE[each]}"
        return super().parse_args(ctx, args)


def run(settings: Settings, sources: Source, announce: Announce, *, verbose: bool, **listening: Any) -> None:
    """Serve until told to stop; what cannot be served ends the command with code 1."""
    import logging

    from fauxkube.cluster.serving import ServingError, serve

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        serve(settings, announce=announce, sources=sources, **listening)
    except ServingError as error:
        typer.echo(f"fauxkube: {error}", err=True)
        raise typer.Exit(1) from None


def tell_of(ready: Announced) -> None:
    """Say what it means to listen where others reach it, and what else listens on loopback."""
    if not _is_loopback(ready.host):
        typer.echo(
            f"fauxkube: warning: listening on {ready.host}: anyone who reaches this port can read and change "
            "everything, there is no authentication",
            err=True,
        )
    if (names := ready.names) is not None:
        typer.echo(f"Names are answered at {names.host}:{names.port}:")
        typer.echo(f"  dig @{names.host} -p {names.port} kubernetes.default.svc.{names.domain}")
    if ready.nodes:
        shown = [f"{name} at {address}" for name, address in list(ready.nodes.items())[:_NODES_SHOWN]]
        more = f" and {len(ready.nodes) - _NODES_SHOWN} more" if len(ready.nodes) > _NODES_SHOWN else ""
        typer.echo(f"Node ports are open on loopback: {', '.join(shown)}{more}. Where everything else is:")
        typer.echo(f"  {program()} dataplane --server {ready.url}")


def program() -> str:
    """How the user reaches this program: by its name where that is on the path, else as it was called."""
    import shutil

    if shutil.which("fauxkube"):
        return "fauxkube"
    called = Path(sys.argv[0])
    return f"{sys.executable} -m fauxkube" if called.name == "__main__.py" else str(called)


def _is_loopback(host: str) -> bool:
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
