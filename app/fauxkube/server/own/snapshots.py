"""What a cluster begins with: a snapshot taken from one and put into another, manifests, a real cluster's dump."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from fauxkube.machinery import status
from fauxkube.server.control import LoadedObjects
from fauxkube.server.own.scope import Addressed

router = APIRouter(tags=["snapshots"])

_SNAPSHOT = "application/gzip"
_FILE = {"schema": {"type": "string", "format": "binary"}}


def _body(**contents: Any) -> dict[str, Any]:
    """How a body that is taken as it is, whatever it says it is, is documented."""
    return {"requestBody": {"required": True, "content": contents}}


@router.get("/snapshot", response_class=Response, responses={200: {"content": {_SNAPSHOT: _FILE}}})
async def take_snapshot(control: Addressed) -> Response:
    """The whole cluster as it is now. `curl -o shop.snapshot` keeps it."""
    name = f'attachment; filename="{control.name}.snapshot"'
    return Response(await control.snapshot(), media_type=_SNAPSHOT, headers={"content-disposition": name})


@router.put("/snapshot", status_code=204, openapi_extra=_body(**{_SNAPSHOT: _FILE}))
async def restore_snapshot(control: Addressed, request: Request) -> None:
    """Make the cluster what a snapshot holds. `curl -T shop.snapshot` does it; open watches end."""
    await control.restore(await request.body())


@router.post("/load", openapi_extra=_body(**{"application/yaml": {"schema": {"type": "string"}}}))
async def load(control: Addressed, request: Request) -> LoadedObjects:
    """Make what manifests describe: YAML or JSON, many documents, lists, what `helm template` prints.

    Nothing is made when something cannot be. Objects that were read from a real cluster (`kubectl get -A -o yaml`) put
    a cluster that begins with them in the place of this one: open watches end. `curl --data-binary @manifests.yaml`.
    """
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError:
        raise status.bad_request("the body is not text in UTF-8") from None
    return await control.load(text)
