"""What a cluster is and holds: versions, addresses, log lines, and how to point kubectl at it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AnyHttpUrl

from fauxkube.machinery import status
from fauxkube.server.control import LogLine
from fauxkube.server.inspection import AddressUse, ClusterInfo, PoolUse
from fauxkube.server.own.scope import Addressed, ServerURL

router = APIRouter(tags=["cluster"])


@router.get("/info")
async def info(control: Addressed) -> ClusterInfo:
    """Versions, address ranges, the number of nodes and the uptime."""
    return await control.info()


@router.get("/ipam")
async def ipam(control: Addressed) -> list[PoolUse]:
    """Every pool of addresses, blocks and ports, with what is held out of it and by whom."""
    return await control.pools()


@router.get("/ipam/{name:path}")
async def pool(control: Addressed, name: str) -> PoolUse:
    """One pool, such as `services/clusterips`."""
    for use in await control.pools():
        if use.name == name:
            return use
    raise status.not_found("pools", name)


@router.get("/addresses/{address}")
async def address(control: Addressed, address: str) -> AddressUse:
    """Whose an address is, since when, and which ranges it comes out of."""
    return await control.address(address)


@router.get("/logs")
async def logs(
    control: Addressed, limit: Annotated[int, Query(ge=0, description="How many of the newest; 0: all kept.")] = 0
) -> list[LogLine]:
    """What the control plane logged last, the oldest first: warnings and failures, and more with `--verbose`."""
    return await control.logs(limit=limit)


@router.get(
    "/kubeconfig",
    response_class=Response,
    responses={200: {"content": {"application/yaml": {"schema": {"type": "string"}}}}},
)
async def kubeconfig(
    control: Addressed,
    url: ServerURL,
    server: Annotated[
        AnyHttpUrl | None,
        Query(description="The server's URL as kubectl will reach it, such as a container's mapped port; else yours."),
    ] = None,
    user: Annotated[str, Query(description="A user that was added, whose token goes into it.")] = "",
) -> Response:
    """A kubeconfig file for this cluster."""
    text = await control.kubeconfig(str(server) if server else url, user=user)
    return Response(text, media_type="application/yaml")
