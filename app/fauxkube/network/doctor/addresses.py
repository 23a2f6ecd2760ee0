"""What Kubernetes requires of a network and does not hold, and ranges that are nearly used up."""

from __future__ import annotations

from collections.abc import Iterator

from fauxkube.network.check import check
from fauxkube.network.doctor.finding import SHOWN, WARNING, Finding
from fauxkube.network.doctor.surroundings import Surroundings
from fauxkube.network.topology import Topology

#: From which part of a range on it is nearly used up.
_NEARLY = 0.9


def examine(topology: Topology, around: Surroundings) -> Iterator[Finding]:
    """What is wrong with addresses."""
    for each in check(topology).requirements:
        if not each.holds:
            failures = [f"{failure.source} -> {failure.target}: {failure.reason}" for failure in each.failures[:SHOWN]]
            more = each.more + max(len(each.failures) - SHOWN, 0)
            likely = (*failures, *([f"and {more} more"] if more else []))
            yield Finding("NetworkRequirement", "network", f"it does not hold that {each.text}", likely)
    for pool in around.pools:
        if pool.size and pool.used >= pool.size:
            message = f"all {pool.size} values of {pool.range} are taken: who needs one has to wait"
            yield Finding("RangeFull", f"pool/{pool.name}", message)
        elif pool.size and pool.used >= _NEARLY * pool.size:
            message = f"{pool.used} of {pool.size} values of {pool.range} are taken"
            yield Finding("RangeNearlyFull", f"pool/{pool.name}", message, severity=WARNING)
