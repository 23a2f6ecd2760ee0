"""Which services have hints in proportion to the zones' CPUs, what is told of it, and whom a change of nodes concerns.

Mirrors upstream's `topologycache.TopologyCache` with the events of its reconciler.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from fauxkube.controllers.slice_hints import FamilySlices, by_distribution, no_hints, wants_proportional_hints
from fauxkube.controllers.slice_zone_shares import NoHintsError, hint_in_proportion, is_overloaded, zone_ratios
from fauxkube.machinery.objects import Object, key_of

_DISABLED, _ENABLED = "TopologyAwareHintsDisabled", "TopologyAwareHintsEnabled"


class Told(NamedTuple):
    """An event of a service."""

    type: str
    reason: str
    message: str


class SliceTopology:
    """Gives the endpoints of every service their hints, and remembers those in proportion to zones.

    `nodes` are all that there are now; they are looked at again after `nodes_changed`.
    """

    def __init__(self, nodes: Callable[[], Iterable[Object]]) -> None:
        self._nodes = nodes
        self._stale = True
        self._ratios: dict[str, float] | None = None
        #: Endpoints by zone, by service and IP family.
        self._hinted: dict[str, dict[str, Counter[str]]] = {}
        #: The services that were told to have hints and of which nothing else has been told since.
        self._enabled: set[str] = set()

    def nodes_changed(self) -> list[str]:
        """The services of which a zone would have to bear too much now."""
        self._stale = True
        ratios = self._current()
        found = self._hinted.items()
        return [key for key, hinted in found if any(is_overloaded(each, ratios) for each in hinted.values())]

    def hint(self, service: Object, family: str, slices: FamilySlices) -> list[Told]:
        """Give the service's endpoints of that family their hints; what there is to tell of it."""
        key = key_of(service)
        before = key in self._enabled or _has_hints(slices)
        told = partial(_told, family=family)
        if not wants_proportional_hints(service):
            slices.hint(by_distribution(service))
            dropped = self._drop(key, family)
            return [told("Warning", _DISABLED, "Topology Aware Hints has been disabled")] if dropped else []
        try:
            hinted = hint_in_proportion(slices, self._current())
        except NoHintsError as problem:
            slices.hint(no_hints)
            self._drop(key, family)
            return [told("Warning", _DISABLED, str(problem))]
        self._hinted.setdefault(key, {})[family] = hinted
        self._enabled.add(key)
        return [] if before else [told("Normal", _ENABLED, "Topology Aware Hints has been enabled")]

    def forget(self, key: str) -> None:
        """The service is gone."""
        self._hinted.pop(key, None)
        self._enabled.discard(key)

    def _current(self) -> dict[str, float] | None:
        if self._stale:
            self._ratios = zone_ratios(self._nodes())
            self._stale = False
        return self._ratios

    def _drop(self, key: str, family: str) -> bool:
        """Take the hints of a family for gone; whether that is still to be told of the service."""
        had = key in self._enabled
        self._enabled.discard(key)
        left = {name: each for name, each in self._hinted.pop(key, {}).items() if name != family}
        if left:
            self._hinted[key] = left
        return had


def _has_hints(slices: FamilySlices) -> bool:
    """Whether somebody before us, or before a restart, gave hints."""
    return any(each.get("hints") for found in slices.unchanged for each in found.get("endpoints") or ())


def _told(type: str, reason: str, message: str, *, family: str) -> Told:
    return Told(type, reason, f"{message}, addressType: {family}")
