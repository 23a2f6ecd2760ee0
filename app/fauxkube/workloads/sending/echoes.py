"""Echo requests (ICMP): who answers one, how far away, and over which hops.

Services' addresses answer none, as with kube-proxy's iptables rules, which know ports only. To network policies an echo
is a packet of a protocol that has no ports: rules that name ports let none through.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from fauxkube.network.diagnosis import REFUSED
from fauxkube.network.hops import Arrival, End, Hop
from fauxkube.network.topology import Topology
from fauxkube.network.walk import Packet, Walk
from fauxkube.workloads.process import Process
from fauxkube.workloads.sending.lookups import place_of

_TTL = 64


@dataclass(frozen=True, slots=True)
class Echo:
    """Whether an address answers, and the routers on the way to it, as far as the packet comes."""

    answers: bool
    routers: tuple[str, ...] = ()

    @property
    def ttl(self) -> int:
        """What is left of the answer's time to live."""
        return _TTL - len(self.routers)


async def echo(process: Process, address: str) -> Echo:
    """What becomes of an echo request."""
    container = process.container
    topology = await container.look()
    host = container.host
    if ip_address(address).is_loopback or address in host.addresses:
        return Echo(answers=True)
    sender = place_of(topology, container)
    packet = Packet(sender.source(address), address, 0, "ICMP")
    choice = container.surroundings.network.choice()
    way = next(Walk(topology, sender, packet, choice).ways())
    return Echo(_answers(way.hops[-1]), _routers(topology, container.host.node, address))


def _answers(last: Hop) -> bool:
    """A host that has no use for the packet's port is there all the same; one out in the world is not."""
    if isinstance(last, Arrival):
        return last.where != "outside"
    return isinstance(last, End) and last.symptom == REFUSED and last.reason == "PortNotDeclared"


def _routers(topology: Topology, node: str, address: str) -> tuple[str, ...]:
    """The nodes between a pod and an address: its own, as the pod sees it, and that of the other pod."""
    own = topology.nodes.by_name.get(node)
    if own is None:
        return ()
    gateway = own.gateway(address) or own.address(address)
    other = topology.nodes.by_address.get(address)
    if other is not None:
        return () if other.name == node else (gateway,)
    holder = topology.nodes.holding(address)
    if holder is None or holder.name == node:
        return () if holder is not None else (gateway,)
    return gateway, holder.address(address)
