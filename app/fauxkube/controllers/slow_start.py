"""Many equal calls, started carefully: one, then two, then four, ... as long as none fails (`slowStartBatch`).

A call that is bound to fail (out of quota, say) is so tried once, not a thousand times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from fauxkube.machinery.status import StatusError

T = TypeVar("T")


async def slow_start(items: Sequence[T], call: Callable[[T], Awaitable[object]]) -> tuple[int, StatusError | None]:
    """Make `call` for the items in ever larger batches: how many succeeded, and the first failure if there was one."""
    done = 0
    size = 1
    while done < len(items):
        results = await asyncio.gather(*(_attempt(call, item) for item in items[done : done + size]))
        failures = [result for result in results if result is not None]
        done += len(results) - len(failures)
        if failures:
            return done, failures[0]
        size *= 2
    return done, None


async def _attempt(call: Callable[[T], Awaitable[object]], item: T) -> StatusError | None:
    try:
        await call(item)
    except StatusError as error:
        return error
    return None
