"""What the simulated nodes are made of: how many, how large, which versions, how slow."""

from __future__ import annotations

from dataclasses import dataclass

from fauxkube.ipam.families import IPV4
from fauxkube.kinds.core.node_network import ROUTED
from fauxkube.nodes.addresses import NETWORKS

#: Who runs a node's kubelet: a node that carries this annotation with the value `none` is left alone.
KUBELET_ANNOTATION = "fauxkube.io/kubelet"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """The nodes made at the start, `node-1` to `node-<count>`, and what every kubelet reports.

    They are put into the `zones` in turn. Amounts are quantities as in `status.capacity`. With `control_plane` the
    first node has that role and its taint. Times are in seconds of the cluster's clock; a container stops after
    `stop_seconds`, or when its grace period ends if that is sooner.
    """

    count: int = 3
    name_prefix: str = "node-"
    zones: tuple[str, ...] = ()
    control_plane: bool = False
    kubernetes_version: str = "1.36"
    cpu: str = "8"
    memory: str = "32Gi"
    ephemeral_storage: str = "100Gi"
    pods: int = 110
    architecture: str = "amd64"
    os_image: str = "Debian GNU/Linux 12 (bookworm)"
    kernel_version: str = "6.1.0-40-amd64"
    container_runtime: str = "containerd://2.1.4"
    #: The networks that nodes have their addresses in, one an IP family; the first three of each belong to the network,
    #: its gateway and the API server.
    networks: tuple[str, ...] = (NETWORKS[IPV4],)
    #: The kind of network that gives pods their addresses, see `kinds.core.node_network`.
    pod_network: str = ROUTED
    image_pull_seconds: float = 0.0
    container_start_seconds: float = 0.0
    stop_seconds: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes made at the start."""
        return tuple(f"{self.name_prefix}{number}" for number in range(1, self.count + 1))

    @property
    def kubelet_version(self) -> str:
        """As in `nodeInfo`: `v1.36.0`."""
        release = self.kubernetes_version.removeprefix("v")
        return f"v{release}" if release.count(".") > 1 else f"v{release}.0"
