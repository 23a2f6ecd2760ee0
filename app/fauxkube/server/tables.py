"""The forms that objects are served in beside their own: `Table`, `PartialObjectMetadata` and its list.

Encoded objects go in and encoded documents come out. Only these forms make a read decode anything; an object in its
own form, and a list of them, is put together from the stored bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import orjson

from fauxkube.kinds.resource import Projection, Resource
from fauxkube.machinery import status, table
from fauxkube.machinery.fields import Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import IncludeObject
from fauxkube.registry.options import ListResult
from fauxkube.server.negotiation import MediaType

_INCLUDES = ("", "None", "Metadata", "Object")


def include_of(text: str) -> IncludeObject:
    """The `includeObject` parameter, `Metadata` when it is not given; 400 for what it cannot be."""
    if text not in _INCLUDES:
        problem = Path("includeObject").invalid(text, "must be 'Metadata', 'Object', 'None', or empty")
        raise status.bad_request(f"Unable to convert to Table as requested: {problem.field}: {problem.message}")
    return cast("IncludeObject", text or "Metadata")


def list_document(resource: Resource, result: ListResult) -> bytes:
    """A list in its kind's own form, joined from stored bytes.

    Its items go without `kind` and `apiVersion`, as the items of a built-in kind's list do; custom resources keep them.
    """
    head = _list_head(resource.list_kind, resource.api_version, _list_meta(result))
    if resource.form is not None:
        return head + b'"items":[%b]}' % b",".join(result.values)
    prefix = orjson.dumps({"kind": resource.kind, "apiVersion": resource.api_version})[:-1] + b","
    skip = len(prefix)
    items = b",{".join(value[skip:] if value.startswith(prefix) else value[1:] for value in result.values)
    return head + (b'"items":[{%b]}' % items if result.values else b'"items":[]}')


def _list_meta(result: ListResult) -> Object:
    metadata: Object = {"resourceVersion": str(result.revision)}
    if result.continue_:
        metadata["continue"] = result.continue_
    if result.remaining:
        metadata["remainingItemCount"] = result.remaining
    return metadata


def _list_head(kind: str, api_version: str, metadata: Object) -> bytes:
    return orjson.dumps({"kind": kind, "apiVersion": api_version, "metadata": metadata})[:-1] + b","


def object_document(
    resource: Resource, value: bytes, media: MediaType, *, include: IncludeObject, now: datetime, subresource: str = ""
) -> bytes:
    """One object, or what a subresource shows of it, in the form agreed on."""
    if not media.kind:
        return value
    obj = orjson.loads(value)
    if obj["kind"] == "Status":
        return value
    if media.kind == "PartialObjectMetadata":
        return orjson.dumps(table.partial_metadata(obj))
    if media.kind == "PartialObjectMetadataList":
        problem = "you requested PartialObjectMetadataList, but the requested object is not a list"
        raise _not_acceptable(problem, resource)
    version = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
    shown = resource.projections.get(subresource, resource)
    return orjson.dumps(table_of(shown, [obj], version, include=include, now=now))


def collection_document(
    resource: Resource, result: ListResult, media: MediaType, *, include: IncludeObject, now: datetime
) -> bytes:
    """A list in the form agreed on."""
    if not media.kind:
        return list_document(resource, result)
    if media.kind == "PartialObjectMetadata":
        raise _not_acceptable("you requested PartialObjectMetadata, but the requested object is a list", resource)
    objects = [orjson.loads(value) for value in result.values]
    if media.kind == "Table":
        return orjson.dumps(table_of(resource, objects, _list_meta(result), include=include, now=now))
    items = [{"metadata": obj["metadata"]} for obj in objects]
    return _list_head(media.kind, "meta.k8s.io/v1", _list_meta(result)) + b'"items":' + orjson.dumps(items) + b"}"


def table_of(
    shown: Resource | Projection,
    objects: Sequence[Object],
    metadata: Object,
    *,
    include: IncludeObject,
    now: datetime,
    definitions: bool = True,
) -> Object:
    """Objects as a `Table`; without column `definitions` as the later events of a watch have it."""
    rows = [(_cells(shown, obj, now), obj) for obj in objects]
    return table.render(shown.columns, rows, include=include, list_metadata=metadata, definitions=definitions)


def _cells(shown: Resource | Projection, obj: Object, now: datetime) -> list[Any]:
    """An object's cells; a resource's rows are made from the stored form."""
    if isinstance(shown, Resource) and shown.conversion is not None:
        obj = shown.conversion.to_stored(obj)
    if shown.row is None:
        return [obj["metadata"]["name"], obj["metadata"]["creationTimestamp"]]
    return shown.row(obj, now)


def _not_acceptable(message: str, resource: Resource) -> status.StatusError:
    return status.StatusError(406, "NotAcceptable", f"{message} ({resource.kind})")
