"""Watches on the registry: what each watcher is told, and that all are told the same."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxkube.kinds.gvrs import CONFIG_MAPS
from fauxkube.machinery.objects import Object
from fauxkube.machinery.status import StatusError
from fauxkube.registry.codec import decode
from fauxkube.registry.options import WatchQuery
from fauxkube.registry.watching import Watch, WatchItem
from support.api import config_map
from support.registry_rig import Rig


async def watch(rig: Rig, **query: Any) -> Watch:
    return await rig.registry.watch(rig.resource(CONFIG_MAPS), "default", WatchQuery(**query))


async def told(watching: Watch, rig: Rig) -> list[WatchItem]:
    """Everything that the watch has to tell so far."""
    items: list[WatchItem] = []
    batches = watching.__aiter__()
    while watching.progress() < rig.store.revision or not items:
        items += await anext(batches)
        if watching.revision >= rig.store.revision:
            return items
    return items


def event(item: WatchItem) -> tuple[str, str, Object]:
    obj = decode(item.value)
    return item.type, obj["metadata"]["name"], obj["metadata"].get("labels", {})


IN, OUT = {"team": "blue"}, {"team": "red"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, IN, ("ADDED", IN)),
        (None, OUT, None),
        (IN, {**IN, "x": "1"}, ("MODIFIED", {**IN, "x": "1"})),
        (OUT, {**OUT, "x": "1"}, None),
        (OUT, IN, ("ADDED", IN)),
        (IN, OUT, ("DELETED", IN)),
        (IN, None, ("DELETED", IN)),
        (OUT, None, None),
    ],
)
def test_a_selector_sees_comings_and_goings(
    before: Object | None, after: Object | None, expected: tuple[str, Object] | None
) -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create(config_map("first"))
        if before is not None:
            await rig.create(config_map("a", labels=before))
        watching = await watch(rig, label_selector="team=blue", resource_version=str(rig.store.revision))
        if before is None:
            await rig.create(config_map("a", labels=after))
        elif after is None:
            await rig.delete("a")
        else:
            await rig.update(config_map("a", labels=after))
        change = rig.store.revision
        await rig.create(config_map("last", labels=IN))
        (*items, last) = await told(watching, rig)
        assert event(last)[:2] == ("ADDED", "last")
        if expected is None:
            assert items == []
        else:
            ((kind, name, labels),) = map(event, items)
            assert (kind, labels) == expected
            assert name == "a"
            assert decode(items[0].value)["metadata"]["resourceVersion"] == str(change)
        watching.close()

    asyncio.run(scenario())


def test_watchers_of_whole_objects_share_their_items() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create(config_map("first"))
        start = str(rig.store.revision)
        one, two = await watch(rig, resource_version=start), await watch(rig, resource_version=start)
        await rig.create(config_map("a"))
        (item,), (same,) = await told(one, rig), await told(two, rig)
        assert item is same
        assert item.attachment == decode(item.value)
        one.close()
        two.close()

    asyncio.run(scenario())


def test_the_state_so_far_is_one_batch_even_if_it_is_empty() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        watching = await watch(rig)
        assert watching.initial_events_end
        batches = watching.__aiter__()
        assert await anext(batches) == []
        await rig.create(config_map("a"))
        assert [event(item)[:2] for item in await anext(batches)] == [("ADDED", "a")]
        watching.close()

    asyncio.run(scenario())


def test_progress_waits_for_what_is_still_to_be_told() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create(config_map("first"))
        start = rig.store.revision
        watching = await watch(rig, resource_version=str(start))
        await rig.create(config_map("a"))
        assert watching.progress() == start
        await told(watching, rig)
        await rig.create({"metadata": {"name": "n"}}, rig.catalogue.find("", "v1", "nodes").gvr)  # type: ignore[union-attr]
        assert watching.progress() == rig.store.revision
        watching.close()

    asyncio.run(scenario())


def test_a_watch_from_before_the_history_is_expired() -> None:
    async def scenario() -> None:
        rig = await Rig(history=4).open()
        for n in range(10):
            await rig.create(config_map(f"c{n}"))
        with pytest.raises(StatusError, match=r"too old resource version: 1 \(6\)") as caught:
            await watch(rig, resource_version="1")
        assert (caught.value.code, caught.value.reason) == (410, "Expired")
        watching = await watch(rig, resource_version="6")
        assert [event(item)[1] for item in await told(watching, rig)] == ["c6", "c7", "c8", "c9"]
        watching.close()

    asyncio.run(scenario())


def test_a_watcher_that_is_too_far_behind_is_told_so() -> None:
    async def scenario() -> None:
        rig = await Rig(history=10_000).open()
        await rig.create(config_map("a"))
        slow, quick = [await watch(rig, resource_version="1") for _ in range(2)]
        batches = quick.__aiter__()
        for n in range(5_000):
            await rig.patch("a", {"data": {"n": str(n)}})
            if n % 100 == 0:
                await anext(batches)
        with pytest.raises(StatusError) as caught:
            await anext(slow.__aiter__())
        assert (caught.value.code, caught.value.reason) == (410, "Expired")
        assert await anext(batches)
        quick.close()

    asyncio.run(scenario())


def test_watches_end_when_the_store_closes() -> None:
    async def scenario() -> None:
        rig = await Rig().open()
        watching = await watch(rig)
        await rig.store.close()
        assert [batch async for batch in watching] == [[]]
        with pytest.raises(StatusError) as caught:
            await watch(rig)
        assert caught.value.code == 503

    asyncio.run(scenario())


STEPS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([None, {}, IN, OUT, {**IN, "x": "1"}])), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, start=st.integers(0, 12))
def test_what_is_told_adds_up_to_what_is_there(steps: list[tuple[str, Object | None]], start: int) -> None:
    """Replaying a watch's events over a list gives the list that one would read at the end."""

    async def scenario() -> None:
        rig = await Rig().open()
        await rig.create(config_map("first"))

        async def step(name: str, labels: Object | None) -> None:
            there = name in await rig.names()
            if labels is None:
                await rig.delete(name) if there else None
            elif there:
                await rig.update(config_map(name, labels=labels))
            else:
                await rig.create(config_map(name, labels=labels))

        for each in itertools.islice(steps, start):
            await step(*each)
        known = set(await rig.names(label_selector="team=blue"))
        watching = await watch(rig, label_selector="team=blue", resource_version=str(rig.store.revision))
        for each in itertools.islice(steps, start, None):
            await step(*each)
        await rig.create(config_map("last", labels=IN))
        for item in await told(watching, rig):
            kind, name, _ = event(item)
            assert (name in known) == (kind != "ADDED")
            known.discard(name) if kind == "DELETED" else known.add(name)
        assert known == set(await rig.names(label_selector="team=blue"))
        watching.close()

    asyncio.run(scenario())
