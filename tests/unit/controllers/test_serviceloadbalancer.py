"""Load balancer addresses over a fake API server and a small pool."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from fauxkube.controllers.controller import Context
from fauxkube.controllers.serviceloadbalancer import FINALIZER, ServiceLoadBalancerController
from fauxkube.ipam.allocator import Allocator
from fauxkube.ipam.ranges import AddressRange
from fauxkube.kinds.gvrs import SERVICES
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import internal
from support.control_loops import ControlLoops
from support.services import service

KEY = "default/web"


class Pooled(ServiceLoadBalancerController):
    """With two addresses to give, 203.0.113.1 and .2."""

    def __init__(self, context: Context) -> None:
        self.pool = Allocator(AddressRange("203.0.113.0/30"))
        super().__init__(replace(context, load_balancer_pools={"IPv4": self.pool}))


def balanced(name: str = "web", **spec: Any) -> Object:
    return service(name, type="LoadBalancer", **spec)


def run(body: Callable[[ControlLoops, Allocator], Awaitable[None]]) -> None:
    async def main() -> None:
        async with ControlLoops(Pooled) as loops:
            [controller] = loops.controllers
            assert isinstance(controller, Pooled)
            await body(loops, controller.pool)

    asyncio.run(main())


def finalizers(loops: ControlLoops, key: str = KEY) -> list[str]:
    found = loops.api.find(SERVICES, key)
    assert found is not None
    return list(found["metadata"].get("finalizers", ()))


def ingress(loops: ControlLoops, key: str = KEY) -> list[Object]:
    return list(loops.status(SERVICES, key).get("loadBalancer", {}).get("ingress") or ())


def test_a_load_balancer_service_gets_an_address_a_finalizer_and_two_events() -> None:
    async def body(loops: ControlLoops, pool: Allocator) -> None:
        loops.api.seed(SERVICES, balanced())
        await loops.settle()
        assert ingress(loops) == [{"ip": "203.0.113.1", "ipMode": "VIP"}]
        assert finalizers(loops) == [FINALIZER]
        assert loops.told() == [
            ("EnsuringLoadBalancer", "Ensuring load balancer"),
            ("EnsuredLoadBalancer", "Ensured load balancer"),
        ]

    run(body)


def test_other_types_and_other_classes_get_nothing() -> None:
    async def body(loops: ControlLoops, pool: Allocator) -> None:
        loops.api.seed(SERVICES, service())
        loops.api.seed(SERVICES, balanced("other", loadBalancerClass="example.com/metal"))
        await loops.settle()
        assert loops.api.calls == []

    run(body)


def test_an_address_that_is_asked_for_is_given_when_free() -> None:
    async def body(loops: ControlLoops, pool: Allocator) -> None:
        loops.api.seed(SERVICES, balanced(loadBalancerIP="203.0.113.2"))
        await loops.settle()
        assert [each["ip"] for each in ingress(loops)] == ["203.0.113.2"]
        loops.api.seed(SERVICES, balanced("second", loadBalancerIP="203.0.113.2"))
        await loops.settle()
        assert ingress(loops, "default/second") == []
        message = "Error syncing load balancer: failed to ensure load balancer: address 203.0.113.2 is not available"
        assert loops.told()[-1] == ("SyncLoadBalancerFailed", message)

    run(body)


def test_an_empty_pool_is_told_and_asked_again_later() -> None:
    async def body(loops: ControlLoops, pool: Allocator) -> None:
        while (address := pool.reserve()) is not None:
            last = address
        loops.api.seed(SERVICES, balanced())
        await loops.settle()
        message = "Error syncing load balancer: failed to ensure load balancer: no address is available"
        assert loops.told()[-1] == ("SyncLoadBalancerFailed", message)
        pool.cancel(last)
        await loops.advance(5)
        assert [each["ip"] for each in ingress(loops)] == [last]

    run(body)


def test_a_deleted_service_goes_once_its_address_is_given_up() -> None:
    async def body(loops: ControlLoops, pool: Allocator) -> None:
        loops.api.seed(SERVICES, balanced())
        await loops.settle()
        await loops.api.delete(SERVICES, "web", namespace="default")
        await loops.settle()
        assert loops.api.find(SERVICES, KEY) is None
        assert loops.told()[2:] == [
            ("DeletingLoadBalancer", "Deleting load balancer"),
            ("DeletedLoadBalancer", "Deleted load balancer"),
        ]

    run(body)


def test_a_service_of_another_type_now_gives_its_address_up() -> None:
    async def body(loops: ControlLoops, pool: Allocator) -> None:
        loops.api.seed(SERVICES, balanced())
        await loops.settle()
        loops.api.change(SERVICES, KEY, {"spec": {"type": "ClusterIP"}})
        await loops.settle()
        assert ingress(loops) == []
        assert finalizers(loops) == []
        assert loops.told()[2] == ("Type", "LoadBalancer -> ClusterIP")

    run(body)


def test_a_reserved_address_goes_back_when_the_status_cannot_be_written() -> None:
    async def body(loops: ControlLoops, pool: Allocator) -> None:
        loops.api.fail("patch/status", SERVICES, *[internal("disk full")] * 2)
        loops.api.seed(SERVICES, balanced())
        await loops.settle()
        assert pool.used == 0
        message = "Error syncing load balancer: Internal error occurred: disk full"
        assert loops.told()[-1] == ("SyncLoadBalancerFailed", message)
        await loops.advance(5)
        assert [each["ip"] for each in ingress(loops)] == ["203.0.113.1"]

    run(body)


def test_without_a_pool_nothing_is_done() -> None:
    async def main() -> None:
        async with ControlLoops(ServiceLoadBalancerController) as loops:
            loops.api.seed(SERVICES, balanced())
            await loops.settle()
            assert loops.api.calls == []

    asyncio.run(main())
