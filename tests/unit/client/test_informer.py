"""The informer over a fake API server: what it shows, what it tells, and how it recovers."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxkube.client.cache import Cache
from fauxkube.client.informer import Informer
from fauxkube.client.informers import SharedInformers
from fauxkube.kinds.gvrs import CONFIG_MAPS, PODS
from fauxkube.kit.clock import ManualClock
from fauxkube.kit.tasks import Tasks
from fauxkube.machinery.objects import Object, key_of, labels_of, name_of
from fauxkube.machinery.status import unavailable
from support.fake_api import FakeApi


def config(name: str, **labels: str) -> Object:
    metadata = {"name": name, "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


class Told:
    """A handler that notes what it is told as (old, new) names with their label `v`."""

    def __init__(self) -> None:
        self.changes: list[tuple[str | None, str | None]] = []

    def __call__(self, old: Object | None, new: Object | None) -> None:
        self.changes.append((_short(old), _short(new)))


def _short(obj: Object | None) -> str | None:
    if obj is None:
        return None
    version = labels_of(obj).get("v", "")
    return f"{name_of(obj)}{version}"


def run(body: Callable[[FakeApi, Informer, ManualClock], Awaitable[None]], *seeded: Object) -> None:
    async def main() -> None:
        clock = ManualClock()
        api = FakeApi(clock)
        for obj in seeded:
            api.seed(CONFIG_MAPS, obj)
        informer = Informer(api, CONFIG_MAPS, clock)
        tasks = Tasks("test")
        tasks.spawn(informer.run(), name="informer")
        await body(api, informer, clock)
        await tasks.close()

    asyncio.run(main())


def test_it_shows_what_is_there_and_follows_every_change() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        told = Told()
        informer.on_change(told)
        assert not informer.synced
        await informer.wait_synced()
        assert [name_of(obj) for obj in informer.items()] == ["a"]
        api.seed(CONFIG_MAPS, config("b", v="1"))
        api.change(CONFIG_MAPS, "default/b", {"metadata": {"labels": {"v": "2"}}})
        api.remove(CONFIG_MAPS, "default/a")
        await api.until(lambda: informer.revision == api.revision)
        assert told.changes == [(None, "a"), (None, "b1"), ("b1", "b2"), ("a", None)]
        assert informer.get("default/a") is None
        assert informer.get("default/b") == api.find(CONFIG_MAPS, "default/b")

    run(body, config("a"))


def test_a_handler_that_comes_late_is_told_of_what_is_there() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        await informer.wait_synced()
        told = Told()
        informer.on_change(told)
        assert told.changes == [(None, "a"), (None, "b")]

    run(body, config("a"), config("b"))


def test_an_index_follows_the_values_of_the_objects() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        informer.add_index("v", lambda obj: [labels_of(obj)["v"]] if "v" in labels_of(obj) else [])
        await informer.wait_synced()

        def names(value: str) -> list[str]:
            assert informer.count_index("v", value) == len(informer.by_index("v", value))
            return [name_of(obj) for obj in informer.by_index("v", value)]

        assert names("1") == ["a", "b"]
        api.change(CONFIG_MAPS, "default/a", {"metadata": {"labels": {"v": "2"}}})
        api.change(CONFIG_MAPS, "default/b", {"data": {"x": "y"}})
        await api.until(lambda: informer.revision == api.revision)
        assert (names("1"), names("2"), names("3")) == (["b"], ["a"], [])
        assert informer.by_index("v", "1") == [api.find(CONFIG_MAPS, "default/b")]
        api.remove(CONFIG_MAPS, "default/b")
        await api.until(lambda: informer.revision == api.revision)
        assert names("1") == []

    run(body, config("a", v="1"), config("b", v="1"))


def test_an_index_that_comes_late_holds_what_is_there() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        await informer.wait_synced()
        informer.add_index("name", lambda obj: [name_of(obj)])
        informer.add_index("name", lambda _: ["another function under that name is not taken"])
        assert informer.count_index("name", "a") == 1

    run(body, config("a"))


def test_a_watch_that_ends_goes_on_where_it_was() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        told = Told()
        informer.on_change(told)
        await informer.wait_synced()
        api.seed(CONFIG_MAPS, config("b"))
        await api.until(lambda: informer.get("default/b"))
        api.end_watches()
        api.seed(CONFIG_MAPS, config("c"))
        await api.until(lambda: informer.get("default/c"))
        assert told.changes == [(None, "a"), (None, "b"), (None, "c")]

    run(body, config("a"))


def test_after_410_handlers_are_told_of_the_difference_only() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        told = Told()
        await informer.wait_synced()
        informer.on_change(told)
        told.changes.clear()
        api.seed(CONFIG_MAPS, config("d", v="1"))
        api.change(CONFIG_MAPS, "default/b", {"metadata": {"labels": {"v": "2"}}})
        api.remove(CONFIG_MAPS, "default/c")
        api.remove(CONFIG_MAPS, "default/e")
        api.seed(CONFIG_MAPS, config("e", v="2"))
        api.compact(CONFIG_MAPS)
        await api.until(lambda: informer.revision == api.revision)
        assert told.changes == [("c1", None), ("b1", "b2"), (None, "d1"), ("e1", None), (None, "e2")]

    run(body, *(config(name, v="1") for name in "abce"))


def test_failures_are_tried_again_after_growing_pauses() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        api.fail("list", CONFIG_MAPS, unavailable("starting"), unavailable("starting"))
        for pause, synced in ((0.79, False), (0.02, False), (1.5, False), (0.2, True)):
            await _turns()
            clock.advance(pause)
            await _turns()
            assert informer.synced is synced

    run(body, config("a"))


def test_a_watch_that_fails_is_opened_again_where_it_was() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        api.fail("watch", CONFIG_MAPS, unavailable("broken"))
        await informer.wait_synced()
        api.fail("list", CONFIG_MAPS, unavailable("must not be asked"))
        api.seed(CONFIG_MAPS, config("b"))
        await _turns()
        clock.advance(0.8)
        await api.until(lambda: informer.get("default/b"))

    run(body, config("a"))


def test_a_watch_that_ends_at_once_without_a_word_is_no_reason_to_hurry() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        await informer.wait_synced()
        await _turns()
        api.end_watches()
        await _turns()
        api.seed(CONFIG_MAPS, config("b"))
        await _turns()
        assert informer.get("default/b") is None
        clock.advance(0.8)
        await api.until(lambda: informer.get("default/b"))

    run(body, config("a"))


def test_a_handler_that_fails_harms_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    def broken(old: Object | None, new: Object | None) -> None:
        raise ValueError("bug")

    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        told = Told()
        informer.on_change(broken)
        informer.on_change(told)
        await informer.wait_synced()
        assert told.changes == [(None, "a")]

    with caplog.at_level(logging.ERROR):
        run(body, config("a"))
    assert [record.getMessage() for record in caplog.records] == ["a handler failed"]


def test_an_answer_that_is_no_list_is_logged_and_asked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(FakeApi):
        broken = True

        async def list(self, *args: Any, **options: Any) -> Any:
            if self.broken:
                self.broken = False
                raise TypeError("bug")
            return await super().list(*args, **options)

    async def main() -> None:
        clock = ManualClock()
        informer = Informer(Odd(clock), CONFIG_MAPS, clock)
        tasks = Tasks("test")
        tasks.spawn(informer.run(), name="informer")
        await _turns()
        clock.advance(0.8)
        await informer.wait_synced()
        await tasks.close()

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records] == ["the watch of configmaps failed"]


def test_informers_are_shared_one_for_each_gvr_and_may_be_started_again() -> None:
    async def main() -> None:
        api = FakeApi()
        api.seed(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}})
        informers = SharedInformers(api, api.clock)
        pods = informers.of(PODS)
        assert informers.of(PODS) is pods
        await informers.start()
        assert pods.get("default/a") is not None
        configs = informers.of(CONFIG_MAPS)
        assert not configs.synced
        await informers.start()
        assert configs.synced
        await informers.close()
        await informers.close()
        assert pods.get("default/a") is not None

    asyncio.run(main())


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_whatever_happens_it_ends_up_showing_what_the_server_holds(seed: int) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        clock = ManualClock()
        api = FakeApi(clock)
        informer = Informer(api, CONFIG_MAPS, clock)
        informer.add_index("v", lambda obj: labels_of(obj).values())
        shown: dict[str, Object] = {}

        def follow(old: Object | None, new: Object | None) -> None:
            changed = new or old
            assert changed is not None
            key = key_of(changed)
            if new is None:
                del shown[key]
            else:
                assert (old is None) == (key not in shown)
                shown[key] = new

        informer.on_change(follow)
        tasks = Tasks("test")
        tasks.spawn(informer.run(), name="informer")
        for _ in range(60):
            name = chance.choice("abcd")
            key = f"default/{name}"
            step = chance.randrange(6)
            if api.find(CONFIG_MAPS, key) is None:
                api.seed(CONFIG_MAPS, config(name, v=str(chance.randrange(3))))
            elif step == 0:
                api.remove(CONFIG_MAPS, key)
            elif step < 3:
                api.change(CONFIG_MAPS, key, {"metadata": {"labels": {"v": str(chance.randrange(3))}}})
            elif step == 3:
                api.compact(CONFIG_MAPS)
            elif step == 4:
                api.end_watches()
            else:
                await asyncio.sleep(0)
        for _ in range(3):
            await _turns()
            clock.advance(60)
        await api.until(lambda: informer.revision == api.revision)
        expected = {key_of(obj): obj for obj in api.all(CONFIG_MAPS)}
        assert {key_of(obj): obj for obj in informer.items()} == shown == expected
        for value in "012":
            keys = {key_of(obj) for obj in informer.by_index("v", value)}
            assert keys == {key for key, obj in expected.items() if labels_of(obj)["v"] == value}
        await tasks.close()

    asyncio.run(main())


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_an_informer_that_takes_over_a_copy_tells_of_it_in_slices_and_goes_on_from_there() -> None:
    async def body(api: FakeApi, informer: Informer, clock: ManualClock) -> None:
        await informer.wait_synced()
        informer.add_index("v", lambda obj: (labels_of(obj).get("v", ""),))
        taken_over = Informer(api, CONFIG_MAPS, clock, taken_over=informer.cache.fork())
        told = Told()
        taken_over.on_change(told)
        assert (told.changes, taken_over.resuming, taken_over.synced) == ([], True, False)
        assert taken_over.count_index("v", "1") == 50
        tasks = Tasks("taken over")
        tasks.spawn(taken_over.run(), name="informer")
        await asyncio.sleep(0)
        assert 0 < len(told.changes) < 50
        await taken_over.wait_synced()
        assert len(told.changes) == 50
        assert not taken_over.resuming
        heard = asyncio.Event()
        taken_over.on_change(lambda _, new: heard.set() if new and name_of(new) == "new" else None)
        await api.create(CONFIG_MAPS, config("new", v="2"), namespace="default")
        await heard.wait()
        assert told.changes[50:] == [(None, "new2")]
        await tasks.close()

    run(body, *(config(f"c{number}", v="1") for number in range(50)))


def test_forked_caches_go_their_own_ways() -> None:
    cache = Cache()
    cache.add_index("v", lambda obj: (labels_of(obj).get("v", ""),))
    cache.put("default/a", config("a", v="1"))
    fork = cache.fork()
    fork.put("default/b", config("b", v="1"))
    cache.drop("default/a")
    assert (cache.keys(), cache.count_index("v", "1"), cache.get("default/a")) == ([], 0, None)
    assert [name_of(each) for each in fork.by_index("v", "1")] == ["a", "b"]
