"""Watch events as they are sent: one JSON object a line.

The frame of an event is made once, kept with its item, and shared by every watcher that gets the objects as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import orjson

from fauxkube.kinds.resource import Resource
from fauxkube.machinery import table
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import IncludeObject
from fauxkube.server import tables
from fauxkube.server.negotiation import MediaType
from fauxkube.server.pipelines import Item

#: The annotation of the bookmark that ends the state so far.
INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


def frame(item: Item) -> bytes:
    """An event as it is sent to those who watch the objects as they are."""
    if item.frame is None:
        item.frame = b'{"type":"%b","object":%b}\n' % (item.type.encode(), item.value)
    return item.frame


def bookmark(resource: Resource, revision: int, annotations: Object | None = None) -> Object:
    """The object of a BOOKMARK event: nothing but its kind and how far the watch has come."""
    metadata: Object = {"resourceVersion": str(revision)}
    if annotations:
        metadata["annotations"] = annotations
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


def event(type_: str, obj: Object) -> bytes:
    """An event's line."""
    return orjson.dumps({"type": type_, "object": obj}) + b"\n"


class Frames(Protocol):
    """How one client's watch is written."""

    def frames(self, items: Sequence[Item]) -> bytes:
        """A batch as it is sent."""

    def bookmark(self, revision: int, annotations: Object | None) -> bytes:
        """A bookmark's frame."""


class Plain:
    """Frames for watchers of whole objects."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def frames(self, items: Sequence[Item]) -> bytes:
        """A batch as it is sent."""
        return frame(items[0]) if len(items) == 1 else b"".join([frame(item) for item in items])

    def bookmark(self, revision: int, annotations: Object | None) -> bytes:
        """A bookmark's frame."""
        return event("BOOKMARK", bookmark(self._resource, revision, annotations))


class Transformed:
    """Frames for watchers of tables or of metadata alone; only the first table names its columns."""

    def __init__(
        self, resource: Resource, media: MediaType, include: IncludeObject, now: Callable[[], datetime]
    ) -> None:
        self._resource = resource
        self._media = media
        self._include = include
        self._now = now
        self._definitions = True

    def frames(self, items: Sequence[Item]) -> bytes:
        """A batch as it is sent."""
        return b"".join([event(item.type, self._transform(item)) for item in items])

    def _transform(self, item: Item) -> Object:
        obj: Object = item.attachment or orjson.loads(item.value)
        if self._media.kind != "Table":
            return table.partial_metadata(obj)
        version = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        return self._table([obj], version)

    def _table(self, objects: Sequence[Object], metadata: Object) -> Object:
        definitions, self._definitions = self._definitions, False
        return tables.table_of(
            self._resource, objects, metadata, include=self._include, now=self._now(), definitions=definitions
        )

    def bookmark(self, revision: int, annotations: Object | None) -> bytes:
        """A bookmark's frame: a table without rows, or the metadata."""
        obj = bookmark(self._resource, revision, annotations)
        if self._media.kind == "Table":
            return event("BOOKMARK", self._table([], obj["metadata"]))
        return event("BOOKMARK", table.partial_metadata(obj))
