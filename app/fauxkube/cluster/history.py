"""Time travel: what objects were at a revision that is still held, and who has changed what of them since.

As much is held as the store's history goes back (`Settings.history` changes of all objects together; the newest two
thousand after a restart with a data file). Everything here is plain data that can be sent as JSON.
"""

from __future__ import annotations

from typing import Any

from fauxkube.kinds.resource import Resource
from fauxkube.kinds.words import UnknownWordError, resolve
from fauxkube.machinery import status
from fauxkube.machinery.fields import Path
from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_micro_time
from fauxkube.registry.codec import decode, shown
from fauxkube.registry.options import ListQuery
from fauxkube.registry.registry import Registry
from fauxkube.simulation.changes import field_changes
from fauxkube.store.model import Change, Entry

_DEFAULT_NAMESPACE = "default"


class History:
    """The past of one cluster's objects. Resources go by any name that kubectl knows; failures are `StatusError`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def of(self, resource: str, name: str, namespace: str = "") -> list[Object]:
        """Every change still held of the object of that name, the oldest first; 404 when there never was one.

        Each is `{revision, type, at, author, changes: [{path, before, after}]}`: `type` as a watch names it, `at` the
        cluster's time or null, `author` the field manager, after the user if known; `before` or `after` is null where
        the field was not there. A creation lists no fields. If the first is none, older ones are no longer held.
        """
        found = self._resource(resource)
        namespace = _place(found, namespace)
        changes = self._registry.changes(found, namespace, name)
        if not changes:
            await self._registry.get(found, namespace, name)
        return [self._told(found, change) for change in changes]

    async def past(self, resource: str, revision: int, *, name: str = "", namespace: str = "") -> Object:
        """The object of that name, or without one the list in a namespace (or in all), as of `revision`.

        404 for what was not there, 410 `Expired` for a revision no longer held, 504 for one that is yet to come.
        """
        if revision < 1:
            problem = Path("revision").invalid(revision, "must be greater than 0")
            raise status.invalid("", "", "", [problem.to_cause()])
        found = self._resource(resource)
        if name:
            return decode(await self._registry.at(found, _place(found, namespace), name, revision))
        query = ListQuery(resource_version=str(revision), resource_version_match="Exact")
        listed = await self._registry.list(found, namespace, query)
        return {
            "kind": f"{found.kind}List",
            "apiVersion": found.api_version,
            "metadata": {"resourceVersion": str(revision)},
            "items": [decode(value) for value in listed.values],
        }

    def _resource(self, word: str) -> Resource:
        try:
            return resolve(self._registry.catalogue, word)
        except UnknownWordError as error:
            raise status.StatusError(404, "NotFound", str(error)) from None

    def _told(self, resource: Resource, change: Change) -> Object:
        return {
            "revision": change.revision,
            "type": change.type.value,
            "at": None if change.at is None else to_micro_time(change.at),
            "author": change.author,
            "changes": [each._asdict() for each in self._fields(resource, change)],
        }

    def _fields(self, resource: Resource, change: Change) -> list[Any]:
        if change.previous is None:
            return []
        schema = self._registry.schemas.of(resource.group, resource.version, resource.kind)
        return field_changes(_shown(resource, change.previous), _shown(resource, change.entry), schema)


def _place(resource: Resource, namespace: str) -> str:
    """The namespace to look in for one object."""
    return (namespace or _DEFAULT_NAMESPACE) if resource.namespaced else ""


def _shown(resource: Resource, entry: Entry) -> Object:
    return decode(shown(resource, entry.value))
