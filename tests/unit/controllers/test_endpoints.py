"""The Endpoints controller over a fake API server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fauxkube.controllers.endpoints import EndpointsController
from fauxkube.kinds.gvrs import ENDPOINTS, PODS, SERVICES
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import conflict, internal
from support.control_loops import ControlLoops
from support.fake_api import FakeApi
from support.services import backend_pod, service

KEY = "default/web"
MANAGED = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}


def run(body: Callable[[ControlLoops], Awaitable[None]]) -> None:
    async def main() -> None:
        async with ControlLoops(EndpointsController) as loops:
            await body(loops)

    asyncio.run(main())


def ready_ips(api: FakeApi, key: str = KEY) -> list[str]:
    endpoints = api.find(ENDPOINTS, key) or {}
    return [address["ip"] for subset in endpoints.get("subsets", ()) for address in subset.get("addresses", ())]


def writes(api: FakeApi) -> list[str]:
    return [verb for verb, resource, _ in api.calls if resource == "endpoints"]


def test_endpoints_have_the_services_name_and_labels_and_tell_of_its_pods() -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.seed(PODS, backend_pod("a", "10.0.0.1"))
        loops.api.seed(SERVICES, service(labels={"team": "x"}))
        await loops.settle()
        found = loops.api.find(ENDPOINTS, KEY)
        assert found is not None
        assert found["metadata"]["labels"] == {"team": "x", **MANAGED}
        assert found["metadata"]["annotations"] == {
            "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z"
        }
        assert ready_ips(loops.api) == ["10.0.0.1"]

    run(body)


def test_a_service_without_pods_has_empty_endpoints() -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.seed(SERVICES, service(clusterIP="None"))
        await loops.settle()
        found = loops.api.find(ENDPOINTS, KEY)
        assert found is not None
        assert "subsets" not in found
        assert found["metadata"]["labels"] == {"service.kubernetes.io/headless": "", **MANAGED}

    run(body)


@pytest.mark.parametrize("spec", [{"selector": None}, {"selector": {}}, {"type": "ExternalName"}])
def test_services_without_a_selector_and_external_names_are_left_alone(spec: dict[str, Any]) -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.seed(SERVICES, service(**spec))
        loops.api.seed(PODS, backend_pod("a", "10.0.0.1"))
        await loops.settle()
        assert writes(loops.api) == []

    run(body)


def test_pods_come_turn_ready_are_relabelled_and_go() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, service())
        api.seed(PODS, backend_pod("a", "10.0.0.1", ready=False))
        await loops.settle()
        assert ready_ips(api) == []
        turned_ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:09Z"}
        api.change(PODS, "default/a", {"status": {"conditions": [turned_ready]}})
        await loops.settle()
        assert ready_ips(api) == ["10.0.0.1"]
        found = api.find(ENDPOINTS, KEY)
        assert found is not None
        trigger_time = "endpoints.kubernetes.io/last-change-trigger-time"
        assert found["metadata"]["annotations"] == {trigger_time: "2026-01-01T00:00:09Z"}
        api.change(PODS, "default/a", {"metadata": {"labels": {"app": "other"}}})
        await loops.settle()
        assert ready_ips(api) == []
        api.change(PODS, "default/a", {"metadata": {"labels": {"app": "web"}}})
        await loops.settle()
        assert ready_ips(api) == ["10.0.0.1"]
        api.remove(PODS, "default/a")
        await loops.settle()
        assert ready_ips(api) == []

    run(body)


def test_nothing_is_written_when_nothing_changed() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, service())
        api.seed(PODS, backend_pod("a", "10.0.0.1"))
        await loops.settle()
        before = len(api.calls)
        api.change(PODS, "default/a", {"metadata": {"annotations": {"a": "b"}}})
        api.change(SERVICES, KEY, {"metadata": {"annotations": {"a": "b"}}})
        api.seed(PODS, backend_pod("b", "10.0.0.2", labels={"app": "other"}))
        await loops.settle()
        assert len(api.calls) == before

    run(body)


def test_a_changed_selector_or_label_of_the_service_is_followed() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, service())
        api.seed(PODS, backend_pod("a", "10.0.0.1", labels={"app": "web"}))
        api.seed(PODS, backend_pod("b", "10.0.0.2", labels={"app": "api"}))
        await loops.settle()
        api.change(SERVICES, KEY, {"spec": {"selector": {"app": "api"}}, "metadata": {"labels": {"x": "y"}}})
        await loops.settle()
        found = api.find(ENDPOINTS, KEY)
        assert found is not None
        assert ready_ips(api) == ["10.0.0.2"]
        assert found["metadata"]["labels"] == {"x": "y", **MANAGED}

    run(body)


def test_endpoints_go_with_their_service_and_come_back_when_deleted() -> None:
    async def body(loops: ControlLoops) -> None:
        api = loops.api
        api.seed(SERVICES, service())
        await loops.settle()
        api.remove(ENDPOINTS, KEY)
        await loops.settle()
        assert api.find(ENDPOINTS, KEY) is not None
        api.remove(SERVICES, KEY)
        await loops.settle()
        assert api.find(ENDPOINTS, KEY) is None

    run(body)


def _orphan(name: str, **annotations: str) -> Object:
    metadata = {"name": name, "namespace": "default", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}


def test_endpoints_left_over_from_before_the_start_go_unless_they_elect_a_leader() -> None:
    async def main() -> None:
        loops = ControlLoops(EndpointsController)
        loops.api.seed(ENDPOINTS, _orphan("old"))
        loops.api.seed(ENDPOINTS, _orphan("lock", **{"control-plane.alpha.kubernetes.io/leader": "{}"}))
        async with loops:
            loops.api.seed(ENDPOINTS, _orphan("users-own"))
            await loops.settle()
            names = {each["metadata"]["name"] for each in loops.api.all(ENDPOINTS)}
            assert names == {"lock", "users-own"}

    asyncio.run(main())


def test_a_write_that_fails_is_told_and_tried_again() -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.fail("create", ENDPOINTS, internal("disk full"))
        loops.api.seed(SERVICES, service())
        await loops.settle()
        message = "Failed to create endpoint for service default/web: Internal error occurred: disk full"
        assert loops.told() == [("FailedToCreateEndpoint", message)]
        await loops.advance(0.01)
        assert loops.api.find(ENDPOINTS, KEY) is not None

    run(body)


def test_a_conflict_is_tried_again_without_a_word() -> None:
    async def body(loops: ControlLoops) -> None:
        loops.api.seed(SERVICES, service())
        await loops.settle()
        loops.api.fail("update", ENDPOINTS, conflict("endpoints", "web", "changed"))
        loops.api.seed(PODS, backend_pod("a", "10.0.0.1"))
        await loops.settle()
        await loops.advance(0.01)
        assert ready_ips(loops.api) == ["10.0.0.1"]
        assert loops.told() == []

    run(body)


def test_more_than_a_thousand_addresses_are_cut_and_said_to_be() -> None:
    async def main() -> None:
        loops = ControlLoops(EndpointsController)
        loops.api.seed(SERVICES, service())
        for number in range(1001):
            loops.api.seed(PODS, backend_pod(f"p{number}", f"10.0.{number // 250}.{number % 250}"))
        async with loops:
            await loops.settle()
            found = loops.api.find(ENDPOINTS, KEY)
            assert found is not None
            assert len(ready_ips(loops.api)) == 1000
            assert found["metadata"]["annotations"]["endpoints.kubernetes.io/over-capacity"] == "truncated"
            loops.api.remove(PODS, "default/p7")
            await loops.settle()
            found = loops.api.find(ENDPOINTS, KEY)
            assert found is not None
            assert "annotations" not in found["metadata"]

    asyncio.run(main())


def test_a_thousand_pods_under_churn_end_up_right_with_far_fewer_writes_than_changes() -> None:
    async def main() -> None:
        loops = ControlLoops(EndpointsController)
        api = loops.api
        api.seed(SERVICES, service())
        for number in range(1000):
            api.seed(PODS, backend_pod(f"p{number}", f"10.0.{number // 250}.{number % 250}", ready=False))
        ready = backend_pod("x", "10.0.0.1")["status"]["conditions"]
        async with loops:
            await loops.settle()
            before = len(writes(api))
            for number in range(1000):
                api.change(PODS, f"default/p{number}", {"status": {"conditions": ready}})
                if number % 10 == 0:
                    await asyncio.sleep(0)
            await api.until(lambda: len(ready_ips(api)) == 1000)
            assert len(writes(api)) - before < 100

    asyncio.run(main())
