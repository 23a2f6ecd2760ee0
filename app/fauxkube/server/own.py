"""The endpoints that Kubernetes does not have, as an ordinary FastAPI app: `/fauxkube/v1/...`, documented at `/docs`.

FastAPI is slow to import, so this module is imported when one of its paths is first asked for.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, HTTPException

from fauxkube.server.inspection import ClusterInfo, Inspection, PoolUse

#: The prefix under which nothing of Kubernetes' lives.
PREFIX = "/fauxkube/v1"


def create_app(inspection: Inspection) -> FastAPI:
    """The app for one cluster."""
    app = FastAPI(
        title="fauxkube",
        description="What fauxkube tells of a cluster beside the Kubernetes API.",
        version="v1",
        docs_url="/docs",
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
    )
    app.include_router(_router(inspection), prefix=PREFIX)
    return app


def _router(inspection: Inspection) -> APIRouter:
    router = APIRouter(tags=["cluster"])

    @router.get("/info")
    async def info() -> ClusterInfo:
        """Versions, address ranges, the number of nodes and the uptime."""
        return inspection.info()

    @router.get("/ipam")
    async def ipam() -> list[PoolUse]:
        """Every pool of addresses, blocks and ports, with what is held out of it and by whom."""
        return inspection.pools()

    @router.get("/ipam/{name:path}", responses={404: {"description": "There is no such pool."}})
    async def pool(name: str) -> PoolUse:
        """One pool."""
        for use in inspection.pools():
            if use.name == name:
                return use
        raise HTTPException(404, f"there is no pool called {name!r}")

    return router
