"""Whose an address is, and which ranges it comes out of."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from fauxkube.ipam.families import lies_in
from fauxkube.ipam.ranges import AddressRange
from fauxkube.machinery import status
from fauxkube.machinery.fields import Path
from fauxkube.network import cluster_dns
from fauxkube.network.proxy import Entry
from fauxkube.nodes.addresses import advertised_address
from fauxkube.server.inspection import AddressUse

if TYPE_CHECKING:
    from fauxkube.cluster.cluster import Cluster
    from fauxkube.ipam.allocator import Allocator
    from fauxkube.network.topology import Topology

#: Of an address that nodes' lone bridges give, each for itself.
_SHARED = "also {}, each behind the bridge of its own node: this is what Kubernetes forbids"
_HELD, _COOLING, _FREE, _RESERVED, _OUTSIDE = "held", "cooling", "free", "reserved", "outside"


def whose(cluster: Cluster, topology: Topology, text: str) -> AddressUse:
    """What there is to say of an address; 422 for what is none."""
    try:
        address = str(ipaddress.ip_address(text))
    except ValueError:
        raise status.unfit([Path("address").invalid(text, "must be an IP address").to_cause()]) from None
    cluster.inspection.open_blocks()
    ranges = [f"{name} {cidr}" for name, cidr in _ranges(cluster, topology) if lies_in(address, cidr)]
    if pools := _pools_at(cluster, address):
        held = [pool for pool in pools if cluster.pools[pool].owner_of(address) is not None]
        found = _in_pool(cluster, topology, address, (held or pools)[0], ranges)
        others = [cluster.pools[pool].owner_of(address) or "" for pool in held[1:]]
        return replace(found, note=_SHARED.format(", ".join(others))) if others else found
    return _beside_pools(topology, address, ranges)


def _ranges(cluster: Cluster, topology: Topology) -> Iterator[tuple[str, str]]:
    """Every range by what it is for, the widest first."""
    for name, cidrs in (("pods", topology.ranges.pods), ("services", topology.ranges.services)):
        yield from ((name, cidr) for cidr in cidrs)
    yield from (("nodes", cidr) for cidr in topology.ranges.nodes)
    for cidr in cluster.settings.ranges.load_balancer_cidr.split(","):
        yield "load balancers", cidr.strip()
    for node in topology.nodes:
        yield from ((f"node/{node.name}", cidr) for cidr in node.pod_cidrs)


def _pools_at(cluster: Cluster, address: str) -> list[str]:
    """The pools whose ranges hold the address, several for lone bridges; blocks are no addresses."""
    ranges = ((name, cluster.pools[name].range) for name in cluster.pools.names())
    return [name for name, found in ranges if isinstance(found, AddressRange) and lies_in(address, str(found))]


def _in_pool(cluster: Cluster, topology: Topology, address: str, pool: str, ranges: list[str]) -> AddressUse:
    allocator, store = cluster.pools[pool], cluster.store
    kept = next((each for each in store.allocations(pool) if each.value == address), None)
    since = store.moments([kept.revision]).get(kept.revision) if kept is not None else None
    state = _state(allocator, address)
    owner = (allocator.owner_of(address) or "") if state == _HELD else ""
    note = _note(topology, allocator, address) if not owner else ""
    return AddressUse(address, state, owner, since, ranges, note)


def _state(allocator: Allocator, address: str) -> str:
    if not allocator.contains(address):
        return _RESERVED
    if allocator.owner_of(address) is not None:
        return _HELD
    return _COOLING if allocator.is_cooling(address) else _FREE


def _note(topology: Topology, allocator: Allocator, address: str) -> str:
    """What nobody's address is for."""
    assert isinstance(allocator.range, AddressRange)
    network = allocator.range.network
    if address == cluster_dns.address_of(topology):
        return "the address of the cluster's DNS, which pods' resolv.conf names"
    for node in topology.nodes:
        if address == node.gateway(address):
            return f"the bridge of node {node.name}, the gateway of its pods"
    if address == str(network.network_address):
        return f"the address of the network {network} itself"
    return f"the broadcast address of {network}" if address == str(network.broadcast_address) else ""


def _beside_pools(topology: Topology, address: str, ranges: list[str]) -> AddressUse:
    """Of a node, of a service from outside, of the API server, or nobody's."""
    if (node := topology.nodes.by_address.get(address)) is not None:
        return AddressUse(address, _HELD, f"nodes/{node.name}", ranges=ranges)
    for rule in topology.services.rules.at_address(address):
        if rule.entry is Entry.EXTERNAL_IP:
            return AddressUse(address, _HELD, f"services/{rule.port.service}", ranges=ranges, note="an external IP")
    for cidr in topology.ranges.nodes:
        if lies_in(address, cidr):
            return _in_nodes_network(address, cidr, ranges)
    if ranges:
        return AddressUse(address, _FREE, ranges=ranges, note="in no node's block: it may become one's")
    return AddressUse(address, _OUTSIDE, note="in none of the cluster's ranges")


def _in_nodes_network(address: str, cidr: str, ranges: list[str]) -> AddressUse:
    network = ipaddress.ip_network(cidr)
    kept = {
        str(network.network_address): f"the address of the network {network} itself",
        str(network[1]): "the gateway of the nodes' network, which they ask for the world's names",
        advertised_address("IPv6" if ":" in address else "IPv4"): "where the API server is reached",
    }
    return AddressUse(address, _RESERVED if address in kept else _FREE, ranges=ranges, note=kept.get(address, ""))
