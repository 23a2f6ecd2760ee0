"""Templates: started and settled clusters, kept by their settings, of which new clusters are forks.

A template does not run. It holds the state that a cluster of its settings has once its nodes are ready, so a new one
need not be made from nothing: it is there at once, and shares with all others what it does not change. Nodes are of the
template's age, and so are their UIDs the same in all clusters made from one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.cluster.state import State

#: So many templates are kept, those used last.
KEPT = 16


class Template:
    """The state of a settled cluster; others of the same settings, in memory, begin with a fork of it."""

    def __init__(self, settings: Settings, state: State) -> None:
        self.settings = settings
        self._state = state

    def new_cluster(self, *, after: int = 0) -> Cluster:
        """A cluster, not started; its revisions come after `after`, if that is given."""
        return Cluster(self.settings, state=self.new_state(after=after))

    def new_state(self, *, after: int = 0) -> State:
        """What a cluster begins with, its clock started as the settings say."""
        state = self._state.fork(after=after)
        if self.settings.clock_start is None:
            state.clock.set_now(max(datetime.now(UTC), state.clock.now()))
        state.clock.set_rate(self.settings.clock_rate)
        return state


class Templates:
    """Templates by settings, each made when it is first asked for."""

    def __init__(self) -> None:
        self._made: OrderedDict[Settings, asyncio.Future[Template]] = OrderedDict()

    async def of(self, settings: Settings) -> Template:
        """The template of clusters with these settings; `data` does not count, for they are in memory.

        Raises what starting a cluster raises; the next call then tries again.
        """
        settings = replace(settings, data=None)
        making = self._made.get(settings)
        if making is None:
            making = self._made[settings] = asyncio.ensure_future(_make(settings))
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(settings)
        try:
            return await asyncio.shield(making)
        except Exception:
            self._made.pop(settings, None)
            raise


async def _make(settings: Settings) -> Template:
    """Let a cluster settle, while its time stands still, and keep what it then consists of."""
    start = settings.clock_start or datetime.now(UTC)
    cluster = Cluster(replace(settings, clock_start=start, clock_rate=0))
    try:
        await cluster.start()
        await cluster.time.settle()
        return Template(settings, cluster.state.fork())
    finally:
        await cluster.close()
