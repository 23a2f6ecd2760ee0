"""Whether an informer shows yet what its reader has written itself.

A reconcile that starts from an older copy than its own last write would write again what it wrote, or lose to itself.
Upstream's `staleEndpointsTracker` and `EndpointSliceTracker` guard against the same.
"""

from __future__ import annotations

from fauxkube.client.informer import Informer
from fauxkube.machinery.objects import Object


class OwnWrites:
    """The writes of one controller to one collection, by the key that each was made for."""

    def __init__(self, informer: Informer) -> None:
        self._informer = informer
        self._unseen: dict[str, set[int]] = {}
        self._waiting: set[str] = set()

    def note(self, key: str, written: Object) -> None:
        """Remember the answer to a create or an update made for `key`."""
        revision = _revision_of(written)
        if revision > self._informer.revision:
            self._unseen.setdefault(key, set()).add(revision)

    def must_wait(self, key: str) -> bool:
        """Whether the informer lags behind what was written for `key`; if so, `awaited` until it no longer does."""
        latest = max(self._unseen.get(key, ()), default=0)
        if latest > self._informer.revision:
            self._waiting.add(key)
            return True
        self.forget(key)
        return False

    def awaited(self, key: str) -> bool:
        """Whether work on `key` waits for the informer."""
        return key in self._waiting

    def caught_up(self, key: str) -> bool:
        """Whether work on `key` waited for the informer, which shows by now what was written for it."""
        unseen = self._unseen.get(key)
        if unseen is None or max(unseen) > self._informer.revision:
            return False
        waited = self.awaited(key)
        self.forget(key)
        return waited

    def is_own(self, key: str, changed: Object) -> bool:
        """Whether a change that the informer shows is a write made for `key`."""
        return _revision_of(changed) in self._unseen.get(key, ())

    def forget(self, key: str) -> None:
        """Drop what is remembered of `key`."""
        self._unseen.pop(key, None)
        self._waiting.discard(key)


def _revision_of(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])
