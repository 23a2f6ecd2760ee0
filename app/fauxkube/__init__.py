"""fauxkube: a whole Kubernetes control plane in one Python process. The real API, no machines.

`from fauxkube import Cluster` gives tests a cluster of their own (see `fauxkube.testing`); it is imported when it is
first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fauxkube.testing.cluster import Cluster

__all__ = ["Cluster", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name != "Cluster":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fauxkube.testing.cluster import Cluster

    return Cluster
