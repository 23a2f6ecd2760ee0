"""Hints of endpoint slices: upstream's cases of `trafficdist_test.go` and `topologycache_test.go`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxkube.controllers.endpointslice import EndpointSliceController
from fauxkube.controllers.slice_endpoints import slice_backend_of
from fauxkube.controllers.slice_hints import FamilySlices
from fauxkube.controllers.slice_plan import plan_slices
from fauxkube.controllers.slice_zone_shares import (
    NoHintsError,
    Share,
    givers_and_receivers,
    hint_in_proportion,
    is_overloaded,
    shares_of,
    zone_ratios,
)
from fauxkube.kinds.gvrs import ENDPOINT_SLICES, EVENTS, NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object
from support.control_loops import ControlLoops
from support.services import backend_pod, service

AUTO = {"service.kubernetes.io/topology-mode": "Auto"}
UNABLE = "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold"
EVEN = {"zone-a": 1 / 3, "zone-b": 1 / 3, "zone-c": 1 / 3}


def node(
    name: str, zone: str, *, cpu: str = "4", ready: bool = True, labels: Mapping[str, str] | None = None
) -> Object:
    zoned = {"topology.kubernetes.io/zone": zone} if zone else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**zoned, **(labels or {})}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": cpu} if cpu else {},
            "conditions": [{"type": "Ready", "status": str(ready)}],
        },
    }


def endpoint(address: int, zone: str, hint: str = "", *, ready: bool = True) -> Object:
    made: Object = {"addresses": [f"10.0.0.{address}"], "conditions": {"ready": ready}}
    if zone:
        made["zone"] = zone
    return made | {"hints": {"forZones": [{"name": hint}]}} if hint else made


def slice_of(name: str, *endpoints: Object) -> Object:
    return {"metadata": {"name": name}, "endpoints": list(endpoints)}


def zones(slices: list[Object]) -> list[str]:
    """The zone that each endpoint is hinted for."""
    found = [each.get("hints") for one in slices for each in one["endpoints"]]
    return ["".join(each["name"] for each in hints["forZones"]) if hints else "" for hints in found]


# By trafficDistribution


@pytest.mark.parametrize(
    ("distribution", "zone", "node_name", "hints"),
    [
        (None, "zone-a", "node-1", None),
        ("PreferClose", "zone-a", "node-1", {"forZones": [{"name": "zone-a"}]}),
        ("PreferSameZone", "zone-a", "node-1", {"forZones": [{"name": "zone-a"}]}),
        ("PreferSameZone", "", "node-1", None),
        ("PreferSameNode", "zone-a", "node-1", {"forZones": [{"name": "zone-a"}], "forNodes": [{"name": "node-1"}]}),
        ("PreferSameNode", "", "node-1", {"forNodes": [{"name": "node-1"}]}),
        ("PreferSameNode", "zone-a", "", {"forZones": [{"name": "zone-a"}]}),
        ("Somewhere", "zone-a", "node-1", None),
    ],
)
def test_an_endpoint_is_hinted_for_its_zone_and_its_node_as_the_distribution_says(
    distribution: str | None, zone: str, node_name: str, hints: Object | None
) -> None:
    svc = service(trafficDistribution=distribution)
    pod = backend_pod("a", "10.0.0.1", nodeName=node_name)
    [made] = plan_slices(svc, [slice_backend_of(svc, pod, zone)], []).create
    assert [each.get("hints") for each in made["endpoints"]] == [hints]


def test_what_is_not_ready_is_not_hinted() -> None:
    svc = service(trafficDistribution="PreferClose")
    backends = [slice_backend_of(svc, backend_pod("a", "10.0.0.1", ready=False), "zone-a")]
    [made] = plan_slices(svc, backends, []).create
    assert "hints" not in made["endpoints"][0]


def test_a_change_of_the_distribution_alone_rewrites_the_slices_and_their_removal_too() -> None:
    plain, close = service(), service(trafficDistribution="PreferClose")
    backends = [slice_backend_of(plain, backend_pod("a", "10.0.0.1"), "zone-a")]
    [made] = plan_slices(plain, backends, []).create
    stored = made | {"metadata": {**made["metadata"], "name": "web-1"}}
    assert plan_slices(plain, backends, [stored]).update == []
    [hinted] = plan_slices(close, backends, [stored]).update
    assert zones([hinted]) == ["zone-a"]
    assert zones([stored]) == [""], "what an informer shows is not changed"
    assert plan_slices(close, backends, [hinted]).update == []
    [bare] = plan_slices(plain, backends, [hinted]).update
    assert zones([bare]) == [""]


# In proportion to zones


@pytest.mark.parametrize(
    ("nodes", "ratios"),
    [
        pytest.param([], None, id="none"),
        pytest.param([node("a", "zone-a"), node("b", "zone-a")], None, id="one zone"),
        pytest.param([node("a", "zone-a"), node("b", "zone-b")], {"zone-a": 0.5, "zone-b": 0.5}, id="two"),
        pytest.param(
            [node("a", "zone-a", cpu="1500m"), node("b", "zone-b", cpu="500m")],
            {"zone-a": 0.75, "zone-b": 0.25},
            id="unlike",
        ),
        pytest.param([node("a", "zone-a"), node("b", "zone-b"), node("c", "")], None, id="a node without a zone"),
        pytest.param([node("a", "zone-a"), node("b", "zone-b", cpu="")], None, id="a node without CPUs"),
        pytest.param(
            [node("a", "zone-a"), node("b", "zone-b"), node("c", "", ready=False)],
            {"zone-a": 0.5, "zone-b": 0.5},
            id="what is not ready does not count",
        ),
        pytest.param(
            [
                node("a", "zone-a"),
                node("b", "zone-b"),
                node("c", "zone-c", labels={"node-role.kubernetes.io/control-plane": ""}),
            ],
            {"zone-a": 0.5, "zone-b": 0.5},
            id="nor does the control plane",
        ),
    ],
)
def test_a_zone_s_part_is_that_of_its_ready_nodes_cpus(nodes: list[Object], ratios: dict[str, float] | None) -> None:
    assert zone_ratios(nodes) == ratios


def test_shares_leave_nobody_a_fifth_too_much() -> None:
    shares = shares_of({"zone-a": 4 / 12, "zone-b": 4 / 12, "zone-c": 4 / 12}, 6)
    assert shares == {zone: Share(2, 2, 2.0) for zone in EVEN}
    shares = shares_of({"zone-a": 0.5, "zone-b": 0.25, "zone-c": 0.25}, 12)
    assert shares == {"zone-a": Share(5, 6, 6.0), "zone-b": Share(3, 4, 3.0), "zone-c": Share(3, 4, 3.0)}


@pytest.mark.parametrize(
    ("ratios", "endpoints", "problem"),
    [
        (
            None,
            5,
            "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes",
        ),
        (EVEN, 2, "Insufficient number of endpoints (2 endpoints, 3 zones)"),
        (
            {"zone-a": 0.25, "zone-b": 0.375, "zone-c": 0.375},
            4,
            f"{UNABLE} (4 endpoints, 3 zones)",
        ),
    ],
)
def test_there_are_no_hints_where_shares_cannot_be_had(
    ratios: dict[str, float] | None, endpoints: int, problem: str
) -> None:
    with pytest.raises(NoHintsError) as caught:
        shares_of(ratios, endpoints)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("hinted", "given_away", "received"),
    [
        ({"zone-a": 5, "zone-b": 1}, {"zone-a": 2}, {"zone-b": 2}),
        ({"zone-a": 3, "zone-b": 3}, {}, {}),
        ({"zone-a": 6}, {"zone-a": 3}, {"zone-b": 3}),
    ],
)
def test_zones_give_what_is_more_than_their_share(
    hinted: dict[str, int], given_away: dict[str, int], received: dict[str, int]
) -> None:
    shares = {"zone-a": Share(3, 3, 3.0), "zone-b": Share(3, 3, 3.0)}
    assert givers_and_receivers(shares, hinted) == (Counter(given_away), Counter(received))


def test_half_an_endpoint_is_not_given() -> None:
    shares = {"zone-a": Share(2, 3, 2.6), "zone-b": Share(2, 3, 2.4)}
    assert givers_and_receivers(shares, {"zone-a": 3, "zone-b": 2}) == (Counter(), Counter())


def test_endpoints_are_for_their_own_zone_and_some_for_one_that_has_too_few() -> None:
    slices = FamilySlices(create=[slice_of("s", *(endpoint(n, "zone-a") for n in range(5)), endpoint(9, "zone-b"))])
    hinted = hint_in_proportion(slices, {"zone-a": 0.5, "zone-b": 0.5})
    assert Counter(zones(slices.create)) == hinted == {"zone-a": 3, "zone-b": 3}


def test_a_slice_with_fitting_hints_is_not_written_again() -> None:
    kept = slice_of("kept", endpoint(1, "zone-a", "zone-a"), endpoint(2, "zone-b", "zone-b"))
    new = slice_of("new", endpoint(3, "zone-a"), endpoint(4, "zone-b"))
    slices = FamilySlices(create=[new], unchanged=[kept])
    assert hint_in_proportion(slices, {"zone-a": 0.5, "zone-b": 0.5}) == {"zone-a": 2, "zone-b": 2}
    assert (slices.update, slices.unchanged) == ([], [kept])


@pytest.mark.parametrize(
    "stale",
    [
        pytest.param(endpoint(1, "zone-a"), id="missing"),
        pytest.param(endpoint(1, "zone-a", "zone-z"), id="of a zone that is gone"),
    ],
)
def test_a_slice_whose_hints_do_not_fit_is_written_again(stale: Object) -> None:
    slices = FamilySlices(unchanged=[slice_of("kept", stale, endpoint(2, "zone-b", "zone-b"))])
    hint_in_proportion(slices, {"zone-a": 0.5, "zone-b": 0.5})
    assert zones(slices.update) == ["zone-a", "zone-b"]
    assert slices.unchanged == []


def test_what_is_not_ready_neither_counts_nor_is_hinted() -> None:
    parts = [endpoint(1, "zone-a"), endpoint(2, "zone-b"), endpoint(3, "zone-b", ready=False)]
    slices = FamilySlices(create=[slice_of("s", *parts)])
    hint_in_proportion(slices, {"zone-a": 0.5, "zone-b": 0.5})
    assert zones(slices.create) == ["zone-a", "zone-b", ""]


def test_an_endpoint_without_a_zone_leaves_all_without_hints() -> None:
    slices = FamilySlices(create=[slice_of("s", endpoint(1, "zone-a"), endpoint(2, ""))])
    with pytest.raises(NoHintsError, match="One or more endpoints do not have a zone specified"):
        hint_in_proportion(slices, {"zone-a": 0.5, "zone-b": 0.5})
    assert zones(slices.create) == ["", ""]


@pytest.mark.parametrize(
    ("hinted", "ratios", "overloaded"),
    [
        ({}, {"zone-a": 1.0}, False),
        ({"zone-a": 1}, None, True),
        ({"zone-a": 5, "zone-b": 5}, {"zone-a": 0.5, "zone-b": 0.5}, False),
        ({"zone-a": 5}, {"zone-a": 0.5, "zone-b": 0.5}, True),
        ({"zone-a": 8, "zone-b": 4}, {"zone-a": 0.5, "zone-b": 0.5}, True),
        ({"zone-a": 6, "zone-b": 5}, {"zone-a": 0.5, "zone-b": 0.5}, False),
    ],
)
def test_a_service_is_overloaded_when_a_zone_has_too_few(
    hinted: dict[str, int], ratios: dict[str, float] | None, overloaded: bool
) -> None:
    assert is_overloaded(hinted, ratios) is overloaded


@given(
    counts=st.lists(st.integers(0, 12), min_size=2, max_size=4),
    cpus=st.lists(st.integers(1, 16), min_size=4, max_size=4),
)
def test_hints_are_given_to_all_that_is_ready_and_stay_as_they_are(counts: list[int], cpus: list[int]) -> None:
    names = [f"zone-{number}" for number in range(len(counts))]
    total = sum(cpus[: len(names)])
    ratios = {name: cpu / total for name, cpu in zip(names, cpus, strict=False)}
    placed = [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
    slices = FamilySlices(create=[slice_of("s", *(endpoint(n % 250, zone) for n, zone in enumerate(placed)))])
    try:
        hinted = hint_in_proportion(slices, ratios)
    except NoHintsError:
        assert not any(zones(slices.create))
        return
    assert +hinted == Counter(zones(slices.create))
    assert hinted.total() == len(placed)
    again = FamilySlices(unchanged=slices.create)
    hint_in_proportion(again, ratios)
    assert again.update == []


# The controller


def run(body: Any, *nodes: Object) -> None:
    async def main() -> None:
        loops = ControlLoops(EndpointSliceController)
        for each in nodes:
            loops.api.seed(NODES, each)
        async with loops:
            await body(loops)

    asyncio.run(main())


def told(loops: ControlLoops) -> list[tuple[str, str, str]]:
    return [(each["type"], each["reason"], each["message"]) for each in loops.api.all(EVENTS)]


def annotated(svc: Object) -> Object:
    return svc | {"metadata": {**svc["metadata"], "annotations": AUTO}}


def test_the_annotation_brings_hints_and_an_event_and_a_lost_zone_takes_them() -> None:
    async def body(loops: ControlLoops) -> None:
        for number, where in enumerate(("a", "b"), start=1):
            loops.api.seed(PODS, backend_pod(where, f"10.0.0.{number}", nodeName=where))
        loops.api.seed(SERVICES, annotated(service()))
        await loops.settle()
        assert sorted(zones(loops.api.all(ENDPOINT_SLICES))) == ["zone-a", "zone-b"]
        enabled = ("Normal", "TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: IPv4")
        assert told(loops) == [enabled]
        loops.api.change(NODES, "b", {"status": {"conditions": [{"type": "Ready", "status": "False"}]}})
        await loops.settle()
        assert zones(loops.api.all(ENDPOINT_SLICES)) == ["", ""]
        problem = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
        assert told(loops)[1:] == [("Warning", "TopologyAwareHintsDisabled", f"{problem}, addressType: IPv4")]

    run(body, node("a", "zone-a"), node("b", "zone-b"))


def test_without_the_annotation_the_hints_go_and_an_event_tells_so() -> None:
    async def body(loops: ControlLoops) -> None:
        for number, where in enumerate(("a", "b"), start=1):
            loops.api.seed(PODS, backend_pod(where, f"10.0.0.{number}", nodeName=where))
        loops.api.seed(SERVICES, annotated(service()))
        await loops.settle()
        loops.api.change(SERVICES, "default/web", {"metadata": {"annotations": None}})
        await loops.settle()
        assert zones(loops.api.all(ENDPOINT_SLICES)) == ["", ""]
        disabled = "Topology Aware Hints has been disabled, addressType: IPv4"
        assert told(loops)[1:] == [("Warning", "TopologyAwareHintsDisabled", disabled)]

    run(body, node("a", "zone-a"), node("b", "zone-b"))


def test_too_few_endpoints_are_told_of() -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.seed(PODS, backend_pod("a", "10.0.0.1", nodeName="a"))
        loops.api.seed(SERVICES, annotated(service()))
        await loops.settle()
        problem = "Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4"
        assert told(loops) == [("Warning", "TopologyAwareHintsDisabled", problem)]

    run(body, node("a", "zone-a"), node("b", "zone-b"))
