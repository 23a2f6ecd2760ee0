"""Fixtures of every room: served clusters, and clients pointed at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.kubectl import Kubectl
from support.thread import served_cluster


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a cluster of the test's own."""
    with served_cluster() as url:
        yield url


@pytest.fixture(scope="module")
def shared_server() -> Iterator[str]:
    """The URL of a cluster that a module's tests share; each keeps to a namespace or to names of its own."""
    with served_cluster() as url:
        yield url


@pytest.fixture
def http(server: str) -> Iterator[httpx.Client]:
    """A plain HTTP client on the test's own cluster."""
    with httpx.Client(base_url=server, timeout=10) as client:
        yield client


@pytest.fixture(scope="module")
def shared_http(shared_server: str) -> Iterator[httpx.Client]:
    """A plain HTTP client on the module's cluster."""
    with httpx.Client(base_url=shared_server, timeout=10) as client:
        yield client


@pytest.fixture(params=[32, 36], ids=["kubectl-1.32", "kubectl-1.36"])
def kubectl(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> Kubectl:
    """Real kubectl, each version in turn, on the test's own cluster."""
    return Kubectl(request.param, server, tmp_path)
