"""The nodes' own addresses, one of each network that they all are in: one an IP family.

Addresses that a node reports already stay its own, so that restarts change nothing; a new node gets the lowest ones
that no node has.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from fauxkube.ipam.families import IPV4, IPV6

#: The networks that nodes are in, by family.
NETWORKS = {IPV4: "172.18.0.0/16", IPV6: "fc00:f853:ccd:e793::/64"}
#: Addresses kept back: the network's own, its gateway, the API server.
_KEPT_BACK = 3


def advertised_address(family: str) -> str:
    """Where the API server can be reached in the nodes' network of that family: before the first node."""
    return str(ipaddress.ip_network(NETWORKS[family])[_KEPT_BACK - 1])


class NodeAddresses:
    """Which node has which addresses."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(each) for each in networks]
        self._by_node: dict[str, tuple[str, ...]] = {}
        self._taken: set[str] = set()

    def note(self, node: str, addresses: Sequence[str]) -> None:
        """The node reports that it has these addresses."""
        if self._by_node.get(node) != tuple(addresses):
            self.release(node)
            self._by_node[node] = tuple(addresses)
            self._taken.update(addresses)

    def of(self, node: str) -> tuple[str, ...]:
        """The node's addresses in the order of the networks, chosen when it has none; none out of a full network."""
        if node not in self._by_node:
            self.note(node, [address for each in self._networks if (address := self._lowest_free(each))])
        return self._by_node[node]

    def release(self, node: str) -> None:
        """The node is gone."""
        self._taken.difference_update(self._by_node.pop(node, ()))

    def _lowest_free(self, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
        for index in range(_KEPT_BACK, network.num_addresses - 1):
            if (address := str(network[index])) not in self._taken:
                return address
        return ""
