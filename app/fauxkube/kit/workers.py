"""Tasks that are there only while there is work: an idle loop costs nothing.

Whoever has work to hand out calls `wake` for each piece; a task is started unless enough of them run, takes one piece
after the other, and ends when there is none left. They can be paused: what is under way is ended, and no more is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from fauxkube.kit.tasks import Tasks

T = TypeVar("T")


class Workers(Generic[T]):
    """Up to `limit` tasks, from `start` to `close`: each asks `take` for work (None: there is none) and does it.

    `work` must deal with its own failures: one that it raises ends its task, and says so in the log.
    """

    def __init__(
        self, name: str, *, limit: int, take: Callable[[], T | None], work: Callable[[T], Awaitable[None]]
    ) -> None:
        self._limit = limit
        self._take = take
        self._work = work
        self._tasks = Tasks(name)
        self._running = 0
        #: Pieces of work that came in while no one was to take them.
        self._untouched = 0
        self._started = False
        self.paused = False

    def start(self) -> None:
        """Set to work."""
        self._started = True
        self._wake_all()

    def pause(self) -> None:
        """Take no more work until `resume`."""
        self.paused = True

    def resume(self) -> None:
        """Take up what has come in meanwhile."""
        self.paused = False
        self._wake_all()

    def wake(self) -> None:
        """There is one more piece of work."""
        if self.paused or not self._started:
            self._untouched += 1
        elif self._running < self._limit:
            self._running += 1
            self._tasks.spawn(self._run(), name="worker")

    async def close(self) -> None:
        """Stop; no work is under way any more when this returns. Harmless when called again."""
        self._started = False
        await self._tasks.close()

    def _wake_all(self) -> None:
        untouched, self._untouched = self._untouched, 0
        for _ in range(min(untouched, self._limit)):
            self.wake()

    async def _run(self) -> None:
        try:
            while self._started and not self.paused and (piece := self._take()) is not None:
                await self._work(piece)
                await asyncio.sleep(0)  # work may never wait, and others need their turn
        finally:
            self._running -= 1
