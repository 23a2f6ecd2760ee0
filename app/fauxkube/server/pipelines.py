"""What the HTTP side asks of the request pipelines; `registry.Registry` is what answers in a running cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Protocol

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object
from fauxkube.machinery.schema import Schemas
from fauxkube.registry.options import (
    Deleted,
    DeleteOptions,
    ListQuery,
    ListResult,
    Patch,
    WatchQuery,
    WriteOptions,
    Written,
)


class Item(Protocol):
    """A watch event: its type, the object's bytes, and the object itself where it is at hand.

    `frame` holds the event as it is sent, once somebody has made it.
    """

    type: str
    value: bytes
    attachment: Object | None
    revision: int
    frame: bytes | None


class Watch(Protocol):
    """An open watch: batches of items until it is closed or the server stops. Iterated anew, it goes on from there.

    `initial_events_end` tells that the first batch holds the state so far.
    """

    initial_events_end: bool

    def __aiter__(self) -> AsyncIterator[list[Any]]:
        """The batches of `Item`s; 410 when the watch fell too far behind."""

    def progress(self) -> int:
        """The newest revision of which nothing is left to be handed over."""

    def close(self) -> None:
        """End the watch; harmless when it has ended."""


class Reads(Protocol):
    """The verbs that change nothing. All failures are `StatusError`."""

    async def get(
        self, resource: Resource, namespace: str, name: str, *, resource_version: str = "", subresource: str = ""
    ) -> bytes:
        """One object's bytes."""

    async def list(self, resource: Resource, namespace: str, query: ListQuery) -> ListResult:
        """A collection's objects, or a page of them."""

    async def watch(self, resource: Resource, namespace: str, query: WatchQuery) -> Watch:
        """A watch on a collection."""


class Pipelines(Reads, Protocol):
    """The verbs on encoded objects. All failures are `StatusError`."""

    @property
    def catalogue(self) -> Catalogue:
        """The resources that are served."""

    @property
    def schemas(self) -> Schemas:
        """The schemas of their kinds."""

    def past(self, resource: Resource, *, changes: int, moment: datetime | None = None) -> int:
        """The revision before the newest `changes` to the resource's objects, or at `moment` if that is given."""

    async def create(
        self,
        resource: Resource,
        namespace: str,
        body: Object,
        options: WriteOptions,
        *,
        name: str = "",
        subresource: str = "",
    ) -> Written:
        """Create an object, or post to a subresource of `name`."""

    async def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Object,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Written:
        """Replace an object."""

    async def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Patch,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Written:
        """Change an object by a patch, which is decoded JSON."""

    async def delete(self, resource: Resource, namespace: str, name: str, options: DeleteOptions) -> Deleted:
        """Delete an object."""

    async def delete_collection(
        self, resource: Resource, namespace: str, query: ListQuery, options: DeleteOptions
    ) -> ListResult:
        """Delete what a query selects."""
