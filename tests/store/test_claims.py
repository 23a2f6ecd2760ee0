"""A value of a pool has one owner, under any interleaving and after any restart."""

from __future__ import annotations

import asyncio
import random

import pytest

from fauxkube.store.model import Allocation, Change, ChangeType, Claim, LogFailed, Taken, Write
from fauxkube.store.store import Store
from store.conftest import Opened, opened
from store.writes import HeldLog, create, done, remove, update

A, B = Claim("pods", "10.244.1.2"), Claim("pods", "10.244.1.3")
PORT = Claim("ports", A.value)


def test_a_claim_that_another_holds_stops_the_whole_write(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("one", claims=[A]))
            assert await store.write(create("two", claims=[B, A])) == Taken(A, "one")
            assert (store.latest("two"), store.owner_of(B), store.owner_of(A)) == (None, None, "one")

    asyncio.run(scenario())


def test_the_same_value_of_two_pools_is_two_values(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("one", claims=[A]))
            await done(store, create("two", claims=[PORT]))
            assert store.allocations("ports") == [Allocation("ports", A.value, "two", 2)]
            assert len(store.allocations()) == 2

    asyncio.run(scenario())


def test_claiming_again_what_one_holds_changes_nothing(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("one", claims=[A, A]))
            await done(store, update("one", claims=[A]))
            assert store.allocations() == [Allocation(*A, "one", 1)]

    asyncio.run(scenario())


def test_a_release_remembers_when_and_frees_only_ones_own(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("one", claims=[A, B]))
            await done(store, create("two"))
            await done(store, update("two", releases=[A]))
            await done(store, update("one", releases=[B]))
            assert set(store.allocations()) == {Allocation(*A, "one", 1), Allocation(*B, None, 4)}
            await done(store, update("two", claims=[B]))
            assert (store.owner_of(B), store.held_by("one")) == ("two", [A])

    asyncio.run(scenario())


def test_a_deleted_key_gives_back_all_it_holds(open_store: Opened) -> None:
    async def scenario() -> None:
        async with open_store() as store:
            await done(store, create("one", claims=[A, PORT]))
            await done(store, remove("one"))
            assert {each.owner for each in store.allocations()} == {None}
            assert store.held_by("one") == []

    asyncio.run(scenario())


def test_a_value_may_change_hands_within_one_batch(open_data: Opened) -> None:
    async def scenario() -> None:
        async with open_data() as store:
            await done(store, create("one", claims=[A]))
            chain = [remove("one"), create("two", claims=[A, B]), update("two", releases=[A]), create("3", claims=[A])]
            await asyncio.gather(*[done(store, write) for write in chain])
            held = set(store.allocations())
        async with open_data() as store:
            assert set(store.allocations()) == held == {Allocation(*A, "3", 5), Allocation(*B, "two", 3)}

    asyncio.run(scenario())


def choose(chance: random.Random, store: Store, key: str, values: list[Claim]) -> Write:
    wanted = chance.sample(values, chance.randint(1, 2))
    if store.latest(key) is None:
        return create(key, claims=wanted)
    return chance.choice([remove(key), update(key, claims=wanted), update(key, releases=wanted)])


@pytest.mark.parametrize("seed", range(20))
def test_no_interleaving_of_writes_and_failures_gives_a_value_two_owners(seed: int) -> None:
    """Writers race for a few values while commits pass and fail; what they are answered must add up."""
    chance = random.Random(seed)
    values = [Claim("pool", str(n)) for n in range(4)]
    owners: dict[Claim, str] = {}

    async def contend(store: Store, key: str) -> None:
        for _ in range(30):
            write = choose(chance, store, key, values)
            given_back = store.held_by(key) if write.type is ChangeType.DELETED else write.releases
            try:
                outcome = await store.write(write)
            except LogFailed:
                continue
            if isinstance(outcome, Change):
                for claim in given_back:
                    if owners.get(claim) == key:
                        del owners[claim]
                for claim in write.claims:
                    assert owners.setdefault(claim, key) == key, f"seed {seed}: {claim} has two owners"

    async def scenario() -> None:
        log = HeldLog()
        async with opened(log) as store:
            writers = asyncio.gather(*[contend(store, f"key-{n}") for n in range(5)])
            while not writers.done():
                for _ in range(chance.randint(1, 4)):
                    await asyncio.sleep(0)
                if log.batches:
                    log.finish(OSError("by chance") if chance.random() < 0.3 else None)
            await writers
            held = {Claim(each.pool, each.value): each.owner for each in store.allocations() if each.owner}
            assert owners == held, f"seed {seed}"

    asyncio.run(scenario())
