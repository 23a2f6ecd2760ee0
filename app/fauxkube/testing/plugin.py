"""The pytest plugin: `def test_it(fauxkube): ...` has a Kubernetes cluster of its own.

Fixtures: `fauxkube` (a cluster for the test), `fauxkube_module` and `fauxkube_session` (shared by a module's tests, by
all), `fauxkube_factory` (as many as the test calls for). Each is a `fauxkube.Cluster`. The marker
`@pytest.mark.fauxkube(nodes=5, clock="frozen")` says what a test's cluster is like, the options `fauxkube_...` of the
ini file what all are like. When a test fails, its report shows how its clusters are. With pytest-xdist each worker has
a server of its own. Nothing but pytest is imported until a fixture is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from fauxkube.testing.cluster import Cluster

#: Makes a started cluster; the options are those of the marker.
Factory: TypeAlias = "Callable[..., Cluster]"

_MARKER = """fauxkube(*, nodes=None, version=None, seed=None, clock=None, strict=None, requests=None, network=None, \
crds=None, settings=None, load=None, export_kubeconfig=None, fork_of=None): what the test's cluster is like; see \
fauxkube.testing.options"""

_INI = {
    "fauxkube_nodes": "How many simulated nodes clusters begin with.",
    "fauxkube_version": "The Kubernetes version that clusters serve, such as 1.36.",
    "fauxkube_seed": "Makes all clusters' random choices the same on every run.",
    "fauxkube_clock": "How clocks begin: `frozen`, a time to be frozen at (RFC 3339), or a pace.",
    "fauxkube_strict": "How strictly requests are judged: off, warn, fail, or rules with modes of their own.",
    "fauxkube_network": "The network that pods begin with: routed, bridge or none.",
    "fauxkube_url": "A running server to make clusters on, instead of one in this process.",
}
_FLAGS = {
    "fauxkube_process": "Make clusters on a server in a child process.",
    "fauxkube_export_kubeconfig": "Set KUBECONFIG while a test has a cluster.",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The command line's options, and the ini file's."""
    group = parser.getgroup("fauxkube", "clusters for tests")
    group.addoption("--fauxkube-url", metavar="URL", help=_INI["fauxkube_url"])
    group.addoption("--fauxkube-seed", metavar="SEED", help=_INI["fauxkube_seed"])
    group.addoption("--fauxkube-version", metavar="VERSION", help=_INI["fauxkube_version"])
    for name, text in _INI.items():
        parser.addini(name, text)
    for name, text in _FLAGS.items():
        parser.addini(name, text, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


def pytest_unconfigure() -> None:
    """Stop the servers, if any were started."""
    if servers := sys.modules.get("fauxkube.testing.servers"):
        servers.stop_servers()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failed test's report how its clusters are."""
    report = yield
    if report.failed and "fauxkube.testing.fixtures" in sys.modules:
        from fauxkube.testing.report import sections_of

        report.sections.extend(sections_of(item))
    return report


@pytest.fixture
def fauxkube(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster for this test, as its marker says."""
    with _making(request) as make:
        yield make()


@pytest.fixture(scope="module")
def fauxkube_module(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster that the tests of a module share, as the module's marker says."""
    with _making(request) as make:
        yield make()


@pytest.fixture(scope="session")
def fauxkube_session(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster that all tests share, as the ini file says; a test's own may be a fork of it (`fork_of="session"`)."""
    with _making(request) as make:
        yield make()


@pytest.fixture
def fauxkube_factory(request: pytest.FixtureRequest) -> Iterator[Factory]:
    """Makes clusters for this test: `one, other = fauxkube_factory(), fauxkube_factory(nodes=1)`."""
    with _making(request) as make:
        yield make


def _making(request: pytest.FixtureRequest) -> AbstractContextManager[Factory]:
    from fauxkube.testing.fixtures import making

    return making(request)
