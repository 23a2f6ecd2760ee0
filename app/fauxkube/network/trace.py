"""`trace`: what becomes of a packet from somebody to something, hop by hop, or where it is lost and why.

    trace(topology, "pod/client", "http://shop", choice=ByChance(chance)).ways[0].hops

The texts are those of `fauxkube.network.places`. Nothing is sent: the answer is reckoned from what the objects say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from itertools import islice

from fauxkube.network import ingress_way
from fauxkube.network.aim import Aim, Asked, find_aim
from fauxkube.network.endpoints import socket_address
from fauxkube.network.errors import TraceError
from fauxkube.network.hops import End, Trace, Way
from fauxkube.network.listening import at_node, at_pod
from fauxkube.network.places import Kind, Place, find_sender, read_target
from fauxkube.network.topology import Topology
from fauxkube.network.walk import Choice, Packet, Walk

#: The empty one is found out.
_PROTOCOLS = frozenset({"", "TCP", "UDP", "SCTP"})
#: More ways than anybody reads.
_MOST_WAYS = 1000


def trace(
    topology: Topology,
    sender: str,
    target: str,
    *,
    choice: Choice,
    namespace: str = "default",
    protocol: str = "",
    port: str = "",
) -> Trace:
    """What becomes of the packet; TraceError when the question cannot be understood, or nobody is there to send.

    `port` is a number, or the name of a service's or pod's port; both it and `protocol` are found out if they are left
    out: what the target says, else its first port. Names without a namespace are in `namespace`.
    """
    wanted = read_target(topology, target, namespace)
    place = find_sender(topology, sender, namespace)
    asked = _checked(Asked(place, wanted, protocol.upper() or wanted.protocol, port or wanted.port))
    aim = find_aim(topology, asked)
    ways = tuple(islice(_ways(topology, asked, aim, choice), _MOST_WAYS))
    reached = all(way.reached for way in ways)
    source = asked.sender.towards(aim.addresses[0]) if aim.addresses else asked.sender
    return Trace(str(source), target, aim.protocol, aim.port, reached, ways)


def _checked(asked: Asked) -> Asked:
    if asked.protocol not in _PROTOCOLS:
        raise TraceError(f"{asked.protocol} is no protocol: TCP, UDP and SCTP are")
    if asked.number is not None and not 0 < asked.number < 65536:
        raise TraceError(f"{asked.port} is no port")
    return asked


def _ways(topology: Topology, asked: Asked, aim: Aim, choice: Choice) -> Iterator[Way]:
    sender, meant = asked.sender, (asked.target.key,) if asked.target.kind is Kind.POD else ()
    if aim.end is not None:
        yield Way(1.0, reached=False, hops=(*aim.hops, aim.end))
        return
    host, path = asked.target.name, asked.target.path
    for address in choice.of(aim.addresses):
        if ip_address(address).is_loopback:
            yield _to_itself(topology, sender, aim)
            continue
        packet = Packet(sender.source(address), address, aim.port, aim.protocol)
        walk = Walk(topology, sender.towards(address), packet, choice, aim.hops, 1 / len(aim.addresses), meant=meant)
        for way in walk.ways():
            yield from ingress_way.ways(topology, _explained(way, aim), host, path, choice)


def _explained(way: Way, aim: Aim) -> Way:
    """A headless service's port is not translated, which who sends to it may not know."""
    end = way.hops[-1]
    if not (aim.headless and isinstance(end, End) and end.reason == "PortNotDeclared"):
        return way
    hint = f"service {aim.headless} is headless: no port is translated, so clients have to name the pod's own"
    return replace(way, hops=(*way.hops[:-1], replace(end, likely=(*end.likely, hint))))


def _to_itself(topology: Topology, sender: Place, aim: Aim) -> Way:
    """Loopback addresses never leave the sender; pods of a node's network share the node's."""
    if sender.pod is not None and not sender.pod.host_network:
        heard = at_pod(sender.pod, aim.protocol, aim.port)
    elif sender.node is not None:
        heard = at_node(topology, sender.node, aim.protocol, aim.port, like=aim.addresses[0]).result
    else:
        raise TraceError("whoever is outside has a loopback of its own")
    if isinstance(heard, End):
        return Way(1.0, reached=False, hops=(*aim.hops, heard))
    address = socket_address(aim.addresses[0], aim.port)
    return Way(1.0, reached=True, hops=(*aim.hops, replace(heard, address=address, source=aim.addresses[0])))
