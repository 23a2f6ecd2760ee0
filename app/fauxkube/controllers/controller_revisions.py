"""ControllerRevisions: the numbered, unchangeable records of a workload's earlier templates.

`kubectl rollout history` and `undo` read them. Mirrors `constructHistory` and `cleanupHistory` of upstream's daemon set
controller: the data is a strategic merge patch that puts the template back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from fauxkube.controllers.controller_refs import controller_ref
from fauxkube.controllers.daemonset_nodes import HASH_LABEL
from fauxkube.kinds.core.pod_status import hash_name
from fauxkube.kinds.gvrs import CONTROLLER_REVISIONS
from fauxkube.machinery.objects import GVR, Object, labels_of, name_of, namespace_of


def data_of(owner: Object) -> Object:
    """What a revision records of the owner as it is now."""
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}


def split(owner: Object, revisions: Iterable[Object]) -> tuple[list[Object], list[Object]]:
    """The revisions that record the owner as it is now (more than one only by accident), and the others, by number."""
    data = data_of(owner)
    ordered = sorted(revisions, key=lambda each: int(each["revision"]))
    current = [each for each in ordered if each.get("data") == data]
    return current, [each for each in ordered if each.get("data") != data]


def next_revision(old: Sequence[Object]) -> int:
    """The number of the present revision: one above all old ones."""
    return max((int(each["revision"]) for each in old), default=0) + 1


def new_revision(owner: Object, revision: int, *, gvr: GVR, kind: str) -> Object:
    """The revision to create for the owner as it is now; its name tells the template's hash."""
    template = owner["spec"]["template"]
    hashed = hash_name(template, owner.get("status", {}).get("collisionCount", 0))
    metadata = {
        "name": f"{name_of(owner)}-{hashed}",
        "namespace": namespace_of(owner),
        "labels": {**(template.get("metadata", {}).get("labels") or {}), HASH_LABEL: hashed},
        "ownerReferences": [controller_ref(owner, gvr, kind)],
    }
    if owner["metadata"].get("annotations"):
        metadata["annotations"] = owner["metadata"]["annotations"]
    return {
        "apiVersion": CONTROLLER_REVISIONS.api_version,
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": data_of(owner),
        "revision": revision,
    }


def hash_of(revision: Object) -> str:
    """The label value by which a revision's pods are known."""
    return labels_of(revision).get(HASH_LABEL, name_of(revision))


def expendable(owner: Object, old: Sequence[Object], live: Collection[str]) -> list[Object]:
    """The oldest of the old revisions beyond the history limit, except those that pods (`live` hashes) still are of."""
    surplus = len(old) - int(owner["spec"].get("revisionHistoryLimit", 10))
    return [each for each in old if hash_of(each) not in live][: max(0, surplus)]
