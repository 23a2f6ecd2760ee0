"""All families of faults by kind, a line each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fauxkube.simulation.faults import controllers, nodes, pods, requests
from fauxkube.simulation.faults.family import Family


def families(components: Collection[str]) -> Mapping[str, Family]:
    """Every family; `components` are the names of what can be paused in this cluster."""
    listed = (requests.FAMILY, nodes.FAMILY, pods.FAMILY, controllers.family(components))
    return {family.kind: family for family in listed}
