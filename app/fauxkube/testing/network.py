"""The network of a cluster, in the hands of a test: add-ons installed, requirements checked.

with Cluster(network="none") as cluster:
    cluster.network.install("flannel")
    assert cluster.network.check()["holds"]
"""

from __future__ import annotations

from fauxkube.machinery.objects import Object
from fauxkube.server.control import LoadedObjects, Operations
from fauxkube.testing.loop_thread import Runner


class Network:
    """What there is of a network between a cluster's pods."""

    def __init__(self, control: Operations, run: Runner) -> None:
        self._control = control
        self._run = run

    def install(self, name: str = "flannel", *, cidr: str = "") -> LoadedObjects:
        """Install an add-on, which hands out addresses of `cidr`, of the cluster's range unless it is given.

        StatusError in a cluster whose network is routed already. Answers once it runs on every node.
        """
        made = self._run(self._control.install_network(name, cidr=cidr))
        self._run(self._control.settle())
        return made

    def check(self) -> Object:
        """What Kubernetes requires of a network, proved or refuted, as `fauxkube.network.check.Check` in JSON."""
        self._run(self._control.settle())
        return self._run(self._control.check_network())
