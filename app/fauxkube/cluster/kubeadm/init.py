"""`init` as a way for a server to begin: a cluster whose control plane has just been initialized."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from fauxkube.cluster.beginnings.loaded import Loaded
from fauxkube.cluster.beginnings.origin import Kept
from fauxkube.cluster.beginnings.sources import SourceError
from fauxkube.cluster.cluster import Cluster
from fauxkube.cluster.host import Host
from fauxkube.cluster.kubeadm.configuration import InitConfiguration
from fauxkube.cluster.kubeadm.phases import Initialization, Surroundings
from fauxkube.cluster.kubeadm.tokens import KubeadmError, join_command
from fauxkube.cluster.time import NotSettledError
from fauxkube.nodes.addresses import advertised_address


@dataclass(slots=True)
class Beginning:
    """What `init` begins a server with; `say` prints a line. `command` is what nodes join with, once it is there."""

    configuration: InitConfiguration
    say: Callable[[str], None]
    command: str = ""

    async def start(self, host: Host, url: str) -> Loaded:
        """Start the host with an initialized cluster, to which resets come back; SourceError when that cannot be."""
        try:
            if host.settings.data is not None:
                await host.start()
                await self.initialize(host.control().cluster, url)
            else:
                await host.start(await self._kept(Cluster(host.settings), url))
        except KubeadmError as error:
            raise SourceError(str(error)) from None
        return Loaded()

    async def _kept(self, cluster: Cluster, url: str) -> Kept:
        try:
            await cluster.start()
            await self.initialize(cluster, url)
            return Kept(cluster.settings, cluster.state.fork())
        finally:
            await cluster.close()

    async def initialize(self, cluster: Cluster, url: str) -> None:
        """Go through the phases on a cluster that is running."""

        async def settle() -> None:
            with suppress(NotSettledError):  # what never comes to rest would not do so in a real cluster either
                await cluster.time.settle()

        surroundings = Surroundings(
            client=cluster.client.as_user_agent("kubeadm"),
            clock=cluster.clock,
            chance=cluster.chance,
            url=url,
            address=advertised_address(cluster.settings.ranges.families[0]),
            say=self.say,
            settle=settle,
        )
        initialization = Initialization(self.configuration, surroundings)
        await initialization.run()
        if "bootstrap-token" not in self.configuration.skipped:
            self.command = await join_command(surroundings.client, initialization.token)
