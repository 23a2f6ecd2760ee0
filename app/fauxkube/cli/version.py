"""`fauxkube version`: which fauxkube this is, and which Kubernetes it serves."""

from __future__ import annotations

import typer

from fauxkube import __version__


def version() -> None:
    """Print fauxkube's version and the Kubernetes version it serves by default."""
    from fauxkube.cluster.settings import DEFAULT_VERSION

    typer.echo(f"fauxkube {__version__} (Kubernetes {DEFAULT_VERSION})")
