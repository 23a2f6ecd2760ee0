"""Informers that rest until the first change: no task and no watch before it, nothing missed after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fauxkube.client.cache import Cache
from fauxkube.client.informers import SharedInformers
from fauxkube.kinds.gvrs import CONFIG_MAPS, PODS
from fauxkube.machinery.objects import GVR, Object, name_of
from fauxkube.machinery.status import unavailable
from support.fake_api import FakeApi


class Bells:
    """Those hung up for each collection; the test rings them itself."""

    def __init__(self) -> None:
        self.hung: dict[GVR, Bell] = {}
        self.revisions: dict[GVR, int] = {}
        #: Collections of which nothing is known, or that have changed meanwhile.
        self.changed: set[GVR] = set()

    def __call__(self, gvr: GVR, ring: Callable[[int], None], after: int) -> Bell | None:
        self.revisions[gvr] = after
        if gvr in self.changed:
            return None
        bell = self.hung[gvr] = Bell(ring)
        return bell


class Bell:
    def __init__(self, ring: Callable[[int], None]) -> None:
        self._ring = ring
        self.hangs = True

    def ring(self, revision: int) -> None:
        self.hangs = False
        self._ring(revision)

    def cancel(self) -> None:
        self.hangs = False


def config(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


def run(body: Callable[[FakeApi, SharedInformers, Bells], Awaitable[None]], *, taken_over: Cache | None = None) -> None:
    async def main() -> None:
        api, bells = FakeApi(), Bells()
        over = {} if taken_over is None else {CONFIG_MAPS: taken_over}
        informers = SharedInformers(api, api.clock, taken_over=over, bells=bells)
        await body(api, informers, bells)
        await informers.close()
        assert not any(bell.hangs for bell in bells.hung.values())

    asyncio.run(main())


def tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}


def names(informers: SharedInformers) -> list[str]:
    return [name_of(obj) for obj in informers.of(CONFIG_MAPS).items()]


def test_an_informer_that_has_listed_rests_and_is_idle() -> None:
    async def body(api: FakeApi, informers: SharedInformers, bells: Bells) -> None:
        api.seed(CONFIG_MAPS, config("a"))
        informer = informers.of(CONFIG_MAPS)
        await informers.start()
        await asyncio.sleep(0)
        assert tasks() == set()
        assert informer.idle
        assert names(informers) == ["a"]
        assert bells.revisions == {CONFIG_MAPS: api.revision}

    run(body)


def test_the_first_change_wakes_it_and_only_it_and_none_is_missed() -> None:
    async def body(api: FakeApi, informers: SharedInformers, bells: Bells) -> None:
        told: list[str] = []
        informers.of(CONFIG_MAPS).on_change(lambda old, new: told.append(name_of(new or old or {})))
        informers.of(PODS)
        await informers.start()
        await asyncio.sleep(0)
        for name in ("a", "b"):
            api.seed(CONFIG_MAPS, config(name))
        bells.hung[CONFIG_MAPS].ring(api.revision - 1)
        assert not informers.of(CONFIG_MAPS).idle
        await api.until(lambda: informers.of(CONFIG_MAPS).revision == api.revision)
        assert informers.of(CONFIG_MAPS).idle
        assert told == ["a", "b"]
        assert tasks() == {"informers/configmaps"}

    run(body)


def test_one_that_takes_nothing_over_never_has_a_task() -> None:
    async def body(api: FakeApi, informers: SharedInformers, bells: Bells) -> None:
        informer = informers.of(CONFIG_MAPS)
        assert not informer.synced
        starting = asyncio.ensure_future(informers.start())
        await asyncio.sleep(0)
        assert starting.done()
        assert informer.synced
        assert informer.idle
        assert bells.revisions == {CONFIG_MAPS: 7}

    cache = Cache()
    cache.resource_version = "7"
    run(body, taken_over=cache)


def test_where_it_is_not_known_whether_something_has_changed_it_watches() -> None:
    async def body(api: FakeApi, informers: SharedInformers, bells: Bells) -> None:
        bells.changed.add(CONFIG_MAPS)
        informers.of(CONFIG_MAPS)
        await informers.start()
        api.seed(CONFIG_MAPS, config("a"))
        await api.until(lambda: names(informers) == ["a"])

    run(body)


def test_one_that_is_dropped_rings_no_more() -> None:
    async def body(api: FakeApi, informers: SharedInformers, bells: Bells) -> None:
        informers.of(CONFIG_MAPS)
        await informers.start()
        await asyncio.sleep(0)
        informers.drop(CONFIG_MAPS)
        assert not bells.hung[CONFIG_MAPS].hangs
        assert informers.all() == []

    run(body)


def test_one_that_has_rested_for_longer_than_history_reaches_need_not_list_again() -> None:
    async def body(api: FakeApi, informers: SharedInformers, bells: Bells) -> None:
        informers.of(CONFIG_MAPS)
        await informers.start()
        await asyncio.sleep(0)
        api.seed(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}})
        api.compact(CONFIG_MAPS)
        api.fail("list", CONFIG_MAPS, unavailable("no"))
        api.seed(CONFIG_MAPS, config("a"))
        bells.hung[CONFIG_MAPS].ring(api.revision)
        await api.until(lambda: names(informers) == ["a"], seconds=0.5)

    run(body)
