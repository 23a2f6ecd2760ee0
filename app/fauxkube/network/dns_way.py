"""Whether a pod's queries get to the cluster's DNS: past its policies and, where it runs in pods, to one of them."""

from __future__ import annotations

from fauxkube.network import cluster_dns, diagnosis
from fauxkube.network.choice import Every
from fauxkube.network.dns_access import denied_by
from fauxkube.network.hops import End
from fauxkube.network.places import Place
from fauxkube.network.topology import Topology
from fauxkube.network.walk import Packet, Walk


def lost(topology: Topology, sender: Place) -> End | None:
    """What keeps the sender from being answered; None when some way leads there."""
    if (end := diagnosis.cannot_send(sender)) is not None:
        return end
    if cluster_dns.KEY not in topology.services.by_key:
        return _denied(topology, sender)
    if not cluster_dns.is_served(topology):
        return diagnosis.no_dns(topology)
    return _on_the_way(topology, sender)


def _denied(topology: Topology, sender: Place) -> End | None:
    if sender.pod is None or not (policies := denied_by(topology, sender.pod)):
        return None
    return diagnosis.names_denied(sender.pod, policies)


def _on_the_way(topology: Topology, sender: Place) -> End | None:
    target = cluster_dns.address_of(topology)
    source = (sender.pod.address(target) if sender.pod is not None else "") or sender.address
    packet = Packet(source, target, cluster_dns.PORT, "UDP")
    end = None
    for way in Walk(topology, sender, packet, Every()).ways():
        if way.reached:
            return None
        end = way.hops[-1]
    assert isinstance(end, End)
    return diagnosis.dns_unreachable(target, end)
