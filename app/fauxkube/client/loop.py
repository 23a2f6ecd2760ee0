"""Workers on a queue of keys: how every controller's and every kubelet's work is done (client-go's workqueue pattern).

A key is worked on by one worker at a time, and again, after a growing pause, when its work fails. Losing a race (409)
and finding an object gone (404) only say that what was read is no longer so: they are tried again without a word.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from fauxkube.kit.backoff import Backoff
from fauxkube.kit.clock import Clock
from fauxkube.kit.workers import Workers
from fauxkube.kit.workqueue import WorkQueue
from fauxkube.machinery.status import StatusError

#: Makes the cluster right for a key; raises to be called again.
Sync: TypeAlias = Callable[[str], Awaitable[None]]

_STALE_CODES = frozenset({404, 409})
_NO_KEYS: frozenset[str] = frozenset()
_NAMESPACE_TERMINATING = "NamespaceTerminating"


class Requeue(Exception):
    """Raised by work that is no failure but not done: again after `seconds`, or after the key's growing pause."""

    def __init__(self, seconds: float | None = None) -> None:
        super().__init__("again" if seconds is None else f"again in {seconds} s")
        self.seconds = seconds


class Loop:
    """A queue and its workers, from `start` to `close`; there are none while no key waits."""

    def __init__(self, name: str, clock: Clock, sync: Sync, *, workers: int, backoff: Backoff | None = None) -> None:
        self.name = name
        self._sync = sync
        self._workers: Workers[str] = Workers(name, limit=workers, take=self._take, work=self._work)
        self.queue = WorkQueue(clock, backoff, ready=self._workers.wake)

    @property
    def idle(self) -> bool:
        """Whether no key waits and none is being worked on."""
        return self.queue.idle

    def pressing(self, seconds: float) -> AbstractSet[str]:
        """The keys that are being worked on, that wait, or that failed and are tried again within `seconds`."""
        if self.queue.quiet:
            return _NO_KEYS
        if self.paused:
            return self.queue.processing
        return {*self.queue.processing, *self.queue.waiting, *self.queue.retried_within(seconds)}

    @property
    def paused(self) -> bool:
        """Whether keys only gather."""
        return self._workers.paused

    def start(self) -> None:
        """Set the workers going."""
        self._workers.start()

    def pause(self) -> None:
        """Let keys gather from now on; what is being worked on is ended."""
        self._workers.pause()

    def resume(self) -> None:
        """Work on what has gathered, and go on."""
        self._workers.resume()

    async def close(self) -> None:
        """Stop; no work is under way any more when this returns. Harmless when called again."""
        self.queue.close()
        await self._workers.close()

    def _take(self) -> str | None:
        return self.queue.take()

    async def _work(self, key: str) -> None:
        try:
            await self._try(key)
        finally:
            self.queue.done(key)

    async def _try(self, key: str) -> None:
        try:
            await self._sync(key)
        except Requeue as again:
            self._again(key, again.seconds)
        except StatusError as error:
            self._failed(key, error)
        except Exception:
            self._log().exception("%s failed", key)
            self.queue.add_rate_limited(key)
        else:
            self.queue.forget(key)

    def _log(self) -> logging.Logger:
        return logging.getLogger(f"fauxkube.{self.name}")

    def _again(self, key: str, seconds: float | None) -> None:
        if seconds is None:
            self.queue.add_rate_limited(key)
        else:
            self.queue.forget(key)
            self.queue.add_after(key, seconds)

    def _failed(self, key: str, error: StatusError) -> None:
        if is_namespace_terminating(error):
            self.queue.forget(key)
            return
        if error.code not in _STALE_CODES:
            self._log().warning("%s failed: %s", key, error.message)
        self.queue.add_rate_limited(key)


def is_namespace_terminating(error: StatusError) -> bool:
    """Whether a create was refused because its namespace is on its way out: trying again is of no use."""
    causes = (error.details or {}).get("causes") or ()
    return error.code == 403 and any(cause.get("reason") == _NAMESPACE_TERMINATING for cause in causes)
