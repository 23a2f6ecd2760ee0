"""What a cluster is doing that needs no time to pass: the store, informers, control loops, events, watches.

Work is handed on from one to the next without a gap in which nobody has it, so a single look is enough to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from fauxkube.store.subscription import Subscription

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster

#: A key that failed counts as work when it is tried again within so many (real) seconds: after six failures in a row
#: it no longer does, so that what fails for good keeps nobody waiting.
RETRY_SECONDS = 0.25
#: How long (in real seconds) a reader of a watch may leave the same change lying before it is not waited for.
PATIENCE = 0.25
#: So many keys of a loop are named.
_NAMED = 5


class Activity:
    """Looks at every part of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        #: The change that each lagging reader has not taken, and since when (in real time) this is known.
        self._lags: WeakKeyDictionary[Subscription, tuple[int, float]] = WeakKeyDictionary()

    def is_idle(self, revision: int = 0) -> bool:
        """Whether nothing is under way and `revision` has been reached."""
        return next(self.under_way(revision), None) is None

    def under_way(self, revision: int = 0) -> Iterator[str]:
        """What is: a few words on each part that is not idle."""
        cluster = self._cluster
        if not cluster.is_running:
            yield "the cluster (not all of it has started)"
        for loop in cluster.loops:
            if keys := loop.pressing(RETRY_SECONDS):
                yield f"{loop.name} ({_named(keys)})"
        if cluster.store.is_writing:
            yield "the store (writes are on their way)"
        if cluster.store.revision < revision:
            yield f"the store (at revision {cluster.store.revision}, not yet at {revision})"
        for informer in cluster.informers.all():
            if not informer.idle:
                yield f"the informer of {informer.gvr.group_resource}"
        yield from self._readers()
        if not cluster.scheduler.idle:
            yield "default-scheduler"
        for recorder in cluster.recorders:
            if not recorder.idle:
                yield f"the events of {recorder.component}"

    def _readers(self) -> Iterator[str]:
        """Those who have not taken a change yet, but for those who do not read at all."""
        now = self._cluster.clock.real.monotonic()
        for reader in self._cluster.store.lagging():
            revision, since = self._lags.get(reader, (0, now))
            if revision != reader.oldest_pending:
                self._lags[reader] = reader.oldest_pending, now
            elif now - since > PATIENCE:
                continue
            yield f"a watch of {reader.prefix}"


def _named(keys: Iterable[str]) -> str:
    ordered = sorted(keys)
    rest = len(ordered) - _NAMED
    return ", ".join(ordered[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
