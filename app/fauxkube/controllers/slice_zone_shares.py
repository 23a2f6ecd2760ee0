"""Hints in proportion to the CPUs of each zone, as upstream's `endpointslice/topologycache` gives them (KEP-2433).

Endpoints are hinted for their own zone, then some are given to zones that have fewer than their share. Where a zone's
endpoints would have to bear a fifth more than their share, nobody gets hints. Upstream walks zones in the order of Go's
maps; here they go by their names.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fauxkube.controllers.slice_hints import FamilySlices, for_zone, is_ready
from fauxkube.kinds.core.pod_status import condition
from fauxkube.machinery import quantity
from fauxkube.machinery.objects import Object, labels_of

ZONE_LABEL = "topology.kubernetes.io/zone"
_CONTROL_PLANE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
#: By how much of its share an endpoint may bear more than it.
_OVERLOAD = 0.2


class NoHintsError(Exception):
    """There can be no hints; the message is upstream's."""


class Share(NamedTuple):
    """How many of a service's endpoints are for a zone."""

    minimum: int
    maximum: int
    desired: float


def zone_of(node: Object | None) -> str:
    """The zone that a node is in; empty when it does not say."""
    return labels_of(node).get(ZONE_LABEL, "") if node else ""


def zone_ratios(nodes: Iterable[Object]) -> dict[str, float] | None:
    """Which part of the ready nodes' CPUs each zone has; None where a node does not tell, or there are no two zones."""
    cpus: Counter[str] = Counter()
    for node in nodes:
        if any(name in labels_of(node) for name in _CONTROL_PLANE_LABELS) or not is_node_ready(node):
            continue
        zone, cpu = zone_of(node), _cpu_of(node)
        if not zone or not cpu:
            return None
        cpus[zone] += cpu
    total = cpus.total()
    return {zone: cpus[zone] / total for zone in sorted(cpus)} if len(cpus) > 1 else None


def is_node_ready(node: Object) -> bool:
    """Whether the node's `Ready` condition holds."""
    return (condition(node, "Ready") or {}).get("status") == "True"


def shares_of(ratios: Mapping[str, float] | None, endpoints: int) -> dict[str, Share]:
    """What each zone is to have of so many endpoints; `NoHintsError` when that cannot be."""
    if ratios is None:
        problem = "allocatable CPU or zone not specified on one or more nodes"
        raise NoHintsError(f"Insufficient Node information: {problem}")
    counts = f"({endpoints} endpoints, {len(ratios)} zones)"
    if len(ratios) > endpoints:
        raise NoHintsError(f"Insufficient number of endpoints {counts}")
    minima = {zone: _least(ratio * endpoints) for zone, ratio in ratios.items()}
    spare = endpoints - sum(minima.values())
    if spare < 0:
        problem = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold"
        raise NoHintsError(f"{problem} {counts}")
    return {
        zone: Share(minimum, minimum + spare, max(ratios[zone] * endpoints, minimum))
        for zone, minimum in minima.items()
    }


def hint_in_proportion(slices: FamilySlices, ratios: Mapping[str, float] | None) -> Counter[str]:
    """Give the endpoints their hints, and tell how many each zone has; `NoHintsError` before anything is changed.

    Slices that need not be written keep the hints that they have, unless these are in the way.
    """
    everything = [*slices.written(), *slices.unchanged]
    shares = shares_of(ratios, sum(map(is_ready, _endpoints(everything))))
    kept, hinted = _kept(slices.unchanged, shares)
    as_they_are = {id(each) for each in _endpoints(kept)}
    placed = [each for each in _endpoints(everything) if is_ready(each) and id(each) not in as_they_are]
    if not all(each.get("zone") for each in placed):
        raise NoHintsError("One or more endpoints do not have a zone specified")
    hinted.update(each["zone"] for each in placed)
    gifts = _gifts(placed, *givers_and_receivers(shares, hinted))
    for endpoint in (each for each in placed if id(each) in gifts):
        hinted[endpoint["zone"]] -= 1
        hinted[gifts[id(endpoint)]] += 1

    def hints_of(endpoint: Object) -> Object | None:
        if id(endpoint) in as_they_are or not is_ready(endpoint):
            return endpoint.get("hints")
        return for_zone(gifts.get(id(endpoint)) or endpoint["zone"])

    slices.hint(hints_of)
    return hinted


