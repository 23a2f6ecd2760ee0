"""A process that is killed loses nothing that it had acknowledged."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fauxkube.store.model import Claim, DataInUse
from store.conftest import Opened
from store.python import running
from store.writes import create, done, state

#: Writes from several tasks without end, and prints each key, its revision and its address once it is acknowledged.
WRITER = """
import asyncio, sys
from fauxkube.store.model import ChangeType, Claim, Draft, Write
from fauxkube.store.sql import SqlLog
from fauxkube.store.store import Store

async def write(store, name):
    for n in range(1_000_000):
        key = f"p/{name}/{n}"
        claims = [Claim("pool", f"{name}-{n}")]
        change = await store.write(Write(key, ChangeType.ADDED, Draft(b"x" * 500, b""), 0, claims=claims))
        print(key, change.revision, claims[0].value, flush=True)

async def main():
    store = Store(SqlLog(sys.argv[1]))
    await store.open()
    await asyncio.gather(*[write(store, name) for name in range(8)])

asyncio.run(main())
"""


def killed_after(data_file: Path, lines: int) -> list[tuple[str, int, str]]:
    """What a writer had acknowledged when it was killed, with `kill -9`, among its writes."""
    with running(WRITER, data_file) as (process, output):
        acknowledged = [output.readline() for _ in range(lines)]
        process.kill()
        acknowledged += output.readlines()
    whole = [line.split() for line in acknowledged if line.endswith("\n")]
    return [(key, int(revision), value) for key, revision, value in whole]


@pytest.mark.parametrize("lines", [1, 400])
def test_nothing_acknowledged_is_lost_by_a_kill(data_file: Path, open_data: Opened, lines: int) -> None:
    acknowledged = killed_after(data_file, lines)
    assert len(acknowledged) >= lines

    async def scenario() -> None:
        async with open_data() as store:
            for key, revision, value in acknowledged:
                entry = store.get(key)
                assert entry is not None
                assert (entry.revision, store.owner_of(Claim("pool", value))) == (revision, key)
            assert {each.owner for each in store.allocations()} == set(state(store))
            assert store.revision == len(state(store)) >= len(acknowledged)
            assert (await done(store, create("after"))).revision == store.revision

    asyncio.run(scenario())


def test_a_data_file_is_one_process_s_at_a_time(data_file: Path, open_data: Opened) -> None:
    async def scenario() -> None:
        with pytest.raises(DataInUse, match=r"data\.db"):
            async with open_data():
                pass

    with running(WRITER, data_file) as (_, output):
        assert output.readline()
        asyncio.run(scenario())
