"""Which loopback address stands for a cluster's: for nodes' 127.0.10.1 and up, for services' 127.0.100.1 and up.

The second number is the cluster's (`claims`): 0 for the first of a machine, 1 for the next. A node whose name ends in
a number has the address that ends in that number, if it is free; everything else gets the lowest that is free, and
keeps it.
"""

from __future__ import annotations

import re
from heapq import heapify, heappop, heappush

_NODES, _OTHERS, _END = 10, 100, 256
#: Hosts of each third number: without the network's and the broadcast address, to look like any others.
_HOSTS = 254


class Loopbacks:
    """The loopback addresses of the cluster of that number."""

    def __init__(self, cluster: int) -> None:
        self._cluster = cluster
        self._given: dict[str, tuple[int, int]] = {}
        #: By the first third number of a range: the numbers in it that are free below `_next`, a heap.
        self._free: dict[int, list[int]] = {_NODES: [], _OTHERS: []}
        self._next = {_NODES: 1, _OTHERS: 1}

    def of_node(self, name: str, address: str) -> str:
        """What stands for a node's address; empty when there is none left."""
        wanted = re.search(r"(\d{1,3})$", name)
        return self._give(address, _NODES, _OTHERS, int(wanted[1]) if wanted else 0)

    def of(self, address: str) -> str:
        """What stands for any other address; empty when there is none left."""
        return self._give(address, _OTHERS, _END, 0)

    def release(self, address: str) -> None:
        """Nothing has the address any more."""
        if (found := self._given.pop(address, None)) is not None:
            heappush(self._free[found[0]], found[1])

    def _give(self, address: str, first: int, end: int, wanted: int) -> str:
        if address not in self._given:
            number = self._take(first, wanted) or self._lowest(first)
            if number > (end - first) * _HOSTS:
                return ""
            self._given[address] = first, number
        first, number = self._given[address]
        third, fourth = divmod(number - 1, _HOSTS)
        return f"127.{self._cluster}.{first + third}.{fourth + 1}"

    def _take(self, first: int, wanted: int) -> int:
        """The number that is wanted, 0 if it is none or taken."""
        free = self._free[first]
        if 0 < wanted <= _HOSTS and wanted >= self._next[first]:
            for number in range(self._next[first], wanted):
                heappush(free, number)
            self._next[first] = wanted + 1
            return wanted
        if wanted in free:
            free.remove(wanted)
            heapify(free)
            return wanted
        return 0

    def _lowest(self, first: int) -> int:
        if self._free[first]:
            return heappop(self._free[first])
        self._next[first] += 1
        return self._next[first] - 1