def is_overloaded(hinted: Mapping[str, int], ratios: Mapping[str, float] | None) -> bool:
    """Whether a service whose zones have so many endpoints has too few for one of them."""
    if not hinted:
        return False
    if not ratios:
        return True
    total = sum(hinted.values())
    return any(hinted.get(zone, 0) < _least(total * ratio) for zone, ratio in ratios.items())


def _least(desired: float) -> int:
    """The fewest endpoints that may bear what so many should."""
    return math.ceil(desired * (1 / (1 + _OVERLOAD)))


def givers_and_receivers(shares: Mapping[str, Share], hinted: Mapping[str, int]) -> tuple[Counter[str], Counter[str]]:
    """How many endpoints each zone is to give to others, and how many to receive."""
    surplus = {zone: hinted.get(zone, 0) - share.desired for zone, share in shares.items()}
    giving = {zone: number for zone, number in surplus.items() if number > 0}
    receiving = {zone: -number for zone, number in surplus.items() if number < 0}
    givers: Counter[str] = Counter()
    receivers: Counter[str] = Counter()
    while giving and receiving:
        giver, receiver = max(giving, key=giving.__getitem__), max(receiving, key=receiving.__getitem__)
        give, receive = giving[giver], receiving[receiver]
        if max(give, receive) < 1 or min(give, receive) < 0.5:
            break
        givers[giver] += 1
        receivers[receiver] += 1
        giving[giver] -= 1
        receiving[receiver] -= 1
    return givers, receivers


def _kept(slices: Iterable[Object], shares: Mapping[str, Share]) -> tuple[list[Object], Counter[str]]:
    """The slices whose hints are all there and in nobody's way, and how many each zone has of these."""
    kept: list[Object] = []
    hinted: Counter[str] = Counter()
    for each in slices:
        hints = _valid_hints(each, shares, hinted)
        if hints is not None:
            kept.append(each)
            hinted += hints
    return kept, hinted


def _valid_hints(slice_: Object, shares: Mapping[str, Share], kept: Mapping[str, int]) -> Counter[str] | None:
    hints: Counter[str] = Counter()
    for endpoint in filter(is_ready, slice_.get("endpoints") or ()):
        zones = [each["name"] for each in (endpoint.get("hints") or {}).get("forZones") or ()]
        if not zones or any(zone not in shares for zone in zones):
            return None
        hints.update(zones)
    if any(kept.get(zone, 0) + number > shares[zone].maximum for zone, number in hints.items()):
        return None
    return hints


def _gifts(endpoints: Iterable[Object], givers: Counter[str], receivers: Counter[str]) -> dict[int, str]:
    """The other zone that an endpoint is given to, by the endpoint's identity."""
    gifts: dict[int, str] = {}
    for endpoint in endpoints:
        receiver = next((zone for zone in sorted(receivers) if receivers[zone] > 0), None)
        if receiver is None:
            break
        if givers[endpoint["zone"]] > 0:
            gifts[id(endpoint)] = receiver
            givers[endpoint["zone"]] -= 1
            receivers[receiver] -= 1
    return gifts


def _endpoints(slices: Iterable[Object]) -> Iterable[Object]:
    return (endpoint for each in slices for endpoint in each.get("endpoints") or ())


def _cpu_of(node: Object) -> int:
    """In thousandths."""
    text = ((node.get("status") or {}).get("allocatable") or {}).get("cpu")
    return quantity.milli(text) if text else 0
