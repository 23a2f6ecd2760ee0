"""The FastAPI app of all clusters of a server: which cluster is meant comes with each request."""

from __future__ import annotations

from fastapi import FastAPI

from fauxkube.server.own import (
    clock,
    cluster,
    clusters,
    containers,
    failures,
    faults,
    history,
    network,
    requests,
    snapshots,
    users,
)

#: The prefix under which nothing of Kubernetes' lives.
PREFIX = "/fauxkube/v1"

_DESCRIPTION = """
What fauxkube does beside the Kubernetes API. Put before these paths where a cluster's API begins: nothing for the
cluster `default`, `/clusters/NAME` for another. Whatever fails is answered by a Kubernetes `Status`.
"""


def create_app() -> FastAPI:
    """The app; it keeps nothing of any cluster."""
    app = FastAPI(
        title="fauxkube",
        description=_DESCRIPTION,
        version="v1",
        docs_url="/docs",
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        # Below the root of the cluster that the document is read from, whichever that is.
        servers=[{"url": "../.."}],
        root_path_in_servers=False,
        responses=failures.RESPONSES,
    )
    concerns = (cluster, clusters, clock, faults, requests, network, containers, snapshots, history, users)
    for concern in concerns:
        app.include_router(concern.router, prefix=PREFIX)
    failures.render(app)
    return app
