"""Pipes: what is written can be read, in order; who writes waits for who reads; both learn of the other's end."""

from __future__ import annotations

import asyncio

import pytest

from fauxkube.kit.streams import Pipe


async def _all_of(pipe: Pipe) -> bytes:
    found = b""
    while data := await pipe.read():
        found += data
    return found


def test_what_is_written_is_read_in_order_up_to_the_end() -> None:
    async def run() -> bytes:
        pipe = Pipe()
        await pipe.write(b"one ")
        await pipe.write(b"two")
        await pipe.close()
        return await _all_of(pipe)

    assert asyncio.run(run()) == b"one two"


def test_who_writes_waits_until_there_is_room() -> None:
    async def run() -> tuple[bool, bytes, bytes]:
        pipe = Pipe(limit=4)
        await pipe.write(b"full")
        writing = asyncio.create_task(pipe.write(b"more"))
        await asyncio.sleep(0)
        waited = not writing.done()
        first = await pipe.read()
        await writing
        return waited, first, await pipe.read()

    assert asyncio.run(run()) == (True, b"full", b"more")


def test_who_writes_to_a_broken_pipe_is_told() -> None:
    async def run() -> None:
        pipe = Pipe(limit=1)
        await pipe.write(b"x")
        writing = asyncio.create_task(pipe.write(b"y"))
        await asyncio.sleep(0)
        pipe.break_off()
        with pytest.raises(BrokenPipeError):
            await writing
        assert await pipe.read() == b""

    asyncio.run(run())
