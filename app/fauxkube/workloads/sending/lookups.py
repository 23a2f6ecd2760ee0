"""Names as the C library of a container looks them up: /etc/hosts, then the DNS that its resolv.conf names.

Names of the world are not known: the cluster is one without a way out.
"""

from __future__ import annotations

from ipaddress import ip_address

from fauxkube.network import cluster_dns, diagnosis, dns_way
from fauxkube.network.hosts import is_address
from fauxkube.network.places import Place
from fauxkube.network.resolv_conf import config_of
from fauxkube.network.resolver import resolve
from fauxkube.network.topology import Topology
from fauxkube.workloads.container import Container
from fauxkube.workloads.process import Process, decoded
from fauxkube.workloads.sending.waiting import wait_out

#: How long a resolver asks before it gives up (seconds): twice five.
PATIENCE = 10.0


class UnknownNameError(Exception):
    """The name has no address."""


async def addresses_of(process: Process, name: str, *, version: int = 0) -> list[str]:
    """The addresses of a name, of one IP version if it is given; an address stands for itself.

    UnknownNameError when there is none, or nobody to ask.
    """
    if is_address(name):
        return [name]
    found = _in_hosts_file(process, name) or await _by_dns(process, name)
    found = [each for each in found if version in {0, ip_address(each).version}]
    if not found:
        raise UnknownNameError(name)
    return found


def place_of(topology: Topology, container: Container) -> Place:
    """The container's pod as a sender."""
    pod = container.host
    return Place(pod, topology.nodes.by_name.get(pod.node), pod.addresses[0] if pod.addresses else "")


def dns_is_silent(topology: Topology, container: Container) -> bool:
    """Whether queries to the cluster's DNS are lost on their way, so that nobody says no."""
    end = dns_way.lost(topology, place_of(topology, container))
    return end is not None and end.reason != diagnosis.NO_DNS


def nameserver_of(topology: Topology, container: Container) -> str:
    """The first nameserver of the container's resolv.conf."""
    servers = config_of(topology, container.host).nameservers
    return servers[0] if servers else ""


def _in_hosts_file(process: Process, name: str) -> list[str]:
    try:
        text = decoded(process.files.read("/etc/hosts"))
    except OSError:
        return []
    wanted = name.rstrip(".").lower()
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return [words[0] for words in lines if wanted in (each.lower() for each in words[1:]) and is_address(words[0])]


async def _by_dns(process: Process, name: str) -> list[str]:
    container = process.container
    topology = await container.look()
    config = config_of(topology, container.host)
    if config.in_cluster and dns_is_silent(topology, container):
        await wait_out(process, PATIENCE)
        return []
    if not cluster_dns.is_served(topology) and config.in_cluster:
        return []
    versions = {ip_address(each).version for each in container.host.addresses}
    types = [each for each, version in (("A", 4), ("AAAA", 6)) if version in versions]
    return list(resolve(topology, name, config, types=types or ("A",)).addresses)
