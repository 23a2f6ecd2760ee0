"""The `fauxkube` command: a file a sub-command, each of which imports what it needs only when it runs."""

from __future__ import annotations

import typer

from fauxkube.cli import (
    clusters,
    dataplane,
    history,
    ipam,
    kubeadm,
    kubeconfig,
    network,
    serving,
    snapshot,
    time,
    up,
    version,
)

app = typer.Typer(
    name="fauxkube",
    help="A whole Kubernetes control plane in one Python process: the real API, no machines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_SERVERS, _TIME, _NETWORK = "Servers and clusters", "Time and what happened", "The network"
app.command("up", cls=serving.Command, rich_help_panel=_SERVERS)(up.up)
app.command("init", cls=serving.Command, rich_help_panel=_SERVERS)(kubeadm.init)
app.command("join", rich_help_panel=_SERVERS)(kubeadm.join)
app.add_typer(kubeadm.tokens, name="token", rich_help_panel=_SERVERS)
app.command("kubeconfig", rich_help_panel=_SERVERS)(kubeconfig.kubeconfig)
app.add_typer(clusters.app, name="clusters", rich_help_panel=_SERVERS)
app.add_typer(snapshot.app, name="snapshot", rich_help_panel=_SERVERS)
app.command("version", rich_help_panel=_SERVERS)(version.version)
app.command("settle", rich_help_panel=_TIME)(time.settle)
app.command("advance", rich_help_panel=_TIME)(time.advance)
app.command("history", rich_help_panel=_TIME)(history.history)
app.command("trace", rich_help_panel=_NETWORK)(network.trace)
app.add_typer(network.app, name="network", rich_help_panel=_NETWORK)
app.command("doctor", rich_help_panel=_NETWORK)(network.doctor)
app.command("ipam", rich_help_panel=_NETWORK)(ipam.ipam)
app.command("dataplane", rich_help_panel=_NETWORK)(dataplane.dataplane)


def main() -> None:
    """The console script's entry."""
    app()
