"""`examine`: what is wrong with a cluster's network as its objects tell it, and what is likely the mistake.

    for finding in examine(topology, Surroundings(ingresses=...)): ...

One file for what each kind of object may have. Nothing is sent or changed; whatever is young is taken as it is, so let
the cluster settle first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fauxkube.network.doctor import addresses, ingresses, nodes, pods, policies, services
from fauxkube.network.doctor.finding import PROBLEM, Finding
from fauxkube.network.doctor.surroundings import Surroundings
from fauxkube.network.topology import Topology

__all__ = ["Diagnosis", "Finding", "Surroundings", "examine"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, and how many objects were looked at by their kind; `healthy` is what has no problem."""

    healthy: bool
    checked: dict[str, int]
    findings: tuple[Finding, ...]


def examine(topology: Topology, around: Surroundings | None = None, *, namespace: str = "") -> Diagnosis:
    """Everything of a namespace, or of the cluster with its nodes and ranges; problems come before warnings."""
    around = around or Surroundings()
    found = [each for each in _all(topology, around, namespace) if not namespace or each.namespace == namespace]
    found.sort(key=lambda each: each.severity != PROBLEM)
    healthy = all(each.severity != PROBLEM for each in found)
    return Diagnosis(healthy, _checked(topology, around, namespace), tuple(found))


def _all(topology: Topology, around: Surroundings, namespace: str) -> Iterator[Finding]:
    causes = [*(() if namespace else nodes.examine(topology)), *pods.examine(topology, around)]
    yield from causes
    yield from services.examine(topology)
    yield from ingresses.examine(topology, around)
    yield from policies.examine(topology)
    if not namespace:
        yield from addresses.examine(topology, around, {each.object for each in causes})


def _checked(topology: Topology, around: Surroundings, namespace: str) -> dict[str, int]:
    spaced: dict[str, Sequence[str]] = {
        "pods": [each.namespace for each in topology.pods],
        "services": [each["metadata"]["namespace"] for each in topology.services],
        "ingresses": [each["metadata"]["namespace"] for each in around.ingresses],
        "network policies": [each["metadata"]["namespace"] for each in topology.policies],
    }
    counts = {kind: sum(1 for each in found if namespace in {"", each}) for kind, found in spaced.items()}
    return counts if namespace else {"nodes": sum(1 for _ in topology.nodes), **counts}
