"""Reads that lag behind, as those of a watch cache that has not caught up.

What a client names a revision for is still served as it asks: such a cache never answers with less than that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status
from fauxkube.registry.options import ListQuery, ListResult, WatchQuery
from fauxkube.registry.reading import parse_revision
from fauxkube.registry.watching import WatchItem
from fauxkube.server.pipelines import Pipelines, Watch


class Lagging:
    """Reads of pipelines, `changes` to the collection behind, or as it was at `moment` if that is given."""

    def __init__(self, pipelines: Pipelines, *, changes: int, moment: datetime | None) -> None:
        self._pipelines = pipelines
        self._changes = changes
        self._moment = moment

    async def get(
        self, resource: Resource, namespace: str, name: str, *, resource_version: str = "", subresource: str = ""
    ) -> bytes:
        """One object's bytes; those of a subresource with a form of its own are not of the past."""
        if subresource not in ("", "status"):
            return await self._pipelines.get(
                resource, namespace, name, resource_version=resource_version, subresource=subresource
            )
        query = ListQuery(field_selector=f"metadata.name={name}", resource_version=resource_version)
        found = (await self.list(resource, namespace, query)).values
        if not found:
            raise status.not_found(resource.group_resource, name)
        return found[0]

    async def list(self, resource: Resource, namespace: str, query: ListQuery) -> ListResult:
        """A collection as it was; a page that goes on, and an exact revision, are served as they are asked for."""
        if not query.continue_ and query.resource_version_match != "Exact":
            revision = self._revision(resource, query.resource_version)
            query = replace(query, resource_version=str(revision), resource_version_match="Exact")
        return await self._pipelines.list(resource, namespace, query)

    async def watch(self, resource: Resource, namespace: str, query: WatchQuery) -> Watch:
        """A watch, which begins with the state as it was if it begins with the state."""
        if not _begins_with_state(query):
            return await self._pipelines.watch(resource, namespace, query)
        asked = ListQuery(label_selector=query.label_selector, field_selector=query.field_selector)
        listed = await self.list(resource, namespace, replace(asked, resource_version=query.resource_version))
        since = replace(
            query, resource_version=str(listed.revision), resource_version_match="", send_initial_events=None
        )
        return _CaughtUp(listed, await self._pipelines.watch(resource, namespace, since))

    def _revision(self, resource: Resource, asked: str) -> int:
        """The revision to read at, which is not older than what the client asks for; 0 would mean any."""
        past = self._pipelines.past(resource, changes=self._changes, moment=self._moment)
        return max(past, parse_revision(asked) or 0, 1)


class _CaughtUp:
    """A watch that tells a list first."""

    initial_events_end = True

    def __init__(self, listed: ListResult, watch: Watch) -> None:
        self._listed: ListResult | None = listed
        self._watch = watch

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        if self._listed is not None:
            listed, self._listed = self._listed, None
            yield [WatchItem("ADDED", value, attachment=None, revision=listed.revision) for value in listed.values]
        async for items in self._watch:
            yield items

    def progress(self) -> int:
        """As the watch on what comes after the list, once the list has been told."""
        return self._watch.progress() if self._listed is None else self._listed.revision

    def close(self) -> None:
        """End the watch."""
        self._watch.close()


def _begins_with_state(query: WatchQuery) -> bool:
    if query.send_initial_events is not None:
        return query.send_initial_events
    return query.resource_version in ("", "0")
