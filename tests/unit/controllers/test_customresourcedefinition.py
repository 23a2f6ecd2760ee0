"""The controller of custom resource definitions over a fake API server: names, kinds that come and go, instances."""

from __future__ import annotations

import asyncio

from fauxkube.controllers.customresourcedefinition import CustomResourceDefinitionController
from fauxkube.kinds.apiextensions.naming import FINALIZER, is_established
from fauxkube.kinds.gvrs import CUSTOM_RESOURCE_DEFINITIONS
from fauxkube.machinery.objects import GVR, Object
from support.control_loops import ControlLoops
from support.custom_resources import GROUP, shop, shops

SHOPS = GVR(GROUP, "v1", "shops")
NAME = f"shops.{GROUP}"


def stored(definition: Object) -> Object:
    """The definition as the API server keeps it."""
    names = definition["spec"]["names"]
    names |= {"singular": names["kind"].lower(), "listKind": f"{names['kind']}List"}
    return {**definition, "status": {"conditions": None, "acceptedNames": {}, "storedVersions": ["v1"]}}


def found(loops: ControlLoops, name: str = NAME) -> Object:
    definition = loops.api.find(CUSTOM_RESOURCE_DEFINITIONS, name)
    assert definition is not None
    return definition


def served(loops: ControlLoops) -> bool:
    return loops.controllers[0].context.catalogue.find(*SHOPS) is not None


def test_a_definition_is_established_and_served() -> None:
    async def main() -> None:
        async with ControlLoops(CustomResourceDefinitionController) as loops:
            loops.api.seed(CUSTOM_RESOURCE_DEFINITIONS, stored(shops()))
            await loops.settle()
            assert is_established(found(loops))
            assert served(loops)
            writes = len(loops.api.calls)
            loops.api.change(CUSTOM_RESOURCE_DEFINITIONS, NAME, {"metadata": {"labels": {"a": "b"}}})
            await loops.settle()
            assert len(loops.api.calls) == writes

    asyncio.run(main())


def test_one_that_is_gone_is_served_no_longer_and_frees_its_names() -> None:
    async def main() -> None:
        async with ControlLoops(CustomResourceDefinitionController) as loops:
            loops.api.seed(CUSTOM_RESOURCE_DEFINITIONS, stored(shops()))
            await loops.settle()
            other = stored(shops(plural="stores"))
            other["metadata"]["name"] = f"stores.{GROUP}"
            loops.api.seed(CUSTOM_RESOURCE_DEFINITIONS, other)
            await loops.settle()
            assert not is_established(found(loops, f"stores.{GROUP}"))
            loops.api.remove(CUSTOM_RESOURCE_DEFINITIONS, NAME)
            await loops.settle()
            assert not served(loops)
            assert is_established(found(loops, f"stores.{GROUP}"))

    asyncio.run(main())


def test_the_finalizer_stays_until_the_last_instance_has_gone() -> None:
    async def main() -> None:
        async with ControlLoops(CustomResourceDefinitionController) as loops:
            loops.api.seed(CUSTOM_RESOURCE_DEFINITIONS, stored(shops()))
            await loops.settle()
            held = shop()
            held["metadata"]["finalizers"] = ["example.com/hold"]
            loops.api.seed(SHOPS, held)
            await loops.settle()
            going = {"metadata": {"finalizers": [FINALIZER]}}
            loops.api.change(CUSTOM_RESOURCE_DEFINITIONS, NAME, going)
            await loops.api.delete(CUSTOM_RESOURCE_DEFINITIONS, NAME)
            await loops.settle()
            reasons = {each["type"]: each["reason"] for each in found(loops)["status"]["conditions"]}
            assert reasons["Terminating"] == "InstanceDeletionInProgress"
            loops.api.remove(SHOPS, "default/corner")
            await loops.settle()
            assert loops.api.find(CUSTOM_RESOURCE_DEFINITIONS, NAME) is None
            assert not served(loops)

    asyncio.run(main())
