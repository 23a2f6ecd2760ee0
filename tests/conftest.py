"""Fixtures of every room: served clusters, and clients pointed at them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import httpx
import pytest

from support.faults import FaultyServer, faulty_server
from support.kubectl import Kubectl
from support.loopback import loopback_addresses
from support.thread import served_cluster


@pytest.fixture(scope="session", autouse=True)
def what_a_process_keeps() -> None:
    """From its first event loop on, libuv keeps a pipe for signals: no test is to be blamed for it."""
    with suppress(ImportError):
        import uvloop

        uvloop.new_event_loop().close()


@pytest.fixture(autouse=True)
def nothing_is_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that leaves a thread or a file descriptor behind; what a module shares may come to hold some."""
    shares = any(name.startswith("shared_") for name in request.fixturenames)
    threads, descriptors = set(threading.enumerate()), _descriptors()
    yield
    left = [thread.name for thread in set(threading.enumerate()) - threads if thread.is_alive()]
    assert shares or not left, f"threads left behind: {left}"
    assert shares or not (opened := _descriptors() - descriptors), f"file descriptors left behind: {opened}"


def _descriptors() -> set[tuple[str, str]]:
    """The open file descriptors and what they stand for; none where the system does not tell."""
    folder = Path("/proc/self/fd")
    found = set()
    for entry in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):
            found.add((entry.name, os.readlink(entry)))
    return found


_namespaces = count(1)


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


@pytest.fixture(scope="module")
def shared_faulty() -> Iterator[FaultyServer]:
    """A server for a module's tests of requests that go wrong."""
    with faulty_server() as server:
        yield server


@pytest.fixture
def faulty(shared_faulty: FaultyServer) -> Iterator[FaultyServer]:
    """A server without faults to begin with."""
    yield shared_faulty
    shared_faulty.heal()


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


@pytest.fixture(scope="module")
def loopback() -> Iterator[None]:
    """The module's tests have data planes: tests elsewhere that have some wait for their end."""
    with loopback_addresses():
        yield


@pytest.fixture(params=[32, 36], ids=["kubectl-1.32", "kubectl-1.36"])
def kubectl(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> Kubectl:
    """Real kubectl, each version in turn, on the test's own cluster."""
    return Kubectl(request.param, server, tmp_path)


@pytest.fixture(scope="module", params=[32, 36], ids=["kubectl-1.32", "kubectl-1.36"])
def shared_kubectl(
    request: pytest.FixtureRequest, shared_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Kubectl:
    """Real kubectl, each version in turn, on the cluster that a module's tests share."""
    return Kubectl(request.param, shared_server, tmp_path_factory.mktemp("home"))


@pytest.fixture
def cli(shared_kubectl: Kubectl) -> Kubectl:
    """The module's kubectl, in a namespace of the test's own."""
    namespace = f"test-{next(_namespaces)}"
    shared_kubectl("create", "namespace", namespace)
    return shared_kubectl.within(namespace)
