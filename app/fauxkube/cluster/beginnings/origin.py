"""Where a cluster of a server begins, and begins again whenever it is reset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fauxkube.cluster.beginnings.template import Templates
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.refusals import refusing
from fauxkube.cluster.settings import Settings
from fauxkube.cluster.state import State


class Origin(Protocol):
    """A beginning that can be had any number of times; `source` is the cluster that it was taken from, if it was."""

    @property
    def source(self) -> str:
        """The name of a cluster, or nothing."""

    async def cluster(self, *, after: int = 0) -> Cluster:
        """A cluster that begins here, not started; its revisions come after `after`, if that is given."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new cluster with its nodes and nothing else."""

    settings: Settings
    templates: Templates
    source: str = ""

    async def cluster(self, *, after: int = 0) -> Cluster:
        return (await self.templates.of(self.settings)).new_cluster(after=after)


@dataclass(frozen=True, slots=True)
class Kept:
    """A cluster that goes on from a state that was kept."""

    settings: Settings
    state: State
    source: str = ""

    async def cluster(self, *, after: int = 0) -> Cluster:
        return Cluster(self.settings, state=self.state.fork(after=after))


def restored(data: bytes) -> Kept:
    """The beginning that a snapshot holds; 400 when it is none."""
    from fauxkube.cluster.beginnings import snapshots

    with refusing():
        snapshot = snapshots.load(data)
    return Kept(snapshots.settings_of(snapshot), snapshots.state_of(snapshot))
