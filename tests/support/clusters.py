"""The clusters of a served host, over HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from support.api import answered

#: What does not belong to Kubernetes, of a cluster or of the server.
OURS = "/fauxkube/v1"
CLUSTERS = f"{OURS}/clusters"

_numbers = itertools.count(1)


@contextmanager
def cluster_of(server: str, name: str = "", **overrides: Any) -> Iterator[httpx.Client]:
    """Another cluster of the server at that URL, and a client on where its API begins."""
    name = name or f"test-{next(_numbers)}"
    with httpx.Client(base_url=server, timeout=30) as host:
        made = answered(host.post(CLUSTERS, json={"name": name, "overrides": overrides}), 201)
        with httpx.Client(base_url=made["url"], timeout=30) as client:
            yield client
        host.delete(f"{CLUSTERS}/{name}")
