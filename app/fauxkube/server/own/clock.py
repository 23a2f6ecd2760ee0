"""A cluster's time: waited for, moved, frozen and scaled."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from fauxkube.server.control import ClockReading, SettledState
from fauxkube.server.own.scope import Addressed

router = APIRouter(tags=["time"])


class Settle(BaseModel):
    """What to wait for."""

    model_config = ConfigDict(extra="forbid")

    revision: int = Field(default=0, ge=0, description="The resource version to be at or past; 0: whichever it is.")
    timeout: float = Field(default=30.0, ge=0, le=600, description="How many real seconds to wait at most.")


class Advance(BaseModel):
    """How far to go."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(description="The cluster's seconds.", examples=[300])


class Freeze(BaseModel):
    """Where to stop."""

    model_config = ConfigDict(extra="forbid")

    at: datetime | None = Field(default=None, description="A time to come, which the clock is moved to first.")


class Run(BaseModel):
    """How fast to go."""

    model_config = ConfigDict(extra="forbid")

    rate: float = Field(default=1.0, description="Seconds that pass in a real one.", examples=[1.0, 60.0])


@router.post("/settle")
async def settle(control: Addressed, wanted: Settle | None = None) -> SettledState:
    """Return once no control loop has anything to do that needs no time to pass; 504 names what is still busy."""
    wanted = wanted or Settle()
    return await control.settle(revision=wanted.revision, timeout=wanted.timeout)


@router.get("/clock")
async def clock(control: Addressed) -> ClockReading:
    """The cluster's time and its pace."""
    return await control.clock()


@router.post("/clock/advance")
async def advance(control: Addressed, wanted: Advance) -> SettledState:
    """Move the clock on. Everything due on the way happens, in order; answered when the cluster is settled."""
    return await control.advance(seconds=wanted.seconds)


@router.post("/clock/freeze")
async def freeze(control: Addressed, wanted: Freeze | None = None) -> ClockReading:
    """Stop the clock."""
    return await control.freeze(at=wanted.at if wanted else None)


@router.post("/clock/run")
async def run(control: Addressed, wanted: Run | None = None) -> ClockReading:
    """Let the clock go, at the pace of real time or another."""
    return await control.run(rate=wanted.rate if wanted else 1.0)
