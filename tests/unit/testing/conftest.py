"""Clusters of every kind: in a thread, in a child process, and on a server that runs already."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fauxkube import Cluster
from fauxkube.testing import stop_servers
from support.manifests import deployment, service
from support.thread import served_cluster


@pytest.fixture(autouse=True, scope="module")
def shared_servers() -> Iterator[None]:
    """The servers of a module's clusters, which leave nothing behind once they are stopped."""
    before = set(threading.enumerate())
    yield
    stop_servers()
    left = {thread.name for thread in set(threading.enumerate()) - before if thread.is_alive()}
    assert not {name for name in left if name.startswith("fauxkube")}


@pytest.fixture(scope="module")
def running_server() -> Iterator[str]:
    """The URL of a server that somebody else started."""
    with served_cluster() as url:
        yield url
        stop_servers()


@pytest.fixture(params=["thread", "process", "url"])
def where(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Where a cluster is to live, as `Cluster` takes it."""
    if request.param == "url":
        return {"url": request.getfixturevalue("running_server")}
    return {"process": request.param == "process"}


@pytest.fixture
def cluster(where: dict[str, Any]) -> Iterator[Cluster]:
    """A cluster of each kind in turn."""
    with Cluster(**where) as cluster:
        yield cluster


@pytest.fixture
def local() -> Iterator[Cluster]:
    """A cluster in this process."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def web(cluster: Cluster) -> Cluster:
    """A cluster of each kind with a deployment of three pods and its service."""
    cluster.apply([deployment("web", replicas=3), service("web")])
    return cluster
