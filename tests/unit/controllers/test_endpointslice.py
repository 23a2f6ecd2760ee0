"""The EndpointSlice controller over a fake API server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fauxkube.controllers.endpointslice import EndpointSliceController
from fauxkube.kinds.gvrs import ENDPOINT_SLICES, NODES, PODS, SERVICES
from fauxkube.machinery.objects import Object, key_of
from fauxkube.machinery.status import internal
from support.control_loops import ControlLoops
from support.fake_api import FakeApi
from support.services import backend_pod, service, terminating, zoned_node


def run(body: Callable[[ControlLoops], Awaitable[None]], *nodes: Object) -> None:
    async def main() -> None:
        loops = ControlLoops(EndpointSliceController)
        for node in nodes or (zoned_node(),):
            loops.api.seed(NODES, node)
        async with loops:
            await body(loops)

    asyncio.run(main())


def told(api: FakeApi) -> dict[str, tuple[bool, bool, bool]]:
    """(ready, serving, terminating) of each address."""
    endpoints = [endpoint for each in api.all(ENDPOINT_SLICES) for endpoint in each["endpoints"]]
    return {
        each["addresses"][0]: (
            each["conditions"]["ready"],
            each["conditions"]["serving"],
            each["conditions"]["terminating"],
        )
        for each in endpoints
    }


def writes(api: FakeApi) -> list[str]:
    return [verb for verb, resource, _ in api.calls if resource == "endpointslices"]


def test_a_service_gets_a_slice_with_its_pods() -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.seed(PODS, backend_pod("a", "10.0.0.1"))
        loops.api.seed(SERVICES, service())
        await loops.settle()
        [found] = loops.api.all(ENDPOINT_SLICES)
        assert found["metadata"]["name"].startswith("web-")
        assert found["metadata"]["annotations"] == {
            "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z"
        }
        assert told(loops.api) == {"10.0.0.1": (True, True, False)}
        assert writes(loops.api) == ["create"]

    run(body)


def test_pods_turn_ready_terminate_and_go() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, service())
        api.seed(PODS, backend_pod("a", "10.0.0.1", ready=False))
        await loops.settle()
        assert told(api) == {"10.0.0.1": (False, False, False)}
        api.change(PODS, "default/a", {"status": backend_pod("a", "10.0.0.1")["status"]})
        await loops.settle()
        assert told(api) == {"10.0.0.1": (True, True, False)}
        await api.delete(PODS, "a", namespace="default")
        await loops.settle()
        assert told(api) == {"10.0.0.1": (False, True, True)}
        await api.delete(PODS, "a", namespace="default", grace_period_seconds=0)
        await loops.settle()
        assert told(api) == {}
        assert len(api.all(ENDPOINT_SLICES)) == 1

    run(body)


@pytest.mark.parametrize("spec", [{"selector": None}, {"type": "ExternalName"}])
def test_services_without_a_selector_and_external_names_are_left_alone(spec: dict[str, Any]) -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.seed(SERVICES, service(**spec))
        loops.api.seed(PODS, backend_pod("a", "10.0.0.1"))
        await loops.settle()
        assert writes(loops.api) == []

    run(body)


def test_the_zone_is_the_nodes_and_follows_it() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, service())
        api.seed(PODS, backend_pod("a", "10.0.0.1"))
        await loops.settle()
        assert [each["endpoints"][0]["zone"] for each in api.all(ENDPOINT_SLICES)] == ["zone-1"]
        api.change(NODES, "node-1", {"metadata": {"labels": {"topology.kubernetes.io/zone": "zone-2"}}})
        await loops.settle()
        assert [each["endpoints"][0]["zone"] for each in api.all(ENDPOINT_SLICES)] == ["zone-2"]

    run(body, zoned_node(zone="zone-1"))


def test_a_pod_waits_for_its_node_to_appear() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, service())
        api.seed(PODS, backend_pod("a", "10.0.0.1"))
        await loops.settle()
        assert told(api) == {}
        api.seed(NODES, zoned_node("node-1"))
        await loops.settle()
        assert told(api) == {"10.0.0.1": (True, True, False)}

    run(body, zoned_node("node-9"))


def test_what_another_changes_in_a_slice_is_put_right() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, service())
        api.seed(PODS, backend_pod("a", "10.0.0.1"))
        await loops.settle()
        [found] = api.all(ENDPOINT_SLICES)
        api.change(ENDPOINT_SLICES, key_of(found), {"endpoints": []})
        await loops.settle()
        assert told(api) == {"10.0.0.1": (True, True, False)}
        [found] = api.all(ENDPOINT_SLICES)
        api.remove(ENDPOINT_SLICES, key_of(found))
        await loops.settle()
        assert told(api) == {"10.0.0.1": (True, True, False)}

    run(body)


def test_slices_of_other_managers_are_left_alone() -> None:
    async def body(loops: ControlLoops) -> None:
        labels = {
            "kubernetes.io/service-name": "web",
            "endpointslice.kubernetes.io/managed-by": "someone-else",
        }
        custom = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "custom", "namespace": "default", "labels": labels},
            "addressType": "IPv4",
            "endpoints": [],
        }
        loops.api.seed(ENDPOINT_SLICES, custom)
        loops.api.seed(SERVICES, service())
        await loops.settle()
        assert writes(loops.api) == ["create"]
        assert len(loops.api.all(ENDPOINT_SLICES)) == 2

    run(body)


def test_nothing_is_written_when_nothing_changed() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, service())
        api.seed(PODS, backend_pod("a", "10.0.0.1"))
        await loops.settle()
        before = len(api.calls)
        api.change(PODS, "default/a", {"metadata": {"annotations": {"a": "b"}}})
        api.change(SERVICES, "default/web", {"metadata": {"annotations": {"a": "b"}}})
        api.change(NODES, "node-1", {"status": {"phase": "x"}})
        await loops.settle()
        assert len(api.calls) == before

    run(body)


def test_a_terminating_service_gets_no_slice_and_a_service_that_is_gone_is_forgotten() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, terminating(service()))
        api.seed(PODS, backend_pod("a", "10.0.0.1"))
        await loops.settle()
        api.remove(SERVICES, "default/web")
        await loops.settle()
        assert writes(api) == []

    run(body)


def test_a_write_that_fails_is_told_and_tried_again() -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.fail("create", ENDPOINT_SLICES, internal("disk full"))
        loops.api.seed(SERVICES, service())
        await loops.settle()
        message = "Error updating Endpoint Slices for Service default/web: Internal error occurred: disk full"
        assert loops.told() == [("FailedToUpdateEndpointSlices", message)]
        await loops.advance(0.01)
        assert len(loops.api.all(ENDPOINT_SLICES)) == 1

    run(body)


def test_a_thousand_pods_under_churn_are_told_once_each_in_ten_slices() -> None:
    async def main() -> None:
        loops = ControlLoops(EndpointSliceController)
        api = loops.api
        api.seed(NODES, zoned_node())
        api.seed(SERVICES, service())
        async with loops:
            for number in range(1000):
                api.seed(PODS, backend_pod(f"p{number}", f"10.0.{number // 250}.{number % 250}"))
                if number % 25 == 0:
                    await asyncio.sleep(0)
            for number in range(0, 1000, 3):
                api.remove(PODS, f"default/p{number}")
                api.seed(PODS, backend_pod(f"q{number}", f"10.1.{number // 250}.{number % 250}"))
                if number % 10 == 0:
                    await asyncio.sleep(0)
            await loops.settle()
            expected = {pod["status"]["podIP"] for pod in api.all(PODS)}
            assert set(told(api)) == expected
            sizes = [len(each["endpoints"]) for each in api.all(ENDPOINT_SLICES)]
            assert sum(sizes) == 1000
            assert max(sizes) <= 100
            assert len(sizes) < 20

    asyncio.run(main())
