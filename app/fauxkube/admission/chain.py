"""The chain of admission plugins, in upstream's order (`kubeapiserver/options/plugins.go`).

A plugin may change the object it is shown, or refuse the request with a `StatusError`. It sees other objects through
a `Lookup`, which reads the newest committed state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import GVR, Object


class Operation(StrEnum):
    """What a request does, as admission reviews name it."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(slots=True)
class Review:
    """A request under admission. `object` is None for a deletion, `old` for a creation."""

    operation: Operation
    resource: Resource
    namespace: str
    name: str
    subresource: str
    object: Object | None
    old: Object | None
    dry_run: bool = False


class Lookup(Protocol):
    """How a plugin sees the rest of the cluster."""

    def find(self, gvr: GVR, namespace: str, name: str) -> Object | None:
        """An object as it is now; shared, not to be changed."""

    def wait_for(self, gvr: GVR, namespace: str, name: str, *, seconds: float) -> Awaitable[Object | None]:
        """The object once it exists, or None after `seconds`."""

    def list_all(self, gvr: GVR) -> Sequence[Object]:
        """Every object of a resource as it is now; shared, not to be changed."""


class Plugin(Protocol):
    """One admission plugin."""

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        """Whether the plugin has anything to say of such requests; asked once for each sort."""

    async def admit(self, review: Review) -> None:
        """Complete `review.object` in place, or raise StatusError."""


class Chain:
    """The plugins, in order; which of them handle a sort of request is worked out once."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._plugins = plugins
        self._handlers: dict[tuple[GVR, bool, str, Operation], list[Callable[[Review], Awaitable[None]]]] = {}

    async def admit(self, review: Review) -> None:
        """Run every plugin that handles this sort of request."""
        resource, subresource, operation = review.resource, review.subresource, review.operation
        sort = (resource.gvr, resource.namespaced, subresource, operation)
        handlers = self._handlers.get(sort)
        if handlers is None:
            handlers = [plugin.admit for plugin in self._plugins if plugin.handles(resource, subresource, operation)]
            self._handlers[sort] = handlers
        for admit in handlers:
            await admit(review)
