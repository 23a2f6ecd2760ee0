"""`fauxkube up`: run a cluster and serve it until told to stop."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from fauxkube.cluster.serving import Announced
    from fauxkube.cluster.settings import Settings
    from fauxkube.cluster.sources import Sources

_RANGES = {
    "cluster_cidr",
    "node_prefix",
    "node_prefix_v6",
    "service_cidr",
    "node_port_range",
    "load_balancer_cidr",
}
_SAID_BY_SNAPSHOTS = {*_RANGES, "nodes", "network", "zones", "kubernetes_version", "seed", "clock"}
#: What options mean that stand without a value.
#: How many nodes' addresses are told at the start.
_NODES_SHOWN = 5
_ALONE = {"--strict": "warn", "--dns": "0"}


class Command(TyperCommand):
    """Lets `--strict` and `--dns` stand alone: Typer knows no option whose value may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments that are left."""
        for at, (each, after) in enumerate(pairwise([*args, "-"])):
            if each in _ALONE and after.startswith("-"):
                args[at] = f"{each}={_ALONE[each]}"
        return super().parse_args(ctx, args)


def up(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.", min=0, max=65535)] = 8080,
    nodes: Annotated[int, typer.Option(help="How many simulated nodes to begin with.", min=0)] = 3,
    zones: Annotated[str, typer.Option(help="Zones that the nodes are in, in turn: a,b,c.")] = "",
    data: Annotated[
        Path | None, typer.Option(help="A file that keeps the state; without it, it is kept in memory.", dir_okay=False)
    ] = None,
    kubernetes_version: Annotated[str, typer.Option(help="The Kubernetes version to serve, such as 1.36.")] = "1.36",
    cluster_cidr: Annotated[
        str, typer.Option(help="The range of pod addresses, or two of them: 10.244.0.0/16,fd00:10:244::/56.")
    ] = "10.244.0.0/16",
    node_prefix: Annotated[int, typer.Option(help="The prefix length of each node's block of it.")] = 24,
    node_prefix_v6: Annotated[int, typer.Option(help="The prefix length of each node's block of IPv6.")] = 64,
    service_cidr: Annotated[
        str, typer.Option(help="The range of cluster IPs, or two of them: 10.96.0.0/16,fd00:10:96::/112.")
    ] = "10.96.0.0/12",
    node_port_range: Annotated[str, typer.Option(help="The range of node ports.")] = "30000-32767",
    load_balancer_cidr: Annotated[
        str, typer.Option(help="The range of load balancers' addresses, or one of each IP family.")
    ] = "203.0.113.0/24,2001:db8:113::/112",
    network: Annotated[
        str, typer.Option(help="The network that pods begin with: routed, bridge (a lone one on each node) or none.")
    ] = "routed",
    load: Annotated[
        list[str] | None,
        typer.Option(
            help="Begin with manifests: a file, a folder, what `helm template` or `kubectl get -A -o yaml` printed; "
            "- reads standard input. May be repeated."
        ),
    ] = None,
    snapshot: Annotated[
        Path | None, typer.Option(help="Begin with a snapshot that was saved, and with its settings.", dir_okay=False)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Make the same random choices on every run.")] = None,
    strict: Annotated[
        str,
        typer.Option(
            help="Warn of clients' mistakes or refuse them: warn (by --strict alone), fail, or rule by rule as in "
            "fail,hot-loop=off."
        ),
    ] = "off",
    clock: Annotated[
        str, typer.Option(help="The cluster's time: real, frozen, or how many of its seconds pass in a real one.")
    ] = "real",
    dataplane: Annotated[
        bool,
        typer.Option("--dataplane", help="Really listen for services and host ports, on loopback addresses."),
    ] = False,
    ingress: Annotated[
        bool, typer.Option("--ingress", help="Begin with a default ingress class, which fauxkube serves.")
    ] = False,
    dns: Annotated[
        int | None,
        typer.Option(
            help="Answer the cluster's names on this port of 127.0.0.1, over UDP and TCP; 0, or --dns alone, takes a "
            "free one.",
            min=0,
            max=65535,
        ),
    ] = None,
    clusters: Annotated[int, typer.Option(help="How many clusters the server takes at most.", min=1)] = 1000,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what the control loops do.")] = False,
) -> None:
    """Run a control plane and serve its API until Ctrl-C."""
    from fauxkube.cluster.settings import Settings, SettingsError
    from fauxkube.cluster.sources import Sources
    from fauxkube.registry.pools import Ranges, port_range

    given = _given(context)
    if snapshot is not None and (said := given & _SAID_BY_SNAPSHOTS):
        _fail(f"--{min(said).replace('_', '-')} cannot be given with --snapshot, which says that itself")
    sources = Sources(snapshot=snapshot, load=load or (), insists=bool(given & _RANGES))
    try:
        node_ports = port_range(node_port_range)
    except ValueError:
        _fail(f"--node-port-range: {node_port_range!r} is not of the form 30000-32767")
    try:
        settings = Settings(
            nodes=nodes,
            zones=tuple(each.strip() for each in zones.split(",")) if zones else (),
            data=data,
            kubernetes_version=kubernetes_version,
            ranges=Ranges(
                cluster_cidr=cluster_cidr,
                node_prefix=node_prefix,
                node_prefix_v6=node_prefix_v6,
                service_cidr=service_cidr,
                node_ports=node_ports,
                load_balancer_cidr=load_balancer_cidr,
            ),
            network=network,
            seed=seed,
            strict=strict,
            dataplane=dataplane,
            ingress=ingress,
            clock_rate=_rate(clock),
        )
    except SettingsError as error:
        _fail(str(error))
    _serve(settings, sources, host=host, port=port, clusters=clusters, dns=dns, verbose=verbose)


def _given(context: typer.Context) -> set[str]:
    """The parameters that the command line sets."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def _rate(clock: str) -> float:
    try:
        return {"real": 1.0, "frozen": 0.0}[clock] if clock.isalpha() else float(clock)
    except (KeyError, ValueError):
        _fail(f"--clock: {clock!r} is neither real nor frozen nor a number")


