"""Connections from a container: who takes one, or how it fails as programs see it."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from ipaddress import ip_address

from fauxkube.kinds.core.service_allocation import cluster_ips
from fauxkube.network.dial import Dialled, dial
from fauxkube.network.hops import End
from fauxkube.network.listening import at_node, at_pod
from fauxkube.network.topology import Topology
from fauxkube.workloads.container import Container
from fauxkube.workloads.process import Process
from fauxkube.workloads.sending.lookups import place_of
from fauxkube.workloads.sending.waiting import wait_out

#: How long the kernel tries to connect: six times with growing pauses (`tcp_syn_retries`).
CONNECT_SECONDS = 127.0
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that was taken: by a pod (its key) at a port, by a node, or by the API server."""

    address: str
    port: int
    source: str
    pod: str = ""
    pod_port: int = 0
    node: str = ""
    is_api: bool = False


async def connect(
    process: Process, address: str, port: int, *, protocol: str = "TCP", seconds: float = 0.0
) -> Connection:
    """Connect, waiting for so many seconds if need be (0: as long as the kernel does).

    ConnectionRefusedError, TimeoutError, or OSError (ENETUNREACH) as connect(2) fails.
    """
    topology = await process.container.look()
    host = process.container.host
    if not host.addresses and not ip_address(address).is_loopback:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")
    dialled = _dialled(topology, process.container, address, port, protocol)
    if dialled.refused:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    is_api = _is_api_server(topology, address, port)
    if dialled.end is not None or not (dialled.pod or dialled.node or is_api):
        await wait_out(process, seconds or CONNECT_SECONDS)
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")
    return Connection(address, port, dialled.source, dialled.pod, dialled.port, dialled.node, is_api)


def _dialled(topology: Topology, container: Container, address: str, port: int, protocol: str) -> Dialled:
    host = container.host
    sender = place_of(topology, container)
    if ip_address(address).is_loopback or ip_address(address).is_unspecified or address in host.addresses:
        source = _LOOPBACK if ip_address(address).is_loopback else address
        if host.host_network and sender.node is not None:
            result = at_node(topology, sender.node, protocol, port, like=address).result
        else:
            result = at_pod(host, protocol, port)
        return Dialled(end=result) if isinstance(result, End) else Dialled(container.key, "", port, source)
    choice = container.surroundings.network.choice()
    return dial(topology, sender, address, port, choice=choice, protocol=protocol)


def _is_api_server(topology: Topology, address: str, port: int) -> bool:
    """Whether that is where the API server listens: its service's address, or one behind it."""
    service = topology.services.by_key.get("default/kubernetes")
    if service is not None and address in cluster_ips(service):
        return any(each["port"] == port for each in service["spec"].get("ports") or ())
    return any(
        address in endpoint["addresses"] and any(each.get("port") == port for each in found.get("ports") or ())
        for found in topology.slices.of("default/kubernetes")
        for endpoint in found.get("endpoints") or ()
    )
