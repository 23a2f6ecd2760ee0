"""Whether a pod's own network policies let it ask the cluster's DNS."""

from __future__ import annotations

from dataclasses import replace

from fauxkube.network import cluster_dns
from fauxkube.network.hosts import Pod
from fauxkube.network.policy import Direction, Peer, judge
from fauxkube.network.topology import Topology

#: What to allow so that names are found again.
REMEDY = "allow egress to namespace kube-system, pods k8s-app=kube-dns, ports 53/UDP and 53/TCP"

#: An address that says nothing: which one the pod would have is not known (RFC 5737).
_SOMEWHERE = "198.51.100.1"


def denied_by(topology: Topology, pod: Pod) -> tuple[str, ...]:
    """The policies that keep the pod from asking, none when it may.

    What it would ask is a pod behind kube-dns, which need not be there.
    """
    dns = replace(
        pod,
        key=f"{cluster_dns.NAMESPACE}/coredns",
        namespace=cluster_dns.NAMESPACE,
        name="coredns",
        node="",
        addresses=(),
        labels=cluster_dns.POD_LABELS,
    )
    peer = Peer(_SOMEWHERE, dns)
    found = judge(topology, pod, peer, Direction.EGRESS, protocol="UDP", port=cluster_dns.PORT, target=dns)
    return () if found.allowed else found.policies
