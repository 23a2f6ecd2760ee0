"""Background tasks that have an owner.

Every task is named, held until it ends, and awaited when its owner closes; one that fails says so in the log instead
of when the garbage collector finds it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Tasks:
    """The background tasks of one owner; failures go to the logger `fauxkube.<name>`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    def spawn(self, coroutine: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start `coroutine` in the running loop; RuntimeError once closed."""
        if self._closed:
            coroutine.close()
            raise RuntimeError(f"the tasks of {self._name} are closed")
        task = asyncio.get_running_loop().create_task(coroutine, name=f"{self._name}/{name}")
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel every task and wait until all have ended; harmless when called again."""
        self._closed = True
        others = self._running - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.gather(*others, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logging.getLogger(f"fauxkube.{self._name}").error("task %s failed", task.get_name(), exc_info=error)
