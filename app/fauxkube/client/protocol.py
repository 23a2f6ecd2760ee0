"""The protocol between control loops and an API server.

Implemented in process over the registry (`cluster.inprocess`) and over HTTP (`client.http`), so that the same
controller runs against either. All failures are `machinery.status.StatusError`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple, Protocol

from fauxkube.machinery.objects import GVR, Object


class WatchEvent(NamedTuple):
    """A change as a watch tells it: ADDED, MODIFIED, DELETED or BOOKMARK, and the object, which is shared."""

    type: str
    object: Object


class Listed(NamedTuple):
    """A list's items, which are shared, and the resource version to watch on from."""

    items: list[Object]
    resource_version: str


class Client(Protocol):
    """The verbs, on plain objects. Objects handed in are not kept or changed; objects handed out are shared."""

    def as_user_agent(self, user_agent: str) -> Client:
        """The same client, its requests told apart by `user_agent` (a component's name)."""

    async def get(self, gvr: GVR, name: str, namespace: str = "") -> Object:
        """One object; 404 when it is not there."""

    async def list(
        self, gvr: GVR, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> Listed:
        """A collection's objects; all namespaces when `namespace` is empty."""

    def watch(self, gvr: GVR, namespace: str = "", *, resource_version: str) -> AsyncIterator[WatchEvent]:
        """Every change after `resource_version`, until the server ends it; 410 when that has been compacted."""

    async def create(
        self, gvr: GVR, obj: Object, *, namespace: str = "", subresource: str = "", name: str = ""
    ) -> Object:
        """Create `obj`; `pods/binding` and the like with `subresource` and the parent's `name`."""

    async def update(self, gvr: GVR, obj: Object, *, subresource: str = "") -> Object:
        """Replace the object (or only its status); 409 when its `resourceVersion` is not the newest."""

    async def patch(
        self, gvr: GVR, name: str, patch: Any, *, namespace: str = "", kind: str = "merge", subresource: str = ""
    ) -> Object:
        """Change it by a `merge`, `strategic` or `json` patch."""

    async def delete(
        self,
        gvr: GVR,
        name: str,
        *,
        namespace: str = "",
        grace_period_seconds: int | None = None,
        uid: str = "",
        propagation: str = "",
    ) -> None:
        """Delete it, if given only while it still has that `uid`."""

    async def delete_collection(self, gvr: GVR, namespace: str = "", *, label_selector: str = "") -> None:
        """Delete all of a collection."""
