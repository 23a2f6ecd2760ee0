"""Objects to bytes and back, and what the store keeps beside the bytes.

An object's bytes begin `{"kind":…,"apiVersion":…,"metadata":{`, with the metadata in the API's own order. What stands
before `resourceVersion` there cannot hold a quotation mark (names are validated), so the first
`"resourceVersion":"` in the bytes is the object's own, and the place where the store puts the revision.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import orjson

from fauxkube.kinds.catalogue import Catalogue
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Labels, Object
from fauxkube.store.model import Draft

_HOLE = b'"resourceVersion":"'

_METADATA_ORDER = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)

#: Empty values of other fields are left out, as Go leaves them out.
_KEPT = frozenset({"resourceVersion", "deletionGracePeriodSeconds"})


class Attributes(NamedTuple):
    """What selectors are matched against, without decoding."""

    labels: Labels
    fields: dict[str, str]


def attributes_of(resource: Resource, obj: Object) -> Attributes:
    """An object's labels and selectable fields."""
    return Attributes(resource.labels(obj), resource.selectable_fields(obj))


def in_order(resource: Resource, obj: Object) -> Object:
    """The object with its top-level fields and metadata in the API's order; nested values are shared."""
    metadata = obj["metadata"]
    metadata.setdefault("resourceVersion", "")
    ordered: Object = {
        "kind": resource.kind,
        "apiVersion": resource.stored_api_version,
        "metadata": {
            name: metadata[name]
            for name in _METADATA_ORDER
            if metadata.get(name) or (name in _KEPT and name in metadata)
        },
    }
    for name, value in obj.items():
        if name not in ordered:
            ordered[name] = value
    return ordered


def draft_of(obj: Object) -> Draft:
    """The bytes of an object that `in_order` made, with a hole for the revision, which is put into the object too."""
    metadata = obj["metadata"]
    metadata["resourceVersion"] = ""
    head, _, tail = orjson.dumps(obj).partition(_HOLE)

    def stamp(revision: int) -> None:
        metadata["resourceVersion"] = str(revision)

    return Draft(head + _HOLE, tail, stamp)


def encode(obj: Object) -> bytes:
    """An object's bytes as they are, for one that is not stored."""
    return orjson.dumps(obj)


def redraft(value: bytes) -> Draft:
    """Stored bytes with the revision taken out, to be written again at another."""
    head, _, rest = value.partition(_HOLE)
    return Draft(head + _HOLE, rest[rest.index(b'"') :])


def at_revision(value: bytes, revision: int) -> bytes:
    """Stored bytes, saying that they are of another revision."""
    return redraft(value).at(revision)


def shown(resource: Resource, value: bytes) -> bytes:
    """Stored bytes as the resource is read: in its own version's form."""
    if resource.conversion is None:
        return value
    return encode(resource.conversion.from_stored(decode(value)))


def decode(value: bytes) -> Object:
    """The object that stored bytes hold."""
    return cast("Object", orjson.loads(value))


def _plain_attributes(metadata: Object) -> Attributes:
    """Those of an object of whatever kind."""
    names = {f"metadata.{name}": metadata[name] for name in ("name", "namespace") if metadata.get(name)}
    return Attributes(metadata.get("labels") or {}, names)


class Indexer:
    """Works out `Attributes` from stored bytes, for entries that no writer has described (read from the log)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def __call__(self, key: str, value: bytes) -> Any:
        obj = decode(value)
        group, _, version = obj["apiVersion"].rpartition("/")
        resource = self._catalogue.of_kind(group, version, obj["kind"])
        if resource is None:
            return _plain_attributes(obj["metadata"])
        return attributes_of(resource, obj)
