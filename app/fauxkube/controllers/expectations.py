"""What a controller has asked for and its cache has not shown yet.

A cache lags behind the writes of its own controller; to count pods in it right after creating some would create them
twice. So a controller notes what it is about to do, its watch handlers note what they see, and it acts again only once
both agree (or after five minutes, in case an event never comes). Mirrors `UIDTrackingControllerExpectations`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fauxkube.kit.clock import Clock

#: Seconds after which an unfulfilled expectation is given up.
TIMEOUT = 300.0


@dataclass(slots=True)
class _Pending:
    creations: int
    deletions: set[str]
    since: float


class Expectations:
    """Creations (counted) and deletions (by UID) that are on their way, for each owner's key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: dict[str, _Pending] = {}

    def expect(self, key: str, *, creations: int = 0, deletions: Iterable[str] = ()) -> None:
        """Replace what is expected for `key`; call it before the writes that bring it about."""
        self._pending[key] = _Pending(creations, set(deletions), self._clock.monotonic())

    def creation_observed(self, key: str, count: int = 1) -> None:
        """`count` objects appeared, or will never be created."""
        if pending := self._pending.get(key):
            pending.creations -= count

    def deletion_observed(self, key: str, uid: str) -> None:
        """The object went, or was asked to go, or will not be deleted."""
        if pending := self._pending.get(key):
            pending.deletions.discard(uid)

    def satisfied(self, key: str) -> bool:
        """Whether nothing is on its way for `key`, as far as anyone can tell."""
        pending = self._pending.get(key)
        if pending is None:
            return True
        fulfilled = pending.creations <= 0 and not pending.deletions
        return fulfilled or self._clock.monotonic() - pending.since > TIMEOUT

    def forget(self, key: str) -> None:
        """The owner is gone."""
        self._pending.pop(key, None)
