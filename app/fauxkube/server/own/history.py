"""Time travel: who changed what of an object, and what objects were at a revision that is still held."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from fauxkube.machinery.objects import Object
from fauxkube.server.own.scope import Addressed

router = APIRouter(tags=["history"])

_Resource = Annotated[str, Query(description="As kubectl knows it: `pods`, `po`, `deployments.apps`.")]


class FieldChange(BaseModel):
    """A field, and its value before and after: null where there was, or is, no such field."""

    path: str = Field(examples=["spec.containers[name=web].image"])
    before: Any = None
    after: Any = None


class Change(BaseModel):
    """One change of an object."""

    revision: int = Field(description="The resource version that it made.")
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    at: str | None = Field(description="The cluster's time; null where it is not known.")
    author: str = Field(
        description="The field manager, or else the user agent's name; after the user's name, where that is known.",
        examples=["kubectl-edit", "jane (kubectl-edit)"],
    )
    changes: list[FieldChange] = Field(description="What differs from before; nothing of a creation.")


@router.get("/history")
async def history(
    control: Addressed,
    resource: _Resource,
    name: str,
    namespace: Annotated[str, Query(description="Empty: `default`, for what lives in a namespace.")] = "",
) -> list[Change]:
    """Who changed what of an object, the oldest change first, also of one that is gone. A deletion ends no history.

    When the first change is not `ADDED`, older ones are no longer held.
    """
    changes = await control.history(resource=resource, name=name, namespace=namespace)
    return [Change(**change) for change in changes]


@router.get("/past")
async def past(
    control: Addressed,
    resource: _Resource,
    revision: Annotated[int, Query(ge=1, description="The resource version to read at.")],
    name: Annotated[str, Query(description="Empty: the list.")] = "",
    namespace: Annotated[str, Query(description="Empty: all namespaces for a list, else `default`.")] = "",
) -> Object:
    """An object, or without a name a list, as of a revision; 410 once that is compacted, 504 while it is to come."""
    return await control.past(revision=revision, resource=resource, namespace=namespace, name=name)
