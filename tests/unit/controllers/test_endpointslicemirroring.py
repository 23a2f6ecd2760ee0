"""Slices that mirror Endpoints kept by hand: upstream's cases of `endpointslicemirroring`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fauxkube.controllers.endpointslicemirroring import EndpointSliceMirroringController
from fauxkube.controllers.slice_mirror import CONTROLLER_NAME, plan_mirror
from fauxkube.kinds.gvrs import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from fauxkube.machinery.objects import Object
from support.control_loops import ControlLoops
from support.services import service

HTTP = {"name": "http", "port": 80, "protocol": "TCP"}
DNS = {"name": "dns", "port": 53, "protocol": "UDP"}
KEY = "default/db"


def endpoints(*subsets: Object, labels: Object | None = None, annotations: Object | None = None) -> Object:
    metadata = {"name": "db", "namespace": "default", "uid": "uid-of-db"}
    metadata |= {"labels": labels} if labels else {}
    metadata |= {"annotations": annotations} if annotations else {}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": list(subsets)}


def subset(*ips: str, ports: list[Object] | None = None, not_ready: tuple[str, ...] = ()) -> Object:
    made: Object = {"addresses": [{"ip": each} for each in ips], "ports": [HTTP] if ports is None else ports}
    return made | {"notReadyAddresses": [{"ip": each} for each in not_ready]} if not_ready else made


def stored(slice_: Object, name: str = "db-1") -> Object:
    return slice_ | {"metadata": {**slice_["metadata"], "name": name}}


def told(slices: list[Object]) -> list[tuple[str, list[str], list[int]]]:
    return sorted(
        (
            each["addressType"],
            [address for one in each["endpoints"] for address in one["addresses"]],
            [port["port"] for port in each["ports"]],
        )
        for each in slices
    )


@pytest.mark.parametrize(
    ("subsets", "slices"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([subset("10.1.0.1", "10.1.0.2")], [("IPv4", ["10.1.0.1", "10.1.0.2"], [80])], id="one subset"),
        pytest.param(
            [subset("10.1.0.1", "fd00::1")],
            [("IPv4", ["10.1.0.1"], [80]), ("IPv6", ["fd00::1"], [80])],
            id="a slice a family",
        ),
        pytest.param(
            [subset("10.1.0.1"), subset("10.1.0.2", ports=[DNS])],
            [("IPv4", ["10.1.0.1"], [80]), ("IPv4", ["10.1.0.2"], [53])],
            id="a slice a set of ports",
        ),
        pytest.param(
            [subset("10.1.0.1"), subset("10.1.0.2")],
            [("IPv4", ["10.1.0.1", "10.1.0.2"], [80])],
            id="subsets of the same ports are one",
        ),
        pytest.param([subset("10.1.0.1", ports=[])], [("IPv4", ["10.1.0.1"], [])], id="no ports"),
        pytest.param([subset("fd00:0::01")], [("IPv6", ["fd00::1"], [80])], id="in its canonical form"),
    ],
)
def test_each_family_and_set_of_ports_has_one_slice(
    subsets: list[Object], slices: list[tuple[str, list[str], list[int]]]
) -> None:
    plan = plan_mirror(endpoints(*subsets), []).plan
    assert told(plan.create) == slices
    assert (plan.update, plan.delete) == ([], [])


def test_a_slice_says_whose_it_is_and_what_its_endpoints_said() -> None:
    address = {"ip": "10.1.0.1", "hostname": "a", "nodeName": "n", "targetRef": {"kind": "Pod", "name": "p"}}
    given = endpoints(
        {"addresses": [address], "notReadyAddresses": [{"ip": "10.1.0.2"}], "ports": [{**HTTP, "appProtocol": "h2c"}]},
        labels={"app": "db", "service.kubernetes.io/headless": ""},
        annotations={
            "note": "kept",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z",
        },
    )
    [made] = plan_mirror(given, []).plan.create
    assert made["metadata"] == {
        "generateName": "db-",
        "namespace": "default",
        "labels": {
            "app": "db",
            "service.kubernetes.io/headless": "",
            "kubernetes.io/service-name": "db",
            "endpointslice.kubernetes.io/managed-by": CONTROLLER_NAME,
        },
        "annotations": {"note": "kept"},
        "ownerReferences": [
            {
                "apiVersion": "v1",
                "kind": "Endpoints",
                "name": "db",
                "uid": "uid-of-db",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert made["endpoints"] == [
        {
            "addresses": ["10.1.0.1"],
            "conditions": {"ready": True},
            "hostname": "a",
            "nodeName": "n",
            "targetRef": {"kind": "Pod", "name": "p"},
        },
        {"addresses": ["10.1.0.2"], "conditions": {"ready": False}},
    ]
    assert made["ports"] == [{**HTTP, "appProtocol": "h2c"}]


def test_what_is_right_already_is_left_alone_whatever_the_order() -> None:
    [made] = plan_mirror(endpoints(subset("10.1.0.1", "10.1.0.2")), []).plan.create
    again = plan_mirror(endpoints(subset("10.1.0.2", "10.1.0.1")), [stored(made)]).plan
    assert (again.create, again.update, again.delete) == ([], [], [])


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(endpoints(subset("10.1.0.1", "10.1.0.3")), id="another address"),
        pytest.param(endpoints(subset("10.1.0.1", not_ready=("10.1.0.2",))), id="one not ready"),
        pytest.param(endpoints(subset("10.1.0.1", "10.1.0.2"), labels={"app": "db"}), id="labels"),
        pytest.param(endpoints(subset("10.1.0.1", "10.1.0.2"), annotations={"a": "b"}), id="annotations"),
    ],
)
def test_a_change_updates_the_slice_that_is_there(changed: Object) -> None:
    [made] = plan_mirror(endpoints(subset("10.1.0.1", "10.1.0.2")), []).plan.create
    plan = plan_mirror(changed, [stored(made)]).plan
    assert [each["metadata"]["name"] for each in plan.update] == ["db-1"]
    assert (plan.create, plan.delete) == ([], [])


def test_another_set_of_ports_takes_the_place_of_the_slice_that_would_go() -> None:
    [made] = plan_mirror(endpoints(subset("10.1.0.1")), []).plan.create
    plan = plan_mirror(endpoints(subset("10.1.0.1", ports=[DNS])), [stored(made)]).plan
    assert told(plan.update) == [("IPv4", ["10.1.0.1"], [53])]
    assert plan.update[0]["metadata"]["name"] == "db-1"
    assert (plan.create, plan.delete) == ([], [])


def test_a_thousand_addresses_of_a_subset_are_mirrored_the_ready_ones_first() -> None:
    ready = [f"10.1.{number // 200}.{number % 200 + 1}" for number in range(998)]
    mirror = plan_mirror(endpoints(subset(*ready, not_ready=("10.2.0.1", "10.2.0.2", "10.2.0.3"))), [])
    [made] = mirror.plan.create
    assert [each["conditions"]["ready"] for each in made["endpoints"]] == [True] * 998 + [False] * 2
    assert (mirror.invalid, mirror.skipped) == (0, 1)


# The controller


def run(body: Callable[[ControlLoops], Awaitable[None]]) -> None:
    async def main() -> None:
        async with ControlLoops(EndpointSliceMirroringController) as loops:
            await body(loops)

    asyncio.run(main())


def by_hand(**spec: Any) -> Object:
    return service("db", **({"selector": None} | spec))


def test_the_endpoints_of_a_service_without_a_selector_are_mirrored_and_followed() -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.seed(ENDPOINTS, endpoints(subset("10.1.0.1")))
        await loops.settle()
        assert loops.api.all(ENDPOINT_SLICES) == [], "no service"
        loops.api.seed(SERVICES, by_hand())
        await loops.settle()
        assert told(loops.api.all(ENDPOINT_SLICES)) == [("IPv4", ["10.1.0.1"], [80])]
        loops.api.change(ENDPOINTS, KEY, {"subsets": [subset("10.1.0.2", "fd00::2")]})
        await loops.settle()
        found = [("IPv4", ["10.1.0.2"], [80]), ("IPv6", ["fd00::2"], [80])]
        assert told(loops.api.all(ENDPOINT_SLICES)) == found
        [first, *_] = loops.api.all(ENDPOINT_SLICES)
        loops.api.remove(ENDPOINT_SLICES, f"default/{first['metadata']['name']}")
        await loops.settle()
        assert told(loops.api.all(ENDPOINT_SLICES)) == found, "what another deletes comes back"

    run(body)


@pytest.mark.parametrize(
    ("gvr", "change"),
    [
        pytest.param(SERVICES, {"spec": {"selector": {"app": "db"}}}, id="a selector"),
        pytest.param(
            ENDPOINTS, {"metadata": {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}}}, id="the label"
        ),
        pytest.param(
            ENDPOINTS,
            {"metadata": {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}}},
            id="a leader's record",
        ),
        pytest.param(SERVICES, None, id="no service"),
        pytest.param(ENDPOINTS, None, id="no endpoints"),
    ],
)
def test_the_slices_go_with_what_made_them(gvr: Any, change: Object | None) -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.seed(ENDPOINTS, endpoints(subset("10.1.0.1")))
        loops.api.seed(SERVICES, by_hand())
        await loops.settle()
        assert len(loops.api.all(ENDPOINT_SLICES)) == 1
        if change is None:
            loops.api.remove(gvr, KEY)
        else:
            loops.api.change(gvr, KEY, change)
        await loops.settle()
        assert loops.api.all(ENDPOINT_SLICES) == []

    run(body)


def test_addresses_beyond_a_thousand_are_told_of() -> None:
    async def body(loops: ControlLoops) -> None:
        many = [f"10.1.{number // 200}.{number % 200 + 1}" for number in range(1002)]
        loops.api.seed(ENDPOINTS, endpoints(subset(*many)))
        loops.api.seed(SERVICES, by_hand())
        await loops.settle()
        limit = "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset."
        assert loops.told() == [("TooManyAddressesToMirror", f"{limit} 2 addresses were skipped")]

    run(body)


def test_slices_of_other_controllers_are_left_alone() -> None:
    async def body(loops: ControlLoops) -> None:
        [made] = plan_mirror(endpoints(subset("10.9.0.1")), []).plan.create
        labels = {"kubernetes.io/service-name": "db", "endpointslice.kubernetes.io/managed-by": "me"}
        other = made | {"metadata": {"name": "mine", "namespace": "default", "labels": labels}}
        loops.api.seed(ENDPOINT_SLICES, other)
        loops.api.seed(ENDPOINTS, endpoints(subset("10.1.0.1")))
        loops.api.seed(SERVICES, by_hand())
        await loops.settle()
        assert told(loops.api.all(ENDPOINT_SLICES)) == [("IPv4", ["10.1.0.1"], [80]), ("IPv4", ["10.9.0.1"], [80])]

    run(body)
