"""The requests that clients made of a cluster's API, and the mistakes that were found in them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, Json

from fauxkube.server.own.scope import Addressed

router = APIRouter(tags=["requests"])

Globs = Annotated[list[str] | None, Field(description="A glob, or several of which one is to match.")]


class Criteria(BaseModel):
    """What a request has to be; all that is given has to hold."""

    model_config = ConfigDict(extra="forbid")

    verb: Globs = None
    resource: str | None = Field(default=None, examples=["deployments"])
    subresource: Globs = None
    namespace: Globs = None
    name: Globs = None
    user_agent: Globs = None
    user: Globs = None
    method: Globs = None
    path: Globs = None
    status: str | None = Field(default=None, description="A code or a class; 0: not answered yet.", examples=["4xx"])
    body: Json[Any] | None = Field(default=None, description="JSON that the body has at least.")
    since: int | None = Field(default=None, ge=0, description="The `id` of a request; those after it are meant.")


@router.get("/requests")
async def requests(control: Addressed, criteria: Annotated[Criteria, Query()]) -> list[dict[str, Any]]:
    """The requests on record that meet all criteria, in the order of their arrival."""
    return await control.requests(**criteria.model_dump(exclude_none=True))


@router.delete("/requests", status_code=204)
async def clear_requests(control: Addressed) -> None:
    """Forget the requests seen, and what was found wrong with them."""
    await control.clear_requests()


@router.get("/requests.har")
async def har(control: Addressed) -> dict[str, Any]:
    """The whole record as an HTTP archive (HAR 1.2), which browsers' developer tools open."""
    return await control.har()


@router.get("/findings")
async def findings(control: Addressed) -> list[dict[str, Any]]:
    """The mistakes of clients that strict rules found, if the cluster was started with any."""
    return await control.findings()
