"""The informers that the control loops of one cluster share, one for each GVR (client-go's `SharedInformerFactory`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fauxkube.client.cache import Cache
from fauxkube.client.informer import Informer, Transform
from fauxkube.client.protocol import Client
from fauxkube.kit.clock import Clock
from fauxkube.kit.tasks import Tasks
from fauxkube.machinery.objects import GVR


class SharedInformers:
    """Informers by GVR; they run from `start` to `close`. `transforms` say what is kept of which objects.

    `taken_over` holds what the informers of another cluster showed, whose fork this one's is.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        transforms: Mapping[GVR, Transform] | None = None,
        taken_over: Mapping[GVR, Cache] | None = None,
    ) -> None:
        self._transforms = transforms or {}
        self._taken_over = taken_over or {}
        self._client = client
        self._clock = clock
        self._tasks = Tasks("informers")
        self._informers: dict[GVR, Informer] = {}
        self._started: dict[GVR, asyncio.Task[None]] = {}

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
            self._started[gvr] = self._tasks.spawn(self._informers[gvr].run(), name=gvr.group_resource)
        await asyncio.gather(*(informer.wait_synced() for informer in self._informers.values()))

    def drop(self, gvr: GVR) -> None:
        """Stop the informer of what is served no longer, if there is one; the next asked for begins anew."""
        self._informers.pop(gvr, None)
        self._taken_over = {each: cache for each, cache in self._taken_over.items() if each != gvr}
        if task := self._started.pop(gvr, None):
            task.cancel()

    async def close(self) -> None:
        """Stop them all; what they hold can still be read."""
        await self._tasks.close()
