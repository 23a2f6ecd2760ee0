"""An informer whose lists and watches go wrong at random ends up with what is there, and tells its handlers of it."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from fauxkube.client.http import HttpClient
from fauxkube.client.informer import Informer
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.kinds.gvrs import CONFIG_MAPS
from fauxkube.kit.clock import VirtualClock
from fauxkube.machinery.objects import Object, key_of
from fauxkube.server.listener import Listener
from support.api import config_map

EFFECTS: list[Object] = [
    {"type": "error", "code": 429},
    {"type": "error", "code": 500},
    {"type": "error", "code": 410},
    {"type": "latency", "delay": "1ms", "upTo": "20ms"},
    {"type": "reset"},
    {"type": "reset", "when": "body"},
    {"type": "reset", "when": "answer", "how": "close"},
    {"type": "stale", "changes": 4},
    {"type": "watch-drop", "afterEvents": 3},
    {"type": "watch-drop", "afterTime": "5ms", "how": "close"},
    {"type": "watch-drop", "afterEvents": 1, "how": "reset"},
    {"type": "watch-expired"},
    {"type": "watch-expired", "afterEvents": 2},
    {"type": "watch-silence", "afterEvents": 2},
    {"type": "watch-delay", "delay": 0, "upTo": "10ms"},
    {"type": "watch-duplicates", "share": 0.5},
    {"type": "bookmarks", "every": "1ms"},
]
ROUNDS, WRITES, NAMES = 25, 12, 10


class Told:
    """What an informer's handlers were told, which must fit together."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}

    def __call__(self, old: Object | None, new: Object | None) -> None:
        key = key_of(new or old or {})
        assert (old is None) is (key not in self.objects)
        if new is None:
            del self.objects[key]
        else:
            self.objects[key] = new


async def write(cluster: Cluster, chance: random.Random) -> None:
    """Create, change or delete one of a few config maps, as they are there or not."""
    client, name = cluster.client, f"c{chance.randrange(NAMES)}"
    if cluster.store.get(f"configmaps/default/{name}") is None:
        await client.create(CONFIG_MAPS, config_map(name, namespace="default"))
    elif chance.random() < 0.3:
        await client.delete(CONFIG_MAPS, name, namespace="default")
    else:
        await client.patch(CONFIG_MAPS, name, {"data": {"n": str(chance.random())}}, namespace="default")


async def disturb(cluster: Cluster, chance: random.Random) -> None:
    """Rounds of writes, each under other faults."""
    for _ in range(ROUNDS):
        cluster.faults.clear()
        for effect in chance.sample(EFFECTS, 4):
            cluster.faults.add({"kind": "request", "effect": effect, "probability": chance.choice((0.2, 0.6, 1))})
        for _ in range(WRITES):
            await write(cluster, chance)
            await asyncio.sleep(chance.choice((0, 0, 0.002)))


def versions(objects: Any) -> dict[str, str]:
    return {key_of(obj): obj["metadata"]["resourceVersion"] for obj in objects}


@pytest.mark.parametrize("seed", range(6))
def test_an_informer_ends_up_with_what_is_there(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        cluster = Cluster(Settings(nodes=0))
        listener = Listener(cluster.application, port=0)
        await cluster.start()
        await listener.serve()
        # The informer's pauses between its tries pass in no time.
        client, told = HttpClient(listener.url), Told()
        informer = Informer(client, CONFIG_MAPS, VirtualClock(rate=1000))
        informer.on_change(told)
        running = asyncio.create_task(informer.run())
        try:
            await disturb(cluster, random.Random(seed))
            cluster.faults.clear()
            there = versions((await cluster.client.list(CONFIG_MAPS)).items)
            async with asyncio.timeout(20):
                while versions(informer.items()) != there:  # noqa: ASYNC110 - what is read goes on changing by itself
                    await asyncio.sleep(0.01)
            assert versions(told.objects.values()) == there
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await client.close()
            await listener.stop()
            await cluster.close()

    asyncio.run(scenario())
    assert not [record for record in caplog.records if record.levelname == "ERROR"], f"seed {seed}"
