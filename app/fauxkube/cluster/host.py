"""`Host`: the clusters of one server by name, each with a store, a time and control loops of its own.

`default` is made from the settings and served at `/`; others come and go, below `/clusters/<name>/`. Whoever creates
one gets its `Control`, through which everything else is done, and which stays the same when the cluster is reset:

    host = Host(Settings())
    await host.start()
    control = await host.create()      # control.name, control.cluster, await control.info(), ...
    await host.delete(control.name)
    await host.close()

What goes wrong is a `StatusError`. All of it is for the thread of one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fauxkube.cluster.beginnings.origin import Fresh, Kept, Origin, restored
from fauxkube.cluster.beginnings.template import Templates
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.control import Control
from fauxkube.cluster.overrides import overridden
from fauxkube.cluster.settings import Settings
from fauxkube.kit.chance import Chance
from fauxkube.machinery import status
from fauxkube.machinery.fields import Path
from fauxkube.machinery.names import dns_label_problems
from fauxkube.server.hosting import DEFAULT, Hosting

#: How many clusters a server has at most unless told otherwise.
LIMIT = 1000

_RESOURCE = "clusters"


class Host:
    """The clusters of one server; `application` answers for all of them."""

    def __init__(self, settings: Settings, *, limit: int = LIMIT) -> None:
        self.settings = settings
        self.application = Hosting(self)
        self._limit = limit
        self._controls: dict[str, Control] = {}
        self._templates = Templates()
        self._chance = Chance(settings.seed)
        #: The names of clusters that are being made.
        self._coming: set[str] = set()

    async def start(self, origin: Origin | None = None) -> None:
        """Start the cluster `default`, anew or at that origin; raises as `Cluster.start` does."""
        if origin is not None:
            await self._add(DEFAULT, origin, await origin.cluster())
            return
        fresh = Fresh(replace(self.settings, data=None), self._templates)
        await self._add(DEFAULT, fresh, Cluster(self.settings))

    async def close(self) -> None:
        """End all clusters; harmless when called again."""
        await asyncio.gather(*(control.close() for control in self._controls.values()))

    def find(self, name: str) -> Control | None:
        """The cluster of that name."""
        return self._controls.get(name)

    def control(self, name: str = DEFAULT) -> Control:
        """The cluster of that name; 404 when there is none."""
        control = self._controls.get(name)
        if control is None:
            raise status.not_found(_RESOURCE, name)
        return control

    def controls(self) -> Sequence[Control]:
        """Every cluster, `default` first, in the order in which they were made."""
        return [*self._controls.values()]

    def names(self) -> list[str]:
        """What they are called."""
        return [*self._controls]

    async def create(
        self,
        name: str = "",
        *,
        settings: Settings | None = None,
        overrides: Mapping[str, object] | None = None,
        source: str = "",
        snapshot: bytes = b"",
    ) -> Control:
        """Start another cluster: a fork of `source` as it is now, what `snapshot` holds, or else a new one.

        A new one has the server's settings, or `settings`, with `overrides`. Without a name it gets one.
        """
        name = name or self._new_name()
        self._check(name)
        if (settings or overrides) and (source or snapshot):
            problem = Path("overrides").forbidden("the settings come from where the cluster begins")
            raise status.unfit([problem.to_cause()])
        origin: Origin
        if source:
            origin = self._kept(source)
        elif snapshot:
            origin = restored(snapshot)
        else:
            origin = Fresh(overridden(settings or self.settings, overrides or {}), self._templates)
        self._coming.add(name)
        try:
            return await self._add(name, origin, await origin.cluster())
        finally:
            self._coming.remove(name)

    async def fork(self, source: str, name: str = "") -> Control:
        """A new cluster that begins as `source` is now."""
        return await self.create(name, source=source)

    async def delete(self, name: str) -> None:
        """End a cluster and its watches and forget all of it; 404, and 403 for `default`."""
        control = self.control(name)
        if name == DEFAULT:
            raise status.forbidden(_RESOURCE, name, "it lasts as long as its server; it can be reset")
        del self._controls[name]
        await control.close()

    async def reset(self, name: str) -> None:
        """Put a cluster back to how it began."""
        await self.control(name).reset()

    async def _add(self, name: str, origin: Origin, cluster: Cluster) -> Control:
        control = Control(name, self, origin, cluster)
        await control.start()
        self._controls[name] = control
        return control

    def _kept(self, source: str) -> Kept:
        """Where a fork of `source`, as it is now, begins."""
        cluster = self.control(source).cluster
        return Kept(replace(cluster.settings, data=None), cluster.state.fork(), source)

    def _check(self, name: str) -> None:
        if problems := dns_label_problems(name):
            raise status.unfit(Path("name").invalid(name, problem).to_cause() for problem in problems)
        if name in self._controls or name in self._coming:
            raise status.already_exists(_RESOURCE, name)
        if len(self._controls) + len(self._coming) >= self._limit:
            problem = f"this server has its {self._limit} clusters: delete one first"
            raise status.forbidden(_RESOURCE, name, problem)

    def _new_name(self) -> str:
        while (name := f"cluster-{self._chance.suffix()}") in self._controls or name in self._coming:
            pass
        return name
