"""Workers on a queue of keys: how every kubelet's work is done, for all nodes together.

A key is worked on by one worker at a time, and again after a growing pause when its work fails. Losing a race (409)
and finding the object gone (404) are no failures worth a word.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from fauxkube.kit.clock import Clock
from fauxkube.kit.tasks import Tasks
from fauxkube.kit.workqueue import Closed, WorkQueue
from fauxkube.machinery.status import StatusError

#: Makes the cluster right for a key; raises to be called again.
Sync: TypeAlias = Callable[[str], Awaitable[None]]

_EXPECTED_CODES = frozenset({404, 409})

_log = logging.getLogger("fauxkube.kubelet")


class Loop:
    """A queue and its workers, from `start` to `close`."""

    def __init__(self, name: str, clock: Clock, sync: Sync, *, workers: int) -> None:
        self.queue = WorkQueue(clock)
        self._name = name
        self._sync = sync
        self._workers = workers
        self._tasks = Tasks(f"kubelet-{name}")

    @property
    def idle(self) -> bool:
        """Whether no key waits and none is being worked on."""
        return self.queue.idle

    def start(self) -> None:
        """Set the workers going."""
        for number in range(self._workers):
            self._tasks.spawn(self._work(), name=f"worker-{number}")

    async def close(self) -> None:
        """Stop; no work is under way any more when this returns."""
        self.queue.close()
        await self._tasks.close()

    async def _work(self) -> None:
        while True:
            try:
                key = await self.queue.get()
            except Closed:
                return
            try:
                await self._sync(key)
                self.queue.forget(key)
            except StatusError as error:
                level = logging.DEBUG if error.code in _EXPECTED_CODES else logging.WARNING
                _log.log(level, "%s %s: %s", self._name, key, error.message)
                self.queue.add_rate_limited(key)
            except Exception:
                _log.exception("%s %s failed", self._name, key)
                self.queue.add_rate_limited(key)
            finally:
                self.queue.done(key)
            await asyncio.sleep(0)  # work may never wait, and others need their turn
