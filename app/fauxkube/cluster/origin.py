"""Where a cluster of a server begins, and begins again whenever it is reset."""

from __future__ import annotations

from dataclasses import dataclass

from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.settings import Settings
from fauxkube.cluster.state import State, new_state
from fauxkube.store.log import NullLog, Recovered


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A new cluster with these settings, or one that goes on from a state, which is `source`'s if that is named."""

    settings: Settings
    state: State | None = None
    source: str = ""

    @property
    def repeatable(self) -> bool:
        """Whether one can begin there more than once; the data file of a cluster goes on where it ended."""
        return self.settings.data is None

    def first(self) -> Cluster:
        """A cluster that begins here, not started."""
        if self.state is None:
            return Cluster(self.settings)
        return Cluster(self.settings, state=self.state.fork())

    def again(self, *, after: int) -> Cluster:
        """Another one, whose revisions come after `after`, so that none is taken for one of its predecessor's."""
        if self.state is None:
            log = NullLog(Recovered(after + 1, after + 1, (), (), ()))
            return Cluster(self.settings, state=new_state(self.settings, log, clock=None, chance=None))
        return Cluster(self.settings, state=self.state.fork(after=after))
