"""The nodes' own addresses, out of the network that they all are in.

An address that a node reports already stays its own, so that restarts change nothing; a new node gets the lowest one
that no node has.
"""

from __future__ import annotations

import ipaddress

#: Addresses kept back: the network's own, its gateway, the API server.
_KEPT_BACK = 3


class NodeAddresses:
    """Which node has which address."""

    def __init__(self, network: str) -> None:
        self._network = ipaddress.ip_network(network)
        self._by_node: dict[str, str] = {}
        self._taken: set[str] = set()

    def note(self, node: str, address: str) -> None:
        """The node reports that it has this address."""
        if self._by_node.get(node) != address:
            self.release(node)
            self._by_node[node] = address
            self._taken.add(address)

    def of(self, node: str) -> str:
        """The node's address, chosen when it has none; empty when the network has no more."""
        if node not in self._by_node:
            self.note(node, self._lowest_free())
        return self._by_node[node]

    def release(self, node: str) -> None:
        """The node is gone."""
        address = self._by_node.pop(node, None)
        if address is not None:
            self._taken.discard(address)

    def _lowest_free(self) -> str:
        for index in range(_KEPT_BACK, self._network.num_addresses - 1):
            if (address := str(self._network[index])) not in self._taken:
                return address
        return ""