def _fail(message: str) -> NoReturn:
    typer.echo(f"fauxkube: {message}", err=True)
    raise typer.Exit(2)


def _serve(settings: Settings, sources: Sources, *, verbose: bool, **listening: Any) -> None:
    import logging

    from fauxkube.cluster.serving import ServingError, serve
    from fauxkube.kinds.core.node_network import NONE

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        if settings.network == NONE:
            typer.echo("Nodes are not ready without a network. Once the server is, install one:")
            typer.echo(f"  {_command()} network install flannel")
        serve(settings, announce=_announce, sources=sources, **listening)
    except ServingError as error:
        typer.echo(f"fauxkube: {error}", err=True)
        raise typer.Exit(1) from None


def _announce(ready: Announced) -> None:
    """The one block of text a user sees: where the server is, and how to point kubectl at it."""
    url, loaded, names = ready.url, ready.loaded, ready.names
    for skipped in loaded.skipped:
        typer.echo(f"fauxkube: skipped {skipped}", err=True)
    for note in loaded.notes:
        typer.echo(f"fauxkube: {note}", err=True)
    if made := len(loaded.created) + len(loaded.changed):
        typer.echo(f"fauxkube has loaded {made} objects")
    warn_if_open(ready.host)
    if names is not None:
        typer.echo(f"Names are answered at {names.host}:{names.port}:")
        typer.echo(f"  dig @{names.host} -p {names.port} kubernetes.default.svc.{names.domain}")
    if ready.nodes:
        shown = [f"{name} at {address}" for name, address in list(ready.nodes.items())[:_NODES_SHOWN]]
        more = ", ..." if len(ready.nodes) > _NODES_SHOWN else ""
        typer.echo(f"Node ports are open on loopback: {', '.join(shown)}{more}. Where everything else is:")
        typer.echo(f"  {_command()} dataplane --server {url}")
    typer.echo(f"fauxkube is ready at {url}" + (f", its state kept in {ready.data}" if ready.data else ""))
    typer.echo("Point kubectl at it, in this or another terminal:")
    typer.echo(f"  {_command()} kubeconfig --server {url} -o fauxkube.kubeconfig")
    typer.echo("  export KUBECONFIG=$PWD/fauxkube.kubeconfig")
    typer.echo(f"or for one command: kubectl --server {url} get nodes")
    typer.echo(f"Our own API is described at {url}/docs. Ctrl-C stops it.")


def _command() -> str:
    """How the user reaches this program: by its name where that is on the path, else as it was called."""
    import shutil
    import sys

    if shutil.which("fauxkube"):
        return "fauxkube"
    called = Path(sys.argv[0])
    return f"{sys.executable} -m fauxkube" if called.name == "__main__.py" else str(called)


def warn_if_open(host: str) -> None:
    """Say what it means to listen on an address that others reach."""
    if not _is_loopback(host):
        typer.echo(
            f"fauxkube: warning: listening on {host}: anyone who reaches this port can read and change "
            "everything, there is no authentication",
            err=True,
        )


def _is_loopback(host: str) -> bool:
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
