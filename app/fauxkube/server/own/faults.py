"""What is to go wrong: requests that fail, nodes that go down, pods that crash, controllers that stand still."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.openapi.models import Example
from pydantic import BaseModel, ConfigDict, Field

from fauxkube.server.own.scope import Addressed

router = APIRouter(tags=["faults"], prefix="/faults")


class Fault(BaseModel):
    """A fault that was added: its spec, and what has become of it."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(examples=["fault-1"])
    state: str = Field(description="waiting, active, exhausted or expired.", examples=["active"])
    hits: int = Field(description="How often it has struck.")
    kind: str = Field(examples=["request"])
    match: dict[str, Any] = Field(description="What it strikes.")
    effect: dict[str, Any] = Field(description="What happens then.")


_EXAMPLES: dict[str, Example] = {
    "storm": {
        "summary": "The first three updates of deployments are refused",
        "value": {
            "kind": "request",
            "match": {"verb": "update", "resource": "deployments"},
            "effect": {"type": "error", "code": 409},
            "count": 3,
        },
    },
    "down": {
        "summary": "A node is down for five minutes of the cluster's time",
        "value": {"kind": "node", "match": {"name": "node-1"}, "effect": "down", "for": "5m"},
    },
}


@router.get("", response_model=list[Fault])
async def list_faults(control: Addressed) -> list[dict[str, Any]]:
    """Every fault that was added and not removed."""
    return await control.faults()


@router.post("", status_code=201, response_model=Fault)
async def add_fault(
    control: Addressed, spec: Annotated[dict[str, Any], Body(openapi_examples=_EXAMPLES)]
) -> dict[str, Any]:
    """Let something go wrong from now on.

    `kind` says to what (`request`, `node`, `pod`, `controller`), `match` to which of them, `effect` what happens.
    `count` and `probability` bound how often, `after` and `for` (such as `90s` or `5m`) when, on the cluster's clock.
    """
    return await control.add_fault(spec)


@router.get("/{id}", response_model=Fault)
async def get_fault(control: Addressed, id: str) -> dict[str, Any]:
    """One fault."""
    return await control.fault(id)


@router.delete("/{id}", status_code=204)
async def remove_fault(control: Addressed, id: str) -> None:
    """End a fault."""
    await control.remove_fault(id)


@router.delete("", status_code=204)
async def clear_faults(control: Addressed) -> None:
    """End every fault."""
    await control.clear_faults()
