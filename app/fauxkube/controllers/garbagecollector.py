"""The garbage collector: what all its owners have left goes, too (upstream's `pkg/controller/garbagecollector`).

Background deletion: an object whose owners are all gone is deleted. Orphan: an owner that goes with the finalizer
`orphan` lets its dependents go first. Foreground: one with `foregroundDeletion` waits until those dependents that block
it are gone. What is about to be deleted is always read afresh, and an owner counts as gone only when the API server
says so (or answers with another UID).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

from fauxkube.client.informer import Handler
from fauxkube.controllers.controller import Context, Controller
from fauxkube.controllers.controller_refs import patch_owner_references
from fauxkube.controllers.ownership_graph import FOREGROUND, ORPHAN, Node, OwnershipGraph
from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import GVR, Object, name_of, namespace_of
from fauxkube.machinery.status import StatusError

_NEEDED_VERBS = {"delete", "list", "patch", "watch"}


def collectable(resources: Iterable[Resource]) -> list[Resource]:
    """The resources that own or are owned: one of each group's versions, and no events, for they own nothing."""
    found = {
        (each.group, each.plural): each
        for each in resources
        if _NEEDED_VERBS.issubset(each.verbs) and each.plural != "events"
    }
    return list(found.values())


class GarbageCollector(Controller):
    """Keys are UIDs of nodes of the ownership graph."""

    name = "generic-garbage-collector"
    workers = 20

    def __init__(self, context: Context, resources: Iterable[Resource] | None = None) -> None:
        super().__init__(context)
        self._graph = OwnershipGraph()
        self._catalogue = context.catalogue if resources is None else Catalogue(resources)
        self._watched: dict[str, GVR] = {}
        self._follow()
        self._catalogue.on_change(self._follow)

    def _follow(self) -> None:
        """Watch what is served; of what is served no longer, nothing is left by then."""
        served = {each.prefix: each.gvr for each in collectable(self._catalogue.collections())}
        for prefix, gvr in served.items():
            if self._watched.get(prefix) != gvr:
                self.informers.of(gvr).on_change(self._handler_of(gvr))
        self._watched = served

    def _handler_of(self, gvr: GVR) -> Handler:
        return partial(self._changed, gvr)

    def _changed(self, gvr: GVR, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self._look_at(self._graph.observe(gvr, new))
        elif old is not None:
            self._look_at(self._graph.forget(old["metadata"]["uid"]))

    def _look_at(self, uids: Iterable[str]) -> None:
        for uid in sorted(uids):
            self.queue.add(uid)

    async def reconcile(self, key: str) -> None:
        node = self._graph.get(key)
        if node is None:
            return
        if node.gvr is None:
            if node.reference and await self._is_absent(node.reference, node.namespace):
                self._look_at(self._graph.forget(key))
        elif node.orphans_dependents:
            await self._orphan_dependents(node, node.gvr)
        elif node.deletes_dependents:
            await self._delete_dependents(node, node.gvr)
        elif node.owners and not node.terminating:
            await self._collect(node, node.gvr)

    async def _collect(self, node: Node, gvr: GVR) -> None:
        """Delete the object if no owner is left, or take away the references to those that have gone."""
        latest = await self._read(node, gvr)
        if latest is None:
            return
        references = latest["metadata"].get("ownerReferences") or []
        solid, waiting = await self._sort(references, node.namespace)
        if not references or len(solid) == len(references):
            return
        if solid:
            await patch_owner_references(self.client, gvr, latest, solid)
            return
        policy = "Foreground" if waiting and node.dependents else _policy_of(latest)
        await self.client.delete(gvr, node.name, namespace=node.namespace, uid=node.uid, propagation=policy)

    async def _sort(self, references: list[Object], namespace: str) -> tuple[list[Object], bool]:
        """The references to owners that stay, and whether one of the others waits for its dependents to go."""
        solid: list[Object] = []
        waiting = False
        for reference in references:
            owner = self._graph.get(reference["uid"])
            if owner and owner.can_own(namespace):
                if owner.deletes_dependents:
                    waiting = True
                else:
                    solid.append(reference)
            elif not await self._is_absent(reference, namespace):
                solid.append(reference)
        return solid, waiting

    async def _is_absent(self, reference: Object, namespace: str) -> bool:
        """Ask whether an owner is gone; one of a kind that is not known is taken to be there."""
        resource = self._catalogue.of_object(reference)
        if resource is None or resource.prefix not in self._watched or (resource.namespaced and not namespace):
            return False
        try:
            found = await self.client.get(resource.gvr, reference["name"], namespace if resource.namespaced else "")
        except StatusError as error:
            if error.code == 404:
                return True
            raise
        return bool(found["metadata"]["uid"] != reference["uid"])

    async def _orphan_dependents(self, node: Node, gvr: GVR) -> None:
        """Let all dependents go, then the owner."""
        await asyncio.gather(*(self._let_go(each, node.uid) for each in node.dependents.values() if each.gvr))
        await self._drop_finalizer(node, gvr, ORPHAN)

    async def _let_go(self, dependent: Node, owner_uid: str) -> None:
        latest = await self._read(dependent, dependent.gvr) if dependent.gvr else None
        if latest is None or dependent.gvr is None:
            return
        references = latest["metadata"].get("ownerReferences") or []
        kept = [each for each in references if each["uid"] != owner_uid]
        if len(kept) != len(references):
            await patch_owner_references(self.client, dependent.gvr, latest, kept)

    async def _delete_dependents(self, node: Node, gvr: GVR) -> None:
        """Have the dependents looked at; the owner may go when none blocks it any more."""
        if node.blocking_dependents():
            self._look_at(uid for uid, each in node.dependents.items() if not each.terminating)
        else:
            await self._drop_finalizer(node, gvr, FOREGROUND)

    async def _drop_finalizer(self, node: Node, gvr: GVR, finalizer: str) -> None:
        latest = await self._read(node, gvr)
        finalizers = latest["metadata"].get("finalizers") or [] if latest else []
        if latest is None or finalizer not in finalizers:
            return
        kept = [each for each in finalizers if each != finalizer]
        metadata = {"resourceVersion": latest["metadata"]["resourceVersion"], "finalizers": kept or None}
        await self.client.patch(gvr, name_of(latest), {"metadata": metadata}, namespace=namespace_of(latest))

    async def _read(self, node: Node, gvr: GVR) -> Object | None:
        """The object as the API server has it; None when it is gone."""
        try:
            latest = await self.client.get(gvr, node.name, node.namespace)
        except StatusError as error:
            if error.code == 404:
                return None
            raise
        return latest if latest["metadata"]["uid"] == node.uid else None


def _policy_of(obj: Object) -> str:
    """How the object's own dependents are to be treated: as its finalizers already say."""
    finalizers = obj["metadata"].get("finalizers") or ()
    if ORPHAN in finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers else "Background"
