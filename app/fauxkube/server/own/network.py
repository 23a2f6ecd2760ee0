"""The network: what becomes of a packet, whether what Kubernetes requires of a network holds, and its DNS server."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from fauxkube.server.control import LoadedObjects, NameServer
from fauxkube.server.own.scope import Addressed

router = APIRouter(tags=["network"])


@router.get("/trace")
async def trace(
    control: Addressed,
    *,
    sender: Annotated[
        str, Query(alias="from", description="Who sends.", examples=["pod/web", "node/node-1", "outside"])
    ],
    target: Annotated[
        str, Query(alias="to", description="Who is meant.", examples=["http://shop", "service/shop", "node-1:30080"])
    ],
    namespace: Annotated[str, Query(description="Where names without a namespace are.")] = "default",
    protocol: Annotated[str, Query(description="TCP, UDP or SCTP; empty: what the target says.")] = "",
    port: Annotated[str, Query(description="A number or a port's name; empty: what the target says.")] = "",
    every: Annotated[bool, Query(description="Each way that the packet may take, rather than one by chance.")] = False,
) -> dict[str, Any]:
    """A packet's way hop by hop: names, rules, translations, backends with their probabilities, routes, policies.

    Each of the `ways` ends in a hop of the kind `arrival`, or `end` with the `reason` and what is `likely` the mistake.
    """
    return await control.trace(sender, target, namespace=namespace, protocol=protocol, port=port, every=every)


class NewAddOn(BaseModel):
    """Which add-on to install."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="flannel", description="A DNS label.", examples=["flannel", "calico", "cilium", "weave"])
    cidr: str = Field(default="", description="Its range; empty: the cluster's own.", examples=["10.244.0.0/16"])


@router.post("/network/install")
async def install(control: Addressed, wanted: NewAddOn | None = None) -> LoadedObjects:
    """Install a network add-on by small manifests of our own, in a cluster that began without a network.

    What follows is what would follow from the add-on's own manifests: its pods turn their nodes ready.
    """
    wanted = wanted or NewAddOn()
    return await control.install_network(wanted.name, cidr=wanted.cidr)


@router.get("/network/check")
async def check(control: Addressed) -> dict[str, Any]:
    """Each requirement of a network, with the pairs for which it does not hold and why."""
    return await control.check_network()


@router.get("/doctor")
async def doctor(
    control: Addressed, namespace: Annotated[str, Query(description="Only what is in it; empty: all.")] = ""
) -> dict[str, Any]:
    """What is wrong with the cluster's network: each finding with its object, a word, a message, what is likely.

    `healthy` is a cluster without findings of the severity `problem`.
    """
    return await control.doctor(namespace=namespace)


@router.get("/dataplane")
async def dataplane(control: Addressed) -> dict[str, Any]:
    """Where the cluster is served on loopback: whether it is at all, the nodes' addresses, and every listener.

    A listener tells whose it is, its entry (node port, cluster IP, ...), its address, port and protocol in the cluster,
    where it listens (`at`), and the `problem` if that is not where it should be.
    """
    return await control.dataplane()


@router.get("/dns")
async def dns(
    control: Addressed,
    port: Annotated[
        int, Query(ge=0, le=65535, description="Where it is to listen if it does not; 0: a free port.")
    ] = 0,
) -> NameServer:
    """Where the cluster's DNS listens on loopback, over UDP and TCP. It does so from the first time that this is asked.

    409 when it listens elsewhere already, or the port is taken.
    """
    return await control.dns(port=port)
