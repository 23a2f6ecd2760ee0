"""Which loopback address stands for a cluster's: for nodes' 127.0.10.1 and up, for services' 127.0.100.1 and up.

The second number is the cluster's (`claims`): 0 for the first of a machine, 1 for the next. A node whose name ends in
a number has the address that ends in it, `node-2` 127.0.10.2, if that is free; other nodes have 127.0.11.1 and up. A
node keeps what stands for it, also when it comes back with another address.
"""

from __future__ import annotations

import re
from heapq import heappop, heappush

#: By third numbers: the one of nodes by their numbers, and where the ranges of other nodes and of services begin.
_NUMBERED, _NODES, _OTHERS, _END = 10, 11, 100, 256
#: Hosts of each third number: without the network's and the broadcast address, to look like any others.
_HOSTS = 254


class Loopbacks:
    """The loopback addresses of the cluster of that number."""

    def __init__(self, cluster: int) -> None:
        self._cluster = cluster
        #: What stands for which node or address: the first third number of its range, and its number in there.
        self._given: dict[str, tuple[int, int]] = {}
        self._numbered: set[int] = set()
        #: By the first third number of a range: the numbers in it that are free below `_next`, a heap.
        self._free: dict[int, list[int]] = {_NODES: [], _OTHERS: []}
        self._next = {_NODES: 1, _OTHERS: 1}

    def of_node(self, name: str) -> str:
        """What stands for a node's address; empty when there is none left."""
        key = f"node/{name}"
        found = re.search(r"(\d{1,3})$", name)
        number = int(found[1]) if found else 0
        if key not in self._given and 0 < number <= _HOSTS and number not in self._numbered:
            self._numbered.add(number)
            self._given[key] = _NUMBERED, number
        return self._give(key, _NODES, _OTHERS)

    def of(self, address: str) -> str:
        """What stands for any other address; empty when there is none left."""
        return self._give(address, _OTHERS, _END)

    def release(self, address: str) -> None:
        """Nothing has the address any more, which is no node's."""
        if (found := self._given.pop(address, None)) is not None:
            heappush(self._free[found[0]], found[1])

    def _give(self, key: str, first: int, end: int) -> str:
        if key not in self._given:
            number = self._lowest(first)
            if number > (end - first) * _HOSTS:
                return ""
            self._given[key] = first, number
        first, number = self._given[key]
        third, fourth = divmod(number - 1, _HOSTS)
        return f"127.{self._cluster}.{first + third}.{fourth + 1}"

    def _lowest(self, first: int) -> int:
        if self._free[first]:
            return heappop(self._free[first])
        self._next[first] += 1
        return self._next[first] - 1
