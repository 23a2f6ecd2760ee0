"""What Kubernetes requires of a network and does not hold, and ranges that are nearly used up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from fauxkube.network.check import Requirement, check
from fauxkube.network.doctor.finding import SHOWN, WARNING, Finding
from fauxkube.network.doctor.surroundings import Surroundings
from fauxkube.network.mistakes import FORBIDDEN
from fauxkube.network.topology import Topology

#: From which part of a range on it is nearly used up.
_NEARLY = 0.9


def examine(topology: Topology, around: Surroundings, told: Collection[str]) -> Iterator[Finding]:
    """What is wrong with addresses; not again what nodes and pods suffer from that were told of."""
    alone = any(node.is_alone for node in topology.nodes)
    for each in check(topology).requirements:
        if not each.holds and not all({failure.source, failure.target} & {*told} for failure in each.failures):
            yield _broken(each, (FORBIDDEN,) if alone else ())
            alone = False
    yield from _levels(around)


def _broken(requirement: Requirement, because: Sequence[str]) -> Finding:
    failures = requirement.failures
    shown = [f"{each.source} -> {each.target}: {each.reason}" for each in failures[:SHOWN]]
    more = requirement.more + max(len(failures) - SHOWN, 0)
    likely = (*because, *shown, *([f"and {more} more"] if more else []))
    return Finding("NetworkRequirement", "network", f"it does not hold that {requirement.text}", likely)


def _levels(around: Surroundings) -> Iterator[Finding]:
    for pool in around.pools:
        if pool.size and pool.used >= pool.size:
            message = f"all {pool.size} values of {pool.range} are taken: who needs one has to wait"
            yield Finding("RangeFull", f"pool/{pool.name}", message)
        elif pool.size and pool.used >= _NEARLY * pool.size:
            message = f"{pool.used} of {pool.size} values of {pool.range} are taken"
            yield Finding("RangeNearlyFull", f"pool/{pool.name}", message, severity=WARNING)
