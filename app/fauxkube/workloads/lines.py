"""Lines of what may be long, read so that whoever else runs in this event loop is not kept waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import TypeVar

from fauxkube.workloads.process import Process, decoded

_T = TypeVar("_T")

#: How long nobody else runs (seconds).
WORKING = 0.01
#: So many bytes are split into lines at once, and so many lines sorted.
_PIECE, _SORTED = 65_536, 8_192


async def lines(process: Process, data: bytes) -> AsyncIterator[str]:
    """The lines of the data, without their ends."""
    async for line in taking_turns(process, _split(data)):
        yield line


async def taking_turns(process: Process, items: Iterable[_T]) -> AsyncIterator[_T]:
    """The items, between which others run now and then."""
    real = process.clock.real
    rested = real.monotonic()
    for item in items:
        if real.monotonic() - rested > WORKING:
            await asyncio.sleep(0)
            rested = real.monotonic()
        yield item


async def in_order(
    process: Process, found: list[str], key: Callable[[str], tuple[float, str]], *, reverse: bool
) -> list[str]:
    """The lines as `sorted` orders them."""
    rest = iter(found)
    runs = iter(lambda: sorted(islice(rest, _SORTED), key=key, reverse=reverse), [])
    ordered = [run async for run in taking_turns(process, runs)]
    if len(ordered) < 2:
        return ordered[0] if ordered else []
    return [line async for line in taking_turns(process, merge(*ordered, key=key, reverse=reverse))]


def _split(data: bytes) -> Iterator[str]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", min(start + _PIECE, len(data) - 1)) + 1 or len(data)
        yield from decoded(data[start:end].removesuffix(b"\n")).split("\n")
        start = end
