"""`dial`: who takes a connection or a datagram, by the rules that traces tell of; one way, picked as `choice` does.

dialled = dial(topology, Place(address="192.0.2.1"), "172.18.0.3", 30080, choice=ByChance(chance))
dialled.pod, dialled.port, dialled.source      # "default/web-1", 8080, the address that the pod sees
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network

from fauxkube.ipam.families import family_of
from fauxkube.kinds.core.node_network import EVERYWHERE
from fauxkube.network.diagnosis import REFUSED
from fauxkube.network.hops import Arrival, End
from fauxkube.network.hosts import Node
from fauxkube.network.places import Place
from fauxkube.network.topology import Topology
from fauxkube.network.walk import Choice, Packet, Walk

#: The API server's place in the networks of nodes: after the network's own address and the gateway's.
_API_SERVER = 2


@dataclass(frozen=True, slots=True)
class Dialled:
    """Who takes what was sent: a pod by its key, at that port, or the node of that name; or the end of its way.

    `source` is the address that whoever takes it sees it come from.
    """

    pod: str = ""
    node: str = ""
    port: int = 0
    source: str = ""
    end: End | None = None

    @property
    def refused(self) -> bool:
        """Whether who sends is told at once that nobody takes it; what is lost else is lost in silence."""
        return self.end is not None and self.end.symptom.endswith(REFUSED)


def dial(
    topology: Topology, sender: Place, address: str, port: int, *, choice: Choice, protocol: str = "TCP"
) -> Dialled:
    """What becomes of a connection from `sender` to an address and port."""
    packet = Packet(sender.source(address), address, port, protocol)
    way = next(Walk(topology, sender, packet, choice).ways())
    last = way.hops[-1]
    if not isinstance(last, Arrival):
        assert isinstance(last, End)
        return Dialled(end=last)
    kind, _, name = last.where.partition("/")
    number = int(last.address.rpartition(":")[2])
    pod, node = (name, "") if kind == "pod" else ("", name)
    return Dialled(pod, node, number, last.source)


def control_plane(topology: Topology) -> Place:
    """Where the API server sends from: a machine in the nodes' networks that routes lead to pods from."""
    slices = topology.slices.of("default/kubernetes")
    addresses = tuple(each["addresses"][0] for found in slices for each in found.get("endpoints") or ())
    for address in addresses:
        if (node := topology.nodes.by_address.get(address)) is not None:
            return Place(node=node, address=address)
    known = set(map(family_of, addresses))
    others = tuple(str(ip_network(each)[_API_SERVER]) for each in topology.ranges.nodes if family_of(each) not in known)
    node = Node("control-plane", addresses + others, EVERYWHERE, (), {}, "True", "", is_on=True)
    return Place(node=node, address=addresses[0] if addresses else "")
