"""The Namespace and ServiceAccount controllers over a fake API server."""

from __future__ import annotations

import asyncio
from typing import Any

from fauxkube.controllers.namespace import NamespaceController
from fauxkube.controllers.serviceaccount import ServiceAccountController
from fauxkube.kinds.core.pod_status import condition
from fauxkube.kinds.gvrs import CONFIG_MAPS, NAMESPACES, PODS, SERVICE_ACCOUNTS
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import internal
from support.control_loops import ControlLoops

RESOURCES = [
    Resource(kind="ConfigMap", plural="configmaps", singular="configmap"),
    Resource(kind="Pod", plural="pods", singular="pod"),
    Resource(kind="Node", plural="nodes", singular="node", namespaced=False),
]
#: Keeps a finished namespace in the fake API server, which knows nothing of `spec.finalizers`.
KEPT = {"finalizers": ["example.com/keep"]}


def namespace(*, terminating: bool = False) -> Object:
    metadata: Object = {"name": "team", **KEPT}
    if terminating:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


def config_map(name: str, **metadata: Any) -> Object:
    return {"metadata": {"name": name, "namespace": "team", **metadata}, "data": {}}


def namespaces() -> ControlLoops:
    return ControlLoops(NamespaceController, resources=RESOURCES)


def finalizers(loops: ControlLoops) -> list[str]:
    found = loops.api.find(NAMESPACES, "team")
    assert found is not None
    return list(found["spec"].get("finalizers") or ())


def told(loops: ControlLoops, type: str) -> tuple[str, str, str]:
    found = condition({"status": loops.status(NAMESPACES, "team")}, type)
    assert found is not None
    return found["status"], found["reason"], found["message"]


def test_an_active_namespace_is_left_alone() -> None:
    async def main() -> None:
        async with namespaces() as loops:
            loops.api.seed(NAMESPACES, namespace())
            loops.api.seed(CONFIG_MAPS, config_map("kept"))
            await loops.settle()
            assert loops.api.calls == []

    asyncio.run(main())


def test_a_terminating_namespace_is_emptied_and_finalized_at_once() -> None:
    async def main() -> None:
        async with namespaces() as loops:
            loops.api.seed(CONFIG_MAPS, config_map("one"))
            loops.api.seed(CONFIG_MAPS, {"metadata": {"name": "two", "namespace": "other"}})
            loops.api.seed(NAMESPACES, namespace(terminating=True))
            await loops.settle()
            assert finalizers(loops) == []
            assert [each["metadata"]["name"] for each in loops.api.all(CONFIG_MAPS)] == ["two"]
            assert told(loops, "NamespaceContentRemaining") == (
                "False",
                "ContentRemoved",
                "All content successfully removed",
            )

    asyncio.run(main())


def test_pods_go_first_and_with_their_grace() -> None:
    async def main() -> None:
        async with namespaces() as loops:
            pod = {"metadata": {"name": "web", "namespace": "team"}, "spec": {"nodeName": "node-1"}}
            loops.api.seed(PODS, pod)
            loops.api.seed(CONFIG_MAPS, config_map("one"))
            loops.api.seed(NAMESPACES, namespace(terminating=True))
            await loops.settle()
            assert finalizers(loops) == ["kubernetes"]
            assert len(loops.api.all(CONFIG_MAPS)) == 1
            assert told(loops, "NamespaceContentRemaining") == (
                "True",
                "SomeResourcesRemain",
                "Some resources are remaining: pods. has 1 resource instances",
            )
            loops.reap()
            await loops.settle()
            assert loops.api.all(CONFIG_MAPS) == []
            assert finalizers(loops) == []

    asyncio.run(main())


def test_finalizers_of_the_content_are_named_and_waited_for() -> None:
    async def main() -> None:
        async with namespaces() as loops:
            loops.api.seed(CONFIG_MAPS, config_map("held", finalizers=["example.com/hold"]))
            loops.api.seed(NAMESPACES, namespace(terminating=True))
            await loops.settle()
            assert told(loops, "NamespaceFinalizersRemaining") == (
                "True",
                "SomeFinalizersRemain",
                "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
            )
            loops.api.change(CONFIG_MAPS, "team/held", {"metadata": {"finalizers": None}})
            await loops.settle()
            assert finalizers(loops) == []

    asyncio.run(main())


def test_a_failed_deletion_is_told_and_tried_again() -> None:
    async def main() -> None:
        async with namespaces() as loops:
            loops.api.fail("deletecollection", CONFIG_MAPS, internal("broken"), internal("broken"))
            loops.api.seed(NAMESPACES, namespace(terminating=True))
            await loops.settle()
            assert told(loops, "NamespaceDeletionContentFailure")[:2] == ("True", "ContentDeletionFailed")
            await loops.advance(1)
            assert finalizers(loops) == []

    asyncio.run(main())


def test_every_active_namespace_has_a_default_service_account_again_and_again() -> None:
    async def main() -> None:
        async with ControlLoops(ServiceAccountController) as loops:
            loops.api.seed(NAMESPACES, namespace())
            await loops.settle()
            assert loops.api.find(SERVICE_ACCOUNTS, "team/default")
            loops.api.remove(SERVICE_ACCOUNTS, "team/default")
            await loops.settle()
            assert loops.api.find(SERVICE_ACCOUNTS, "team/default")

    asyncio.run(main())


def test_a_terminating_namespace_gets_no_service_account() -> None:
    async def main() -> None:
        async with ControlLoops(ServiceAccountController) as loops:
            loops.api.seed(NAMESPACES, namespace(terminating=True))
            await loops.settle()
            assert loops.api.all(SERVICE_ACCOUNTS) == []

    asyncio.run(main())
