"""For tests of programs that talk to Kubernetes: clusters that are there in milliseconds, and a pytest plugin.

`Cluster` is all that is needed outside pytest; within, the fixture `fauxkube` is one. Names are imported when they are
first used, so that having fauxkube installed costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fauxkube.machinery.status import StatusError
    from fauxkube.testing.access import Access
    from fauxkube.testing.asynchronous import AsyncCluster
    from fauxkube.testing.cluster import Cluster
    from fauxkube.testing.kubectl import KubectlError
    from fauxkube.testing.servers import stop_servers
    from fauxkube.testing.waiting import WaitTimeout

__all__ = ["Access", "AsyncCluster", "Cluster", "KubectlError", "StatusError", "WaitTimeout", "stop_servers"]

_MODULES = {
    "Access": "fauxkube.testing.access",
    "AsyncCluster": "fauxkube.testing.asynchronous",
    "Cluster": "fauxkube.testing.cluster",
    "KubectlError": "fauxkube.testing.kubectl",
    "StatusError": "fauxkube.machinery.status",
    "WaitTimeout": "fauxkube.testing.waiting",
    "stop_servers": "fauxkube.testing.servers",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
