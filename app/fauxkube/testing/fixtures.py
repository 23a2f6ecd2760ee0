"""Making the plugin's clusters, and looking at what clients did once a test is through."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.testing import options
from fauxkube.testing.cluster import Cluster
from fauxkube.testing.sources import Source

#: The clusters that were made within a test, for its report.
MADE = pytest.StashKey[list[Cluster]]()


class FindingWarning(UserWarning):
    """A mistake of a client, which the strict rules found in a test."""


@contextmanager
def making(request: pytest.FixtureRequest) -> Iterator[Callable[..., Cluster]]:
    """What makes clusters for as long as a fixture lasts, as its node's markers say; they are stopped at the end."""
    with ExitStack() as stack:

        def make(**more: Any) -> Cluster:
            try:
                cluster = stack.enter_context(_made(request, more))
            except (pytest.UsageError, StatusError) as error:
                pytest.fail(str(error), pytrace=False)
            request.node.stash.setdefault(MADE, []).append(cluster)
            return cluster

        yield make


@contextmanager
def _made(request: pytest.FixtureRequest, more: dict[str, Any]) -> Iterator[Cluster]:
    configured = options.configured(request.config)
    marked = options.marked(request.node) if request.scope != "session" else {}
    asked = marked | options.checked(more)
    manifests = [asked.pop(name, None) for name in ("crds", "load")]
    source = asked.pop("fork_of", None)
    with _started(request, configured, asked, source) as cluster:
        for each in manifests:
            if each is not None:
                cluster.apply(_located(request, each))
        yield cluster
        _tell(cluster)


def _started(
    request: pytest.FixtureRequest, configured: dict[str, Any], asked: dict[str, Any], source: str | None
) -> Cluster:
    exports = asked.pop("export_kubeconfig", configured["export_kubeconfig"])
    if source:
        options.of_a_fork(asked)
        cluster: Cluster = request.getfixturevalue(f"fauxkube_{source}").fork()
    else:
        kept = {name: value for name, value in configured.items() if name != "export_kubeconfig"}
        cluster = Cluster(**_where(request.config), **kept | asked).start()
    if exports:
        cluster.export()
    return cluster


def _where(config: pytest.Config) -> dict[str, Any]:
    url = config.getoption("fauxkube_url", None) or config.getini("fauxkube_url")
    return {"url": url or "", "process": config.getini("fauxkube_process")}


def _located(request: pytest.FixtureRequest, load: Source) -> Source:
    """A path as it is meant: from the folder of the test's file, else from the root of the tests."""
    if not isinstance(load, str | Path):
        return load
    beside = request.path.parent / load
    return beside if beside.exists() else request.config.rootpath / load


def _tell(cluster: Cluster) -> None:
    """Warn of what the strict rules found, and fail for what they refused."""
    refused = []
    for finding in cluster.requests.findings():
        if finding["mode"] == "fail":
            refused.append(told(finding))
        else:
            warnings.warn(told(finding), FindingWarning, stacklevel=2)
    if refused:
        pytest.fail("\n".join(["strict rules were broken:", *refused]), pytrace=False)


def told(finding: Object) -> str:
    """A finding in a line."""
    times = f" ({finding['count']} times)" if finding["count"] > 1 else ""
    return f"{finding['rule']}: {finding['userAgent'] or 'a client without a name'} {finding['problem']}{times}"
