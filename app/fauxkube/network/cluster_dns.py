"""The address of the cluster's DNS, which resolv.conf files name, and whether anything answers there.

As kubeadm does it: the tenth address of the (first) range of cluster IPs, told to every kubelet as its `clusterDNS`
and given to the service `kube-system/kube-dns`, which keeps the name that it had before CoreDNS. A cluster without
that service has its names answered all the same, as if one ran; with it they are answered while it has a backend.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from fauxkube.network.topology import Topology

NAMESPACE, SERVICE = "kube-system", "kube-dns"
KEY = f"{NAMESPACE}/{SERVICE}"
PORT = 53
#: The labels of the pods behind it, which network policies select.
POD_LABELS = {"k8s-app": "kube-dns"}

_TENTH = 10


def address_of(topology: Topology) -> str:
    """Where the kubelets send their pods' queries; empty when the range of services is not known."""
    ranges = topology.ranges.services
    return address_in(ranges[0]) if ranges else ""


@lru_cache(maxsize=64)
def address_in(service_cidr: str) -> str:
    """The tenth address of the first range of services, or the last that may be had of one that is smaller."""
    network = ipaddress.ip_network(service_cidr)
    return str(network[min(_TENTH, network.num_addresses - 2)])


def answers_at(topology: Topology, address: str, protocol: str, port: int) -> bool:
    """Whether the DNS that no service stands for is reached there."""
    at_port = port == PORT and protocol in {"TCP", "UDP"}
    return at_port and address == address_of(topology) and KEY not in topology.services.by_key


def is_served(topology: Topology) -> bool:
    """Whether queries are answered: not so where the service is there and has nobody behind it."""
    if KEY not in topology.services.by_key:
        return True
    return any(
        (endpoint.get("conditions") or {}).get("ready") is not False
        for each in topology.slices.of(KEY)
        for endpoint in each.get("endpoints") or ()
    )
