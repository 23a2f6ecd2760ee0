"""`fauxkube up`: run a cluster and serve it until told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from fauxkube.cli.serving import (
    CLUSTERS,
    Data,
    Dataplane,
    Dns,
    Host,
    Ingress,
    Port,
    Seed,
    Verbose,
    program,
    run,
    tell_of,
)

if TYPE_CHECKING:
    from fauxkube.cluster.serving import Announced

_RANGES = {
    "cluster_cidr",
    "node_prefix",
    "node_prefix_v6",
    "allocate_node_cidrs",
    "service_cidr",
    "node_port_range",
    "load_balancer_cidr",
}
_SAID_BY_SNAPSHOTS = {*_RANGES, "nodes", "network", "zones", "kubernetes_version", "seed", "clock"}


def up(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    nodes: Annotated[int, typer.Option(help="How many simulated nodes to begin with.", min=0)] = 3,
    zones: Annotated[str, typer.Option(help="Zones that the nodes are in, in turn: a,b,c.")] = "",
    data: Data = None,
    kubernetes_version: Annotated[str, typer.Option(help="The Kubernetes version to serve, such as 1.36.")] = "1.36",
    cluster_cidr: Annotated[
        str, typer.Option(help="The range of pod addresses, or two of them: 10.244.0.0/16,fd00:10:244::/56.")
    ] = "10.244.0.0/16",
    node_prefix: Annotated[int, typer.Option(help="The prefix length of each node's block of it.")] = 24,
    node_prefix_v6: Annotated[int, typer.Option(help="The prefix length of each node's block of IPv6.")] = 64,
    allocate_node_cidrs: Annotated[
        bool,
        typer.Option(
            "--allocate-node-cidrs/--no-allocate-node-cidrs", help="Give nodes blocks of the range of pod addresses."
        ),
    ] = True,
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
    seed: Seed = None,
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
    dataplane: Dataplane = False,
    ingress: Ingress = False,
    dns: Dns = None,
    clusters: Annotated[int, typer.Option(help="How many clusters the server takes at most.", min=1)] = CLUSTERS,
    verbose: Verbose = False,
) -> None:
    """Run a control plane and serve its API until Ctrl-C."""
    from fauxkube.cluster.beginnings.sources import Sources
    from fauxkube.cluster.settings import Settings, SettingsError
    from fauxkube.kinds.core.node_network import NONE
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
                node_blocks=allocate_node_cidrs,
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
    if settings.network == NONE:
        typer.echo("Nodes are not ready without a network. Once the server is, install one:")
        typer.echo(f"  {program()} network install flannel")
    run(settings, sources, _announce, host=host, port=port, clusters=clusters, dns=dns, verbose=verbose)


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


def _announce(ready: Announced) -> None:
    """The one block of text a user sees: where the server is, and how to point kubectl at it."""
    url, loaded = ready.url, ready.loaded
    for skipped in loaded.skipped:
        typer.echo(f"fauxkube: skipped {skipped}", err=True)
    for note in loaded.notes:
        typer.echo(f"fauxkube: {note}", err=True)
    if made := len(loaded.created) + len(loaded.changed):
        typer.echo(f"fauxkube has loaded {made} objects")
    tell_of(ready)
    typer.echo(f"fauxkube is ready at {url}" + (f", its state kept in {ready.data}" if ready.data else ""))
    typer.echo("Point kubectl at it, in this or another terminal:")
    typer.echo(f"  {program()} kubeconfig --server {url} -o fauxkube.kubeconfig")
    typer.echo("  export KUBECONFIG=$PWD/fauxkube.kubeconfig")
    typer.echo(f"or for one command: kubectl --server {url} get nodes")
    typer.echo(f"Our own API is described at {url}/docs. Ctrl-C stops it.")
