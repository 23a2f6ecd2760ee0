"""What a pod is called on its own network: its hostname, and the domain that its subdomain puts it into.

As the kubelet's `GeneratePodHostNameAndDomain`: `hostnameOverride`, else `hostname`, else the pod's name, cut to the 63
characters that a kernel takes; pods of the node's network have the node's name.
"""

from __future__ import annotations

from dataclasses import dataclass

from fauxkube.network.hosts import Pod
from fauxkube.network.topology import Topology

_LONGEST = 63


@dataclass(frozen=True, slots=True)
class Naming:
    """A pod's short name, and its domain: empty without a subdomain."""

    short: str
    domain: str = ""

    @property
    def full(self) -> str:
        """`web-0.shop.default.svc.cluster.local`, or the short name when there is no domain."""
        return f"{self.short}.{self.domain}" if self.domain else self.short


def naming_of(topology: Topology, pod: Pod) -> Naming:
    """How the kubelet names the pod; the names of its /etc/hosts."""
    spec = pod.object["spec"]
    if spec.get("hostnameOverride"):
        return Naming(_cut(spec["hostnameOverride"]))
    short = _cut(spec.get("hostname") or pod.name)
    subdomain = spec.get("subdomain")
    return Naming(short, f"{subdomain}.{pod.namespace}.svc.{topology.domain}" if subdomain else "")


def hostname(topology: Topology, pod: Pod) -> str:
    """What `hostname` prints in the pod: the whole name only where `setHostnameAsFQDN` asks for it."""
    if pod.host_network:
        return pod.node or pod.name
    naming = naming_of(topology, pod)
    return naming.full if pod.object["spec"].get("setHostnameAsFQDN") else naming.short


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else name[:_LONGEST].rstrip("-.")
