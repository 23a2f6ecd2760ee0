"""What matters to a doctor and is no part of the topology."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fauxkube.machinery.objects import Object


@dataclass(frozen=True, slots=True)
class Level:
    """How full a pool is: of `size` values so many are `used`."""

    name: str
    range: str
    used: int
    size: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Ingresses and their classes, the keys of the secrets, and the pools of addresses and ports."""

    ingresses: Sequence[Object] = ()
    ingress_classes: Sequence[Object] = ()
    secrets: frozenset[str] = frozenset()
    pools: Sequence[Level] = ()
