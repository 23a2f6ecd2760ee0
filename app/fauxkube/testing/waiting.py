"""Waiting for objects to be as wanted: by a watch, so that nothing is polled and nothing missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

from fauxkube.client.protocol import Client, WatchEvent
from fauxkube.machinery.objects import Object, copy_of, key_of, name_of
from fauxkube.machinery.selectors import parse_label_selector
from fauxkube.machinery.status import StatusError
from fauxkube.testing.conditions import Condition
from fauxkube.testing.explaining import explain
from fauxkube.testing.references import Reference

_GONE = 410


class WaitTimeout(TimeoutError):
    """What was waited for did not come about in time; the message shows how things are, and what happened last.

    `objects` are those that it was about, as they were then, and `state` is how they are told of.
    """

    def __init__(self, problem: str, objects: Sequence[Object], state: str) -> None:
        super().__init__(f"{problem}\n{state}")
        self.objects = list(objects)
        self.state = state


async def wait(
    client: Client, wanted: Reference, condition: Condition, seconds: float, *, waited: float = 0.0
) -> list[Object]:
    """The objects once the condition holds; WaitTimeout after so many (real) seconds, but not before a first look.

    `waited` of them have gone by already.
    """
    async with aclosing(_states(client, wanted)) as states:
        objects = await anext(states)
        try:
            async with asyncio.timeout(max(0.0, seconds - waited)):
                while not await condition.met(objects):
                    objects = await anext(states)
        except TimeoutError:
            state = await explain(client, wanted, objects)
            raise WaitTimeout(f"{wanted} is not {condition.text} after {seconds:g} s", objects, state) from None
    return [copy_of(obj) for obj in objects]


async def _states(client: Client, wanted: Reference) -> AsyncGenerator[list[Object], None]:
    """What the reference leads to: now, and again after each change."""
    while True:
        listed = await client.list(
            wanted.resource.gvr,
            wanted.namespace,
            label_selector=wanted.labels,
            field_selector=wanted.field_selector,
        )
        found = {key_of(obj): obj for obj in listed.items}
        yield [*found.values()]
        try:
            async with aclosing(_changes(client, wanted, listed.resource_version)) as changes:
                async for event in changes:
                    _follow(found, event, wanted)
                    yield [*found.values()]
        except StatusError as error:
            if error.code != _GONE:
                raise


async def _changes(client: Client, wanted: Reference, resource_version: str) -> AsyncGenerator[WatchEvent, None]:
    """The changes of what has the name, if there is one, and of everything in the collection if there is none."""
    watch = client.watch(wanted.resource.gvr, wanted.namespace, resource_version=resource_version)
    async with aclosing(cast("AsyncGenerator[WatchEvent, None]", watch)) as events:
        async for event in events:
            if event.type != "BOOKMARK" and wanted.name in {"", name_of(event.object)}:
                yield event


def _follow(found: dict[str, Object], event: WatchEvent, wanted: Reference) -> None:
    labels = event.object["metadata"].get("labels") or {}
    if event.type == "DELETED" or not parse_label_selector(wanted.labels).matches(labels):
        found.pop(key_of(event.object), None)
    else:
        found[key_of(event.object)] = event.object
