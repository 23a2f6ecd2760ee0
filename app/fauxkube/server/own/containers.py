"""Programs in containers, for those who do not speak `pods/exec`'s streams."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from fauxkube.server.control import Executed
from fauxkube.server.own.scope import Addressed

router = APIRouter(tags=["network"])


class NewProgram(BaseModel):
    """What is to be run, and where."""

    model_config = ConfigDict(extra="forbid")

    pod: str = Field(description="The pod's name.", examples=["client"])
    command: list[str] = Field(min_length=1, description="The command line.", examples=[["wget", "-qO-", "shop"]])
    namespace: str = Field(default="default", description="The pod's.")
    container: str = Field(default="", description="Empty: the pod's first.")
    stdin: str = Field(default="", description="What the program reads.")


@router.post("/exec")
async def execute(control: Addressed, wanted: NewProgram) -> Executed:
    """Run a program in a simulated container to its end, and answer what it printed and its exit code."""
    return await control.execute(
        wanted.pod, wanted.command, namespace=wanted.namespace, container=wanted.container, stdin=wanted.stdin
    )
