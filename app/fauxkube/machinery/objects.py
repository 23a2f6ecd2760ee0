"""The recurring types: an object is the JSON it is sent as, and a GVR names the collection it lives in.

Objects are plain dictionaries, so that what arrives, what is stored and what is served are one thing. An object that
came out of a cache or a watch event is shared and must not be changed; `copy_of` gives one that may be.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias, cast

import orjson

Object: TypeAlias = dict[str, Any]
Labels: TypeAlias = dict[str, str]


class GVR(NamedTuple):
    """Group, version and resource (plural): `GVR("apps", "v1", "deployments")`; the core group is the empty string."""

    group: str
    version: str
    resource: str

    @property
    def api_version(self) -> str:
        """As in an object's `apiVersion`: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """As error messages name it: `pods`, `deployments.apps`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


def copy_of(obj: Object) -> Object:
    """A deep copy that shares nothing with `obj`."""
    return cast("Object", orjson.loads(orjson.dumps(obj)))


def with_field(holder: Object, name: str, value: Any) -> Object:
    """A shallow copy with that field; without it where the value is empty, as Go's `omitempty` leaves it out."""
    if value:
        return {**holder, name: value}
    return {each: held for each, held in holder.items() if each != name}


def name_of(obj: Object) -> str:
    """The object's name; empty while it has none."""
    return cast("str", obj.get("metadata", {}).get("name") or "")


def namespace_of(obj: Object) -> str:
    """The object's namespace; empty for cluster-scoped objects."""
    return cast("str", obj.get("metadata", {}).get("namespace") or "")


def key_of(obj: Object) -> str:
    """`namespace/name`, or just the name where there is no namespace: how caches and work queues name an object."""
    namespace = namespace_of(obj)
    return f"{namespace}/{name_of(obj)}" if namespace else name_of(obj)


def split_key(key: str) -> tuple[str, str]:
    """`key_of` taken apart: (namespace, name)."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def labels_of(obj: Object) -> Labels:
    """The object's labels; an empty dictionary when it has none."""
    return obj["metadata"].get("labels") or {}


def is_terminating(obj: Object) -> bool:
    """Whether the object has been asked to go (`deletionTimestamp` is set)."""
    return bool(obj["metadata"].get("deletionTimestamp"))
