"""Users, told apart by their bearer tokens. Nobody is refused anything: there is no authorization."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from fauxkube.server.control import User
from fauxkube.server.own.scope import Addressed

router = APIRouter(tags=["users"], prefix="/users")


class NewUser(BaseModel):
    """Who to add."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, examples=["jane"])
    groups: list[str] = Field(default=[], examples=[["developers"]])


@router.get("")
async def list_users(control: Addressed) -> list[User]:
    """The users that were added, with their tokens."""
    return await control.users()


@router.post("", status_code=201)
async def add_user(control: Addressed, wanted: NewUser) -> User:
    """Add a user. What comes with `Authorization: Bearer TOKEN` counts as theirs in histories and records."""
    return await control.add_user(wanted.name, wanted.groups)
