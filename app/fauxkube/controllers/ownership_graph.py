"""Who owns whom, kept up to date change by change.

Objects are nodes by UID, owner references the edges. An owner that is referred to but was never seen is a virtual node:
someone must ask the API server whether it exists. Each change tells which nodes need to be looked at again, so nothing
is ever scanned. Mirrors upstream's `garbagecollector.GraphBuilder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fauxkube.machinery.objects import GVR, Object, is_terminating, name_of, namespace_of

#: Finalizers by which a deletion waits for its dependents to go, or to be let go.
FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(slots=True, eq=False)
class Node:
    """An object as the graph knows it; while it is virtual, `gvr` is None and `reference` tells what it should be."""

    uid: str
    namespace: str
    name: str
    gvr: GVR | None = None
    reference: Object | None = None
    owners: Sequence[Object] = ()
    dependents: dict[str, Node] = field(default_factory=dict)
    terminating: bool = False
    finalizers: Sequence[str] = ()

    @property
    def deletes_dependents(self) -> bool:
        """Whether it is being deleted and waits for its dependents to go first."""
        return self.terminating and FOREGROUND in self.finalizers

    @property
    def orphans_dependents(self) -> bool:
        """Whether it is being deleted and its dependents are to be let go."""
        return self.terminating and ORPHAN in self.finalizers

    def blocking_dependents(self) -> list[Node]:
        """The dependents that must be gone before this object may go."""
        return [each for each in self.dependents.values() if each.blocks(self.uid)]

    def blocks(self, owner_uid: str) -> bool:
        """Whether it holds up a foreground deletion of that owner."""
        return any(each["uid"] == owner_uid and each.get("blockOwnerDeletion") for each in self.owners)

    def can_own(self, namespace: str) -> bool:
        """Whether it was seen, and where objects of `namespace` may have it as their owner."""
        return self.gvr is not None and self.namespace in {"", namespace}


class OwnershipGraph:
    """All nodes; every change returns the UIDs of those that may need something done about them."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}

    def get(self, uid: str) -> Node | None:
        """The node of that UID, virtual or not."""
        return self._nodes.get(uid)

    def observe(self, gvr: GVR, obj: Object) -> set[str]:
        """Take in an object that was added or changed."""
        metadata = obj["metadata"]
        uid = metadata["uid"]
        node = self._nodes.get(uid)
        if node is None:
            node = self._nodes[uid] = Node(uid, namespace_of(obj), name_of(obj))
        node.gvr, node.namespace, node.reference = gvr, namespace_of(obj), None
        node.terminating = is_terminating(obj)
        node.finalizers = metadata.get("finalizers") or ()
        concerned = self._own(node, metadata.get("ownerReferences") or ())
        if node.deletes_dependents or node.orphans_dependents:
            concerned.add(uid)
        return concerned

    def forget(self, uid: str) -> set[str]:
        """Take in that an object is gone (or, if virtual, was never there)."""
        node = self._nodes.pop(uid, None)
        if node is None:
            return set()
        concerned = self._disown(node, [each["uid"] for each in node.owners])
        return concerned | node.dependents.keys()

    def _own(self, node: Node, owners: Sequence[Object]) -> set[str]:
        if owners == node.owners:
            return set()
        before, after = {each["uid"] for each in node.owners}, {each["uid"]: each for each in owners}
        node.owners = owners
        concerned = self._disown(node, before - after.keys())
        for uid, reference in after.items():
            owner = self._nodes.get(uid)
            if owner is None:
                owner = self._nodes[uid] = Node(uid, node.namespace, reference["name"], reference=reference)
            owner.dependents[node.uid] = node
            if owner.gvr is None:
                concerned.add(uid)
            elif owner.deletes_dependents or not owner.can_own(node.namespace):
                concerned |= {uid, node.uid}
        return concerned

    def _disown(self, node: Node, uids: set[str] | list[str]) -> set[str]:
        """Cut the edges to owners; a virtual one that no one refers to any more goes, too."""
        concerned = set()
        for uid in uids:
            owner = self._nodes.get(uid)
            if owner is None:
                continue
            owner.dependents.pop(node.uid, None)
            if owner.gvr is None and not owner.dependents:
                del self._nodes[uid]
            elif owner.deletes_dependents:
                concerned.add(uid)
        return concerned
