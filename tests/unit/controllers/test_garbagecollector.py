"""The garbage collector and its graph over a fake API server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fauxkube.controllers.garbagecollector import GarbageCollector, collectable
from fauxkube.controllers.ownership_graph import OwnershipGraph
from fauxkube.kinds.gvrs import DEPLOYMENTS, NODES, PODS, REPLICA_SETS
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import GVR, Object, name_of
from fauxkube.machinery.status import unavailable
from support.control_loops import ControlLoops

RESOURCES = [
    Resource(kind="Pod", plural="pods", singular="pod"),
    Resource(kind="Node", plural="nodes", singular="node", namespaced=False),
    Resource(kind="Event", plural="events", singular="event"),
    Resource(kind="Binding", plural="bindings", singular="binding", verbs=("create",)),
    Resource(group="apps", kind="ReplicaSet", plural="replicasets", singular="replicaset"),
    Resource(group="apps", kind="Deployment", plural="deployments", singular="deployment"),
]
KINDS = {PODS: "Pod", NODES: "Node", REPLICA_SETS: "ReplicaSet", DEPLOYMENTS: "Deployment"}


def garbage_collector() -> ControlLoops:
    return ControlLoops(GarbageCollector, resources=RESOURCES)


def obj(name: str, *references: Object, namespace: str = "default", **metadata: Any) -> Object:
    named: Object = {"name": name, "uid": f"uid-{name}", **metadata}
    if namespace:
        named["namespace"] = namespace
    if references:
        named["ownerReferences"] = list(references)
    return {"metadata": named, "spec": {}}


def owned_by(name: str, gvr: GVR = REPLICA_SETS, *, uid: str = "", blocks: bool = False) -> Object:
    reference = {"apiVersion": gvr.api_version, "kind": KINDS[gvr], "name": name, "uid": uid or f"uid-{name}"}
    return reference | ({"blockOwnerDeletion": True} if blocks else {})


def there(loops: ControlLoops, *gvrs: GVR) -> set[str]:
    return {name_of(each) for gvr in gvrs or (PODS,) for each in loops.api.all(gvr)}


def test_only_what_can_be_watched_and_deleted_is_collected_and_no_events() -> None:
    assert [each.plural for each in collectable(RESOURCES)] == ["pods", "nodes", "replicasets", "deployments"]


def test_dependents_go_after_their_owner_all_the_way_down() -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            loops.api.seed(DEPLOYMENTS, obj("shop"))
            loops.api.seed(REPLICA_SETS, obj("shop-1", owned_by("shop", DEPLOYMENTS)))
            loops.api.seed(PODS, obj("shop-1-a", owned_by("shop-1")))
            loops.api.seed(PODS, obj("bystander"))
            await loops.settle()
            loops.api.remove(DEPLOYMENTS, "default/shop")
            await loops.settle()
            assert there(loops, PODS, REPLICA_SETS) == {"bystander"}

    asyncio.run(main())


@pytest.mark.parametrize("reference", [owned_by("gone"), owned_by("web", uid="an-earlier-web")])
def test_an_owner_that_is_not_there_or_has_another_uid_is_gone(reference: Object) -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            loops.api.seed(REPLICA_SETS, obj("web"))
            loops.api.seed(PODS, obj("pod", reference))
            await loops.settle()
            assert there(loops) == set()

    asyncio.run(main())


def test_an_object_with_one_owner_left_stays_and_loses_the_other_reference() -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            loops.api.seed(REPLICA_SETS, obj("one"))
            loops.api.seed(REPLICA_SETS, obj("two"))
            loops.api.seed(PODS, obj("pod", owned_by("one"), owned_by("two")))
            await loops.settle()
            loops.api.remove(REPLICA_SETS, "default/one")
            await loops.settle()
            pod = loops.api.find(PODS, "default/pod")
            assert pod is not None
            assert pod["metadata"]["ownerReferences"] == [owned_by("two")]

    asyncio.run(main())


def test_an_owner_of_an_unknown_kind_is_not_taken_for_gone() -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            reference = {"apiVersion": "example.com/v1", "kind": "Unknown", "name": "x", "uid": "uid-x"}
            loops.api.seed(PODS, obj("pod", reference))
            await loops.settle()
            assert there(loops) == {"pod"}

    asyncio.run(main())


def test_an_owner_in_another_namespace_does_not_count() -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            loops.api.seed(REPLICA_SETS, obj("web", namespace="other"))
            await loops.settle()
            loops.api.seed(PODS, obj("pod", owned_by("web")))
            await loops.settle()
            assert there(loops) == set()

    asyncio.run(main())


def test_a_cluster_scoped_owner_counts_in_every_namespace() -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            loops.api.seed(NODES, obj("node-1", namespace=""))
            loops.api.seed(PODS, obj("mirror", owned_by("node-1", NODES)))
            await loops.settle()
            assert there(loops) == {"mirror"}
            loops.api.remove(NODES, "node-1")
            await loops.settle()
            assert there(loops) == set()

    asyncio.run(main())


def test_no_answer_about_an_owner_is_no_proof_that_it_is_gone() -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            loops.api.fail("get", REPLICA_SETS, unavailable("later"))
            loops.api.seed(PODS, obj("pod", owned_by("gone")))
            await loops.settle()
            assert there(loops) == {"pod"}
            await loops.advance(5)
            assert there(loops) == set()

    asyncio.run(main())


def test_an_orphaning_owner_lets_its_dependents_go_and_then_goes() -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            loops.api.seed(REPLICA_SETS, obj("web", finalizers=["orphan"]))
            loops.api.seed(PODS, obj("pod", owned_by("web")))
            await loops.settle()
            await loops.api.delete(REPLICA_SETS, "web", namespace="default")
            await loops.settle()
            assert there(loops, PODS, REPLICA_SETS) == {"pod"}
            pod = loops.api.find(PODS, "default/pod")
            assert pod is not None
            assert "ownerReferences" not in pod["metadata"]

    asyncio.run(main())


def test_a_foreground_deletion_waits_for_the_dependents_that_block_it() -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            loops.api.seed(REPLICA_SETS, obj("web", finalizers=["foregroundDeletion"]))
            loops.api.seed(PODS, obj("held", owned_by("web", blocks=True), finalizers=["example.com/wait"]))
            loops.api.seed(PODS, obj("free", owned_by("web", blocks=True)))
            await loops.settle()
            await loops.api.delete(REPLICA_SETS, "web", namespace="default")
            await loops.settle()
            assert there(loops, PODS, REPLICA_SETS) == {"web", "held"}
            loops.api.change(PODS, "default/held", {"metadata": {"finalizers": None}})
            await loops.settle()
            assert there(loops, PODS, REPLICA_SETS) == set()

    asyncio.run(main())


def test_a_foreground_deletion_does_not_wait_for_dependents_that_do_not_block() -> None:
    async def main() -> None:
        async with garbage_collector() as loops:
            loops.api.seed(REPLICA_SETS, obj("web", finalizers=["foregroundDeletion"]))
            loops.api.seed(PODS, obj("held", owned_by("web"), finalizers=["example.com/wait"]))
            await loops.settle()
            await loops.api.delete(REPLICA_SETS, "web", namespace="default")
            await loops.settle()
            assert there(loops, REPLICA_SETS) == set()

    asyncio.run(main())


def test_the_graph_asks_about_owners_that_it_has_not_seen() -> None:
    graph = OwnershipGraph()
    assert graph.observe(PODS, obj("pod", owned_by("web"))) == {"uid-web"}
    assert graph.observe(REPLICA_SETS, obj("web")) == set()
    assert graph.observe(PODS, obj("other", owned_by("web"))) == set()
    assert graph.forget("uid-web") == {"uid-pod", "uid-other"}


def test_the_graph_forgets_unseen_owners_with_their_last_dependent() -> None:
    graph = OwnershipGraph()
    graph.observe(PODS, obj("pod", owned_by("web")))
    graph.forget("uid-pod")
    assert graph.get("uid-web") is None
