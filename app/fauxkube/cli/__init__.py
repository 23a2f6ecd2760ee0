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
app.command("up", cls=serving.Command)(up.up)
app.command("init", cls=serving.Command)(kubeadm.init)
app.command("join")(kubeadm.join)
app.add_typer(kubeadm.tokens, name="token")
app.command("kubeconfig")(kubeconfig.kubeconfig)
app.add_typer(clusters.app, name="clusters")
app.add_typer(snapshot.app, name="snapshot")
app.command("settle")(time.settle)
app.command("advance")(time.advance)
app.command("history")(history.history)
app.command("trace")(network.trace)
app.add_typer(network.app, name="network")
app.command("doctor")(network.doctor)
app.command("ipam")(ipam.ipam)
app.command("dataplane")(dataplane.dataplane)
app.command("version")(version.version)


def main() -> None:
    """The console script's entry."""
    app()
