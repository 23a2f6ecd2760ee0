"""Waiting for what comes about in another process or thread, or in another task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


def until(holds: Callable[[], bool], *, seconds: float = 15.0) -> None:
    """Return as soon as `holds()`; fail the test when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "this did not come about in time"
        time.sleep(0.02)


async def come_true(holds: Callable[[], bool], *, turns: int = 10_000) -> None:
    """Let other tasks run until `holds()`; fail the test when it does not within so many turns of the event loop."""
    for _ in range(turns):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("this did not come about")
