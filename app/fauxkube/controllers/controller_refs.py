"""Who manages what: controller references, and how a controller takes over or lets go of objects.

A controller manages the objects that carry its controller reference and match its selector. It adopts those that match
and have no controller, and releases those of its own that no longer match. Mirrors upstream's `ControllerRefManager`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fauxkube.client.informer import Informer
from fauxkube.client.protocol import Client
from fauxkube.kinds.core.pod_status import controller_of
from fauxkube.machinery.objects import GVR, Object, is_terminating, labels_of, name_of, namespace_of
from fauxkube.machinery.selectors import LabelSelector, label_selector_from
from fauxkube.machinery.status import StatusError

#: The informer index that finds objects by the UID of their controller, and those without one by their namespace.
CONTROLLER_INDEX = "controller"


def controller_ref(owner: Object, gvr: GVR, kind: str) -> Object:
    """The owner reference that makes `owner` the managing controller."""
    return {
        "apiVersion": gvr.api_version,
        "kind": kind,
        "name": name_of(owner),
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def index_by_controller(informer: Informer) -> None:
    """Give the informer the index that `candidates` reads."""
    informer.add_index(CONTROLLER_INDEX, _controller_keys)


def candidates(informer: Informer, owner: Object) -> list[Object]:
    """The objects that `owner` may claim: those it controls, and the orphans in its namespace."""
    owned = informer.by_index(CONTROLLER_INDEX, owner["metadata"]["uid"])
    return owned + informer.by_index(CONTROLLER_INDEX, _orphans_of(namespace_of(owner)))


def _controller_keys(obj: Object) -> Iterable[str]:
    reference = controller_of(obj)
    return (reference["uid"] if reference else _orphans_of(namespace_of(obj)),)


def _orphans_of(namespace: str) -> str:
    return f"orphans/{namespace}"


class Claims(NamedTuple):
    """What an owner should do about some objects: keep, take over, let go."""

    owned: list[Object]
    adopt: list[Object]
    release: list[Object]


def sort_claims(owner: Object, selector: LabelSelector, objects: Iterable[Object]) -> Claims:
    """Which of the objects the owner manages, should adopt and should release; it ignores the others."""
    claims = Claims([], [], [])
    leaving = is_terminating(owner)
    for obj in objects:
        reference = controller_of(obj)
        matches = selector.matches(labels_of(obj))
        if reference is not None:
            if reference["uid"] == owner["metadata"]["uid"]:
                if matches:
                    claims.owned.append(obj)
                elif not leaving:
                    claims.release.append(obj)
        elif matches and not leaving and not is_terminating(obj):
            claims.adopt.append(obj)
    return claims


class Claimant:
    """Claims objects of one kind for owners of another, patching their owner references."""

    def __init__(self, client: Client, objects: Informer, *, owner_gvr: GVR, owner_kind: str) -> None:
        self._client = client
        self._objects = objects
        self._owner_gvr = owner_gvr
        self._owner_kind = owner_kind

    async def claim(self, owner: Object) -> list[Object]:
        """All objects that `owner` manages now; StatusError when one could not be adopted or released."""
        selector = label_selector_from(owner["spec"]["selector"])
        claims = sort_claims(owner, selector, candidates(self._objects, owner))
        for obj in claims.release:
            await self._release(obj, owner)
        if not claims.adopt or not await self._is_alive(owner):
            return claims.owned
        return claims.owned + [obj for obj in claims.adopt if await self._adopt(obj, owner)]

    async def _is_alive(self, owner: Object) -> bool:
        """Ask the API server itself: an owner that is going must not adopt (the cache may not know yet)."""
        fresh = await self._client.get(self._owner_gvr, name_of(owner), namespace_of(owner))
        return fresh["metadata"]["uid"] == owner["metadata"]["uid"] and not is_terminating(fresh)

    async def _adopt(self, obj: Object, owner: Object) -> bool:
        present = obj["metadata"].get("ownerReferences") or []
        reference = controller_ref(owner, self._owner_gvr, self._owner_kind)
        return await self._patch_owners(obj, [*present, reference])

    async def _release(self, obj: Object, owner: Object) -> bool:
        uid = owner["metadata"]["uid"]
        return await self._patch_owners(
            obj, [each for each in obj["metadata"]["ownerReferences"] if each["uid"] != uid]
        )

    async def _patch_owners(self, obj: Object, references: list[Object]) -> bool:
        """Write the owner references on top of the version they were read at; whether the object is still there."""
        try:
            await patch_owner_references(self._client, self._objects.gvr, obj, references)
        except StatusError as error:
            if error.code == 404:
                return False
            raise
        return True


async def patch_owner_references(client: Client, gvr: GVR, obj: Object, references: list[Object]) -> Object:
    """Replace the owner references of exactly this version of the object; StatusError 409 when it has changed."""
    metadata = obj["metadata"]
    patch = {
        "metadata": {
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "ownerReferences": references or None,
        }
    }
    return await client.patch(gvr, name_of(obj), patch, namespace=namespace_of(obj))
