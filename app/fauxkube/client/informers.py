"""The informers that the control loops of one cluster share, one for each GVR (client-go's `SharedInformerFactory`).

Most collections of most clusters never change. Where `Bells` can tell of the first change, an informer that has shown
what is there rests: it is no task and no watch until then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Protocol, TypeAlias

from fauxkube.client.cache import Cache
from fauxkube.client.informer import Informer, Transform
from fauxkube.client.protocol import Client
from fauxkube.kit.clock import Clock
from fauxkube.kit.tasks import Tasks
from fauxkube.machinery.objects import GVR


class Bell(Protocol):
    """What rings once, unless it is cancelled."""

    def cancel(self) -> None:
        """Do not ring; harmless when it has rung."""


#: Has what is given called with the revision of a collection's first change after one; None if it has changed since.
Bells: TypeAlias = Callable[[GVR, Callable[[int], None], int], Bell | None]


class SharedInformers:
    """Informers by GVR; they run from `start` to `close`. `transforms` say what is kept of which objects.

    `taken_over` holds what the informers of another cluster showed, whose fork this one's is. Without `bells` all of
    them watch all the time.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        transforms: Mapping[GVR, Transform] | None = None,
        taken_over: Mapping[GVR, Cache] | None = None,
        bells: Bells | None = None,
    ) -> None:
        self._bells = bells
        self._transforms = transforms or {}
        self._taken_over = taken_over or {}
        self._client = client
        self._clock = clock
        self._tasks = Tasks("informers")
        self._informers: dict[GVR, Informer] = {}
        #: The task of each that is at work, the bell of each that rests.
        self._started: dict[GVR, asyncio.Task[None] | Bell] = {}

    def of(self, gvr: GVR) -> Informer:
        """The informer of `gvr`; a new one shows nothing until the next `start`."""
        if gvr not in self._informers:
            self._informers[gvr] = Informer(
                self._client,
                gvr,
                self._clock,
                transform=self._transforms.get(gvr),
                taken_over=self._taken_over.get(gvr),
            )
        return self._informers[gvr]

    def all(self) -> list[Informer]:
        """Every informer asked for so far."""
        return list(self._informers.values())

    async def start(self) -> None:
        """Run every informer asked for so far, and return once all of them are synced; may be called again."""
        for gvr in [gvr for gvr in self._informers if gvr not in self._started]:
            self._begin(self._informers[gvr])
        for informer in self.all():
            await informer.wait_synced()

    def drop(self, gvr: GVR) -> None:
        """Stop the informer of what is served no longer, if there is one; the next asked for begins anew."""
        self._informers.pop(gvr, None)
        self._taken_over = {each: cache for each, cache in self._taken_over.items() if each != gvr}
        if task := self._started.pop(gvr, None):
            task.cancel()

    async def close(self) -> None:
        """Stop them all; what they hold can still be read."""
        for started in self._started.values():
            started.cancel()
        await self._tasks.close()

    def _begin(self, informer: Informer) -> None:
        """Set an informer going; one that took over nothing at all has nothing to do yet."""
        if not (informer.resume_at_once() and self._rest(informer)):
            self._spawn(informer, self._run(informer))

    async def _run(self, informer: Informer) -> None:
        await informer.show()
        if not self._rest(informer):
            await informer.follow()

    def _rest(self, informer: Informer) -> bool:
        """Have the informer rest until the first change to come, if that can be told."""
        bell = self._bells and self._bells(informer.gvr, partial(self._wake, informer), informer.revision)
        if bell is None:
            return False
        self._started[informer.gvr] = bell
        return True

    def _wake(self, informer: Informer, revision: int) -> None:
        informer.wake(revision)
        self._spawn(informer, informer.follow())

    def _spawn(self, informer: Informer, work: Coroutine[None, None, None]) -> None:
        self._started[informer.gvr] = self._tasks.spawn(work, name=informer.gvr.group_resource)
