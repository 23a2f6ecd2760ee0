"""A cluster as a file: taken from one, put into another."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from fauxkube.server.own.scope import Addressed

router = APIRouter(tags=["snapshots"])

_MEDIA = "application/gzip"


@router.get(
    "/snapshot",
    response_class=Response,
    responses={200: {"content": {_MEDIA: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def take_snapshot(control: Addressed) -> Response:
    """The whole cluster as it is now. `curl -o shop.snapshot` keeps it."""
    name = f'attachment; filename="{control.name}.snapshot"'
    return Response(await control.snapshot(), media_type=_MEDIA, headers={"content-disposition": name})


@router.put("/snapshot", status_code=204)
async def restore_snapshot(control: Addressed, data: Annotated[bytes, Body(media_type=_MEDIA)]) -> None:
    """Make the cluster what a snapshot holds. `curl -T shop.snapshot` does it; open watches end."""
    await control.restore(data)
