"""Waiting for an answer that does not come."""

from __future__ import annotations

import asyncio

from fauxkube.workloads.process import Process

#: However long a program waits by the cluster's clock, nobody at a keyboard waits longer than this (real seconds).
LONGEST = 10.0


async def wait_out(process: Process, seconds: float) -> None:
    """Return once so many seconds have passed by the cluster's clock, or `LONGEST` by the machine's."""
    over = asyncio.Event()
    timers = [process.clock.call_later(seconds, over.set), process.clock.real.call_later(LONGEST, over.set)]
    try:
        await over.wait()
    finally:
        for timer in timers:
            timer.cancel()
