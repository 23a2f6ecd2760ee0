"""The skeleton of every controller: keys come in from informers, workers reconcile them, failures are tried again.

A controller is level-triggered: `reconcile(key)` reads everything the key stands for, computes what should be, and
writes only the difference. It is never run twice at a time for one key (client-go's workqueue pattern).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from fauxkube.client.events import EventRecorder
from fauxkube.client.informers import SharedInformers
from fauxkube.client.protocol import Client
from fauxkube.kit.chance import Chance
from fauxkube.kit.clock import Clock
from fauxkube.kit.tasks import Tasks
from fauxkube.kit.workqueue import Closed, WorkQueue
from fauxkube.machinery.objects import Object, key_of
from fauxkube.machinery.status import StatusError

#: Answers that only say that what was read is no longer so: tried again without a word.
_STALE_CODES = frozenset({404, 409})
_NAMESPACE_TERMINATING = "NamespaceTerminating"


class AddressPool(Protocol):
    """Addresses to hand out; one that is reserved is given to no one else until it is cancelled."""

    def reserve(self) -> str | None:
        """An address that is free; None when there is none."""

    def reserve_exact(self, value: str) -> bool:
        """Reserve this very address; False when it is taken or not of the pool."""

    def cancel(self, value: str) -> None:
        """Give a reserved address back."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a controller is given of the cluster it works on; `recorder` makes a component's event recorder."""

    client: Client
    informers: SharedInformers
    clock: Clock
    chance: Chance
    recorder: Callable[[str], EventRecorder]
    load_balancer_pool: AddressPool | None = None


class Requeue(Exception):
    """Raised by `reconcile` to be called again for the same key; no failure, so nothing is logged.

    With `seconds` the call comes after just that time; without, after the key's back-off.
    """

    def __init__(self, seconds: float | None = None) -> None:
        super().__init__("again" if seconds is None else f"again in {seconds} s")
        self.seconds = seconds


class Controller:
    """A queue of keys and the workers that reconcile them; a subclass registers handlers and writes `reconcile`."""

    #: The controller's name as upstream has it: user agent and source of events.
    name: ClassVar[str]
    #: Keys reconciled side by side.
    workers: ClassVar[int] = 4

    def __init__(self, context: Context) -> None:
        self.context = context
        self.client = context.client.as_user_agent(self.name)
        self.informers = context.informers
        self.clock = context.clock
        self.recorder = context.recorder(self.name)
        self.queue = WorkQueue(context.clock)
        self._tasks = Tasks(self.name)
        self._log = logging.getLogger(f"fauxkube.{self.name}")

    @property
    def idle(self) -> bool:
        """Whether no key waits and none is being reconciled."""
        return self.queue.idle

    async def reconcile(self, key: str) -> None:
        """Make the cluster right for `key`; raise to be called again, after a pause that grows."""
        raise NotImplementedError

    def enqueue(self, old: Object | None, new: Object | None) -> None:
        """An informer's handler for controllers whose keys are the changed objects themselves."""
        changed = new or old
        if changed is not None:
            self.queue.add(key_of(changed))

    async def run(self) -> None:
        """Reconcile until `close`; the informers must have been started."""
        workers = [self._tasks.spawn(self._work(), name=f"worker-{number}") for number in range(self.workers)]
        try:
            await asyncio.wait(workers)
        finally:
            await self.close()

    async def close(self) -> None:
        """Stop: no reconcile runs any more when this returns. Harmless when called again."""
        self.queue.close()
        await self._tasks.close()

    async def _work(self) -> None:
        while True:
            try:
                key = await self.queue.get()
            except Closed:
                return
            try:
                await self._reconcile(key)
            finally:
                self.queue.done(key)
            await asyncio.sleep(0)  # a reconcile may never wait; the event loop must get its turn

    async def _reconcile(self, key: str) -> None:
        try:
            await self.reconcile(key)
        except Requeue as again:
            self._again(key, again.seconds)
        except StatusError as error:
            self._failed(key, error)
        except Exception:
            self._log.exception("reconciling %s failed", key)
            self.queue.add_rate_limited(key)
        else:
            self.queue.forget(key)

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
            self._log.warning("reconciling %s failed: %s", key, error.message)
        self.queue.add_rate_limited(key)


def is_namespace_terminating(error: StatusError) -> bool:
    """Whether a create was refused because its namespace is on its way out: trying again is of no use."""
    causes = error.details.get("causes") or ()
    return error.code == 403 and any(cause.get("reason") == _NAMESPACE_TERMINATING for cause in causes)
