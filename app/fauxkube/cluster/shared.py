"""What depends on the Kubernetes version alone, made once for all clusters of a process."""

from __future__ import annotations

from functools import cache

from fauxkube.machinery.schema import Schemas


@cache
def schemas_of(kubernetes_version: str) -> Schemas:
    """The schemas of a version, which compile themselves as they are used."""
    return Schemas(kubernetes_version)
