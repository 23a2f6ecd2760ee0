"""Clusters in the test's own event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fauxkube.cluster.cluster import Cluster


@asynccontextmanager
async def settled(cluster: Cluster) -> AsyncIterator[Cluster]:
    """The cluster, started and settled, until it is closed."""
    await cluster.start()
    try:
        await cluster.time.settle()
        yield cluster
    finally:
        await cluster.close()
