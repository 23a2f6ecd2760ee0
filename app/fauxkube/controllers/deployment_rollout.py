"""How large each of a deployment's replica sets should be: rolling update, recreation and proportional scaling.

Pure arithmetic on the replica sets as they are; each function gives the new sizes by replica set name, naming only
those that are to be scaled. Mirrors upstream's `rolling.go`, `recreate.go` and `sync.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from fauxkube.controllers.deployment_revisions import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    active,
    annotated_size,
    oldest_first,
)
from fauxkube.controllers.deployment_strategy import is_rolling, max_surge, max_unavailable, replicas_of
from fauxkube.machinery.objects import Object, name_of

#: The sizes to give to replica sets, by name.
Sizes: TypeAlias = dict[str, int]


def available_of(replica_set: Object) -> int:
    """How many of the replica set's pods are available."""
    return int(replica_set.get("status", {}).get("availableReplicas", 0))


def total_size(replica_sets: Iterable[Object]) -> int:
    """How many pods the replica sets ask for together."""
    return sum(replicas_of(each) for each in replica_sets)


def new_size(deployment: Object, new: Object | None, old: Sequence[Object]) -> int:
    """The size that the new replica set may have now, next to the old ones as they are."""
    desired = replicas_of(deployment)
    present = replicas_of(new) if new else 0
    if not is_rolling(deployment) or present > desired:
        return desired
    room = desired + max_surge(deployment) - present - total_size(old)
    return present if room <= 0 else min(desired, present + room)


def rolling_sizes(deployment: Object, new: Object, old: Sequence[Object]) -> Sizes:
    """One step of a rolling update: the new replica set grows first; when it cannot, the old ones shrink."""
    size = new_size(deployment, new, old)
    if size != replicas_of(new):
        return {name_of(new): size}
    return _shrunk(deployment, new, active(old))


def _shrunk(deployment: Object, new: Object, old: Sequence[Object]) -> Sizes:
    least_available = replicas_of(deployment) - max_unavailable(deployment)
    new_unavailable = replicas_of(new) - available_of(new)
    spare = total_size(old) + replicas_of(new) - least_available - new_unavailable
    if spare <= 0:
        return {}
    sizes = _without_unhealthy(old, spare)
    surplus = available_of(new) + sum(available_of(each) for each in old) - least_available
    for replica_set in oldest_first(old):
        if surplus <= 0:
            break
        size = sizes.get(name_of(replica_set), replicas_of(replica_set))
        taken = min(size, surplus)
        if taken:
            sizes[name_of(replica_set)] = size - taken
            surplus -= taken
    return sizes


def _without_unhealthy(old: Sequence[Object], spare: int) -> Sizes:
    """Take away old pods that are not available: they serve no one, and may never."""
    sizes: Sizes = {}
    for replica_set in oldest_first(old):
        size = replicas_of(replica_set)
        taken = min(spare, size - available_of(replica_set))
        if taken > 0:
            sizes[name_of(replica_set)] = size - taken
            spare -= taken
    return sizes


def emptied(old: Sequence[Object]) -> Sizes:
    """All old replica sets at 0, as recreation begins."""
    return {name_of(each): 0 for each in active(old)}


def is_scaling(deployment: Object, replica_sets: Iterable[Object]) -> bool:
    """Whether the deployment's size was changed since its replica sets were last scaled."""
    noted = (annotated_size(each, DESIRED_REPLICAS) for each in active(replica_sets))
    return any(size is not None and size != replicas_of(deployment) for size in noted)


def scaled_sizes(deployment: Object, new: Object | None, old: Sequence[Object]) -> Sizes:
    """The sizes after a change of the deployment's own, with no progress of a rollout.

    One active replica set takes all; a finished rollout keeps nothing old; in the middle of one, each keeps its share.
    """
    desired = replicas_of(deployment)
    only = _active_or_latest(new, old)
    if only is not None:
        return {name_of(only): desired}
    if _is_saturated(deployment, new):
        return emptied(old)
    if not is_rolling(deployment):
        return {}
    return _proportional(deployment, active([*old, new] if new else old))


def _active_or_latest(new: Object | None, old: Sequence[Object]) -> Object | None:
    """The one replica set that matters, or None when several do (or there is none)."""
    everything = [*old, new] if new else list(old)
    running = active(everything)
    if not running and everything:
        return new or oldest_first(old)[-1]
    return running[0] if len(running) == 1 else None


def _is_saturated(deployment: Object, new: Object | None) -> bool:
    if new is None:
        return False
    desired = replicas_of(deployment)
    return replicas_of(new) == annotated_size(new, DESIRED_REPLICAS) == available_of(new) == desired


def _proportional(deployment: Object, running: Sequence[Object]) -> Sizes:
    desired = replicas_of(deployment)
    allowed = desired + max_surge(deployment) if desired > 0 else 0
    to_add = allowed - total_size(running)
    ordered = sorted(reversed(oldest_first(running)) if to_add > 0 else oldest_first(running), key=_larger_first)
    sizes: Sizes = {}
    left = to_add
    for replica_set in ordered:
        share = _share(deployment, replica_set, left)
        sizes[name_of(replica_set)] = replicas_of(replica_set) + share
        left -= share
    if ordered and left:
        largest = name_of(ordered[0])
        sizes[largest] = max(0, sizes[largest] + left)
    return sizes


def _larger_first(replica_set: Object) -> int:
    return -replicas_of(replica_set)


def _share(deployment: Object, replica_set: Object, left: int) -> int:
    """The replica set's part of the pods that are still to be added (or, negative, taken away)."""
    if left == 0:
        return 0
    fraction = _fraction(deployment, replica_set)
    return min(fraction, left) if left > 0 else max(fraction, left)


def _fraction(deployment: Object, replica_set: Object) -> int:
    size = replicas_of(replica_set)
    desired = replicas_of(deployment)
    if desired == 0:
        return -size
    before = annotated_size(replica_set, MAX_REPLICAS) or deployment.get("status", {}).get("replicas", 0)
    if not before:
        return 0
    return int(size * (desired + max_surge(deployment)) / before + 0.5) - size
