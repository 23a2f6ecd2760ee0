"""Watches on which faults act: each is a watch around a watch, so that several faults may act on one.

The order of events stays as it is, and a bookmark never promises what has not been told.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from fauxkube.kit.chance import Chance
from fauxkube.server.pipelines import Watch
from fauxkube.simulation.faults import refusals


class _Around:
    """What is the same as in the watch inside."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._closed = asyncio.Event()
        self.initial_events_end = watch.initial_events_end

    def progress(self) -> int:
        """As the watch inside."""
        return self._watch.progress()

    def close(self) -> None:
        """End both."""
        self._closed.set()
        self._watch.close()


class DoubledWatch(_Around):
    """A watch that tells a `share` of its events twice, one right after the other."""

    def __init__(self, watch: Watch, share: float, chance: Chance) -> None:
        super().__init__(watch)
        self._share = share
        self._chance = chance

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        async for items in self._watch:
            yield [each for item in items for each in (item,) * self._times()]

    def _times(self) -> int:
        return 2 if self._chance.random() < self._share else 1


class LateWatch(_Around):
    """A watch that tells each batch of events only after a `delay` in seconds, which is asked for anew each time."""

    def __init__(self, watch: Watch, delay: Callable[[], float]) -> None:
        super().__init__(watch)
        self._delay = delay
        self._holding = False
        self._told = watch.progress()

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        async for items in self._watch:
            self._holding = True
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), self._delay())
            if self._closed.is_set():
                return
            yield items
            self._told = max(self._told, items[-1].revision if items else 0)
            self._holding = False

    def progress(self) -> int:
        """As the watch inside, but not past what is being held back."""
        if not self._holding:
            self._told = max(self._told, self._watch.progress())
        return self._told


class _Limited(_Around):
    """A watch that is as it should be for so many events or seconds, whichever ends first; for neither, not at all."""

    def __init__(self, watch: Watch, events: int | None, seconds: float | None) -> None:
        super().__init__(watch)
        self._left = 0 if events is None and seconds is None else sys.maxsize if events is None else events
        self._deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
        #: What the watch inside has told beyond the limit.
        self._rest: list[Any] = []

    async def _within(self) -> AsyncIterator[list[Any]]:
        """The batches up to the limit. A state that would not be told to its end is not begun."""
        events, first = aiter(self._watch), self.initial_events_end
        while self._left:
            try:
                async with asyncio.timeout_at(self._deadline):
                    items = await anext(events)
            except TimeoutError:
                return
            except StopAsyncIteration:
                self._closed.set()
                return
            left = 0 if first and len(items) > self._left else self._left
            first = False
            self._left -= min(len(items), self._left)
            self._rest = items[left:]
            if left:
                yield items[:left]


class CutWatch(_Limited):
    """A watch that fails: it may `end` as when its time is up, or because the history that it needs has `expired`,
    or have its connection `reset` or `close`d by `break_off`.
    """

    def __init__(
        self, watch: Watch, how: str, *, events: int | None, seconds: float | None, break_off: Callable[[str], None]
    ) -> None:
        super().__init__(watch, events, seconds)
        self._how = how
        self._break_off = break_off

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        async for items in self._within():
            yield items
        if self._how == "expired" and not self._closed.is_set():
            raise refusals.too_old()
        if self._how in ("reset", "close"):
            self._break_off(self._how)
            await self._closed.wait()


class SilentWatch(_Limited):
    """A watch that falls silent, and tells everything that it has missed once it is to `speak` again."""

    def __init__(self, watch: Watch, events: int | None, seconds: float | None) -> None:
        super().__init__(watch, events, seconds)
        self._woken = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        async for items in self._within():
            yield items
        await self._woken.wait()
        if self._rest:
            yield self._rest
        async for items in self._watch:
            yield items

    def speak(self) -> None:
        """Tell all that is being kept back, and go on."""
        self._woken.set()

    def close(self) -> None:
        """End both."""
        self._rest = []
        super().close()
        self.speak()
