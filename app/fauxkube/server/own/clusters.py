"""The clusters of a server: listed, created, forked, reset and deleted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from fauxkube.machinery import status
from fauxkube.server.control import ClusterEntry, Control
from fauxkube.server.own.scope import Clusters, ServerURL

router = APIRouter(tags=["clusters"], prefix="/clusters")


class Overrides(BaseModel):
    """Settings that differ from those that the server was started with."""

    model_config = ConfigDict(extra="forbid")

    nodes: int | None = Field(default=None, ge=0, description="How many simulated nodes to begin with.")
    zones: str | None = Field(default=None, description="The zones that they are in, in turn.", examples=["a,b,c"])
    kubernetes_version: str | None = Field(default=None, examples=["1.36"])
    network: str | None = Field(default=None, description="Its pods' network.", examples=["routed", "bridge", "none"])
    seed: int | None = Field(default=None, description="Makes the same random choices on every run.")
    history: int | None = Field(default=None, ge=1, description="How many changes are remembered.")
    clock_start: datetime | None = Field(default=None, description="The time to begin at, with its time zone.")
    clock_rate: float | None = Field(default=None, ge=0, description="Its seconds in each real one; 0 is frozen.")
    image_pull_seconds: float | None = Field(default=None, ge=0, description="What pulling an image takes.")
    container_start_seconds: float | None = Field(default=None, ge=0, description="What starting a container takes.")
    stop_seconds: float | None = Field(default=None, ge=0, description="What stopping a pod takes: its grace at most.")
    requests: int | None = Field(default=None, ge=0, description="How many requests are kept on record.")
    strict: str | None = Field(default=None, description="How strictly they are judged.", examples=["warn"])
    dataplane: bool | None = Field(default=None, description="Whether its services are listened for on loopback.")
    ingress: bool | None = Field(default=None, description="Whether it begins with a default ingress class.")
    cluster_cidr: str | None = Field(default=None, examples=["10.244.0.0/16", "10.244.0.0/16,fd00:10:244::/56"])
    node_prefix: int | None = Field(default=None, examples=[24])
    node_prefix_v6: int | None = Field(default=None, examples=[64])
    service_cidr: str | None = Field(default=None, examples=["10.96.0.0/12", "10.96.0.0/16,fd00:10:96::/112"])
    node_ports: str | None = Field(default=None, examples=["30000-32767"])
    load_balancer_cidr: str | None = Field(default=None, examples=["203.0.113.0/24"])


class NewCluster(BaseModel):
    """What to create."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", description="A DNS label; empty: one is made up.", examples=["shop"])
    source: str = Field(default="", description="The cluster to fork, as it is now; empty: a fresh cluster.")
    overrides: Overrides = Overrides()


class HostedCluster(BaseModel):
    """A cluster of this server."""

    name: str = Field(examples=["shop"])
    url: str = Field(description="Its API, for `kubectl --server`.", examples=["http://127.0.0.1:8080/clusters/shop"])
    kubernetes_version: str = Field(examples=["1.36"])
    nodes: int = Field(description="How many simulated nodes it began with.", examples=[3])
    revision: int = Field(description="Its newest resource version.", examples=[57])
    source: str = Field(description="The cluster that it was forked from, if it was.")


@router.get("")
async def list_clusters(clusters: Clusters, url: ServerURL) -> list[HostedCluster]:
    """Every cluster of the server, `default` first."""
    return [_shown(control, url) for control in clusters.controls()]


@router.post("", status_code=201)
async def create_cluster(clusters: Clusters, url: ServerURL, wanted: NewCluster | None = None) -> HostedCluster:
    """Start a cluster, fresh or as a fork of another. It is ready when this is answered."""
    wanted = wanted or NewCluster()
    overrides = wanted.overrides.model_dump(exclude_none=True)
    return _shown(await clusters.create(wanted.name, overrides=overrides, source=wanted.source), url)


@router.get("/{name}")
async def get_cluster(clusters: Clusters, url: ServerURL, name: str) -> HostedCluster:
    """One cluster."""
    return _shown(_found(clusters, name), url)


@router.delete("/{name}", status_code=204)
async def delete_cluster(clusters: Clusters, name: str) -> None:
    """End a cluster and its watches, and forget all of it."""
    await clusters.delete(name)


@router.post("/{name}/reset")
async def reset_cluster(clusters: Clusters, url: ServerURL, name: str) -> HostedCluster:
    """Put a cluster back to how it began. Its URL stays, its watches end, its resource versions go on upward."""
    control = _found(clusters, name)
    await control.reset()
    return _shown(control, url)


def _found(clusters: Clusters, name: str) -> Control:
    control = clusters.find(name)
    if control is None:
        raise status.not_found("clusters", name)
    return control


def _shown(control: Control, url: str) -> HostedCluster:
    entry: ClusterEntry = control.entry()
    return HostedCluster(url=f"{url}{entry.path}", **{k: v for k, v in asdict(entry).items() if k != "path"})
