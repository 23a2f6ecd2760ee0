"""Hints in EndpointSlices: for which zones, or nodes, an endpoint is meant (KEP-2433, KEP-4444, KEP-3015).

What is here follows a service's `trafficDistribution`, as upstream's `endpointslice/trafficdist` does: each endpoint is
hinted for its own zone, and with `PreferSameNode` for its own node too. Without the field hints are taken away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from fauxkube.machinery.objects import Object

SAME_NODE = "PreferSameNode"
_DISTRIBUTIONS = frozenset({"PreferClose", "PreferSameZone", SAME_NODE})
_TOPOLOGY_MODES = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode")

#: The hints that an endpoint is to have; None for none.
HintsOf: TypeAlias = Callable[[Object], Object | None]


@dataclass(slots=True)
class FamilySlices:
    """A service's slices of one IP family: those to be written, and those that need not be but for their hints."""

    create: list[Object] = field(default_factory=list)
    update: list[Object] = field(default_factory=list)
    unchanged: list[Object] = field(default_factory=list)

    def hint(self, hints_of: HintsOf) -> None:
        """Give every endpoint its hints; a slice in which that changes anything is to be written."""
        self.create = [hinted(each, hints_of) for each in self.create]
        self.update = [hinted(each, hints_of) for each in self.update]
        pairs = [(each, hinted(each, hints_of)) for each in self.unchanged]
        self.update += [after for before, after in pairs if after is not before]
        self.unchanged = [before for before, after in pairs if after is before]

    def written(self) -> list[Object]:
        """Those to be written."""
        return [*self.create, *self.update]


def hinted(slice_: Object, hints_of: HintsOf) -> Object:
    """The slice with those hints; itself if it has them."""
    endpoints = slice_.get("endpoints") or []
    changed = [_with_hints(each, hints_of(each)) for each in endpoints]
    if all(after is before for before, after in zip(endpoints, changed, strict=True)):
        return slice_
    return {**slice_, "endpoints": changed}


def by_distribution(service: Object) -> HintsOf:
    """What a service's `trafficDistribution` asks for; what is not ready keeps the hints that it has."""
    distribution = service["spec"].get("trafficDistribution")
    if distribution not in _DISTRIBUTIONS:
        return no_hints

    def hints_of(endpoint: Object) -> Object | None:
        if not is_ready(endpoint):
            return endpoint.get("hints")
        return _own_hints(endpoint, nodes=distribution == SAME_NODE)

    return hints_of


def no_hints(_: Object) -> Object | None:
    """Traffic goes anywhere."""
    return None


def wants_proportional_hints(service: Object) -> bool:
    """Whether the service's annotation asks for hints in proportion to the zones' CPUs (`topology-mode: Auto`)."""
    annotations = service["metadata"].get("annotations") or {}
    mode = next((annotations[name] for name in _TOPOLOGY_MODES if name in annotations), "")
    return mode in {"Auto", "auto"}


def for_zone(zone: str) -> Object:
    """A hint for one zone."""
    return {"forZones": [{"name": zone}]}


def is_ready(endpoint: Object) -> bool:
    """Whether the endpoint says that it is."""
    return bool((endpoint.get("conditions") or {}).get("ready"))


def _own_hints(endpoint: Object, *, nodes: bool) -> Object | None:
    hints: Object = for_zone(endpoint["zone"]) if endpoint.get("zone") else {}
    if nodes and endpoint.get("nodeName"):
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    return hints or None


def _with_hints(endpoint: Object, hints: Object | None) -> Object:
    if endpoint.get("hints") == hints:
        return endpoint
    bare = {name: value for name, value in endpoint.items() if name != "hints"}
    return bare | {"hints": hints} if hints else bare
