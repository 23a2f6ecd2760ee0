"""What an allocator deals in: addresses of a CIDR, blocks cut out of a CIDR, ports.

A range maps the numbers from 0 to its length to the values, in their canonical text form, and back. Addresses that
nobody may have (network, gateway, broadcast) have no number. No range builds a list, so an IPv6 /64 costs what an
IPv4 /24 does.
"""

from __future__ import annotations

import ipaddress
from typing import Protocol

#: Python's `len` goes no further; a larger range is used up to here.
_LONGEST = 2**62


class Range(Protocol):
    """Values by number."""

    def __len__(self) -> int: ...

    def __str__(self) -> str:
        """What the values are taken from, as the settings write it."""

    def at(self, index: int) -> str:
        """The value of a number from 0 to the length."""

    def index_of(self, value: str) -> int | None:
        """The number of a value in any valid form; None for what the range does not hold."""


class AddressRange:
    """The addresses of `cidr` but the first `head` and the last `tail`.

    By default those are the network's own address and, for IPv4, the broadcast address, as in apiserver's service
    ranges. A pod range holds the bridge's address back too (`head=2`), as the CNI's `host-local` plugin does.
    """

    def __init__(self, cidr: str, *, head: int = 1, tail: int | None = None) -> None:
        self.network = ipaddress.ip_network(cidr)
        self._address = type(self.network.network_address)
        if tail is None:
            tail = 1 if self.network.version == 4 else 0
        self._first = int(self.network.network_address) + head
        self._length = min(max(self.network.num_addresses - head - tail, 0), _LONGEST)

    def __len__(self) -> int:
        return self._length

    def __str__(self) -> str:
        return str(self.network)

    def at(self, index: int) -> str:
        return str(self._address(self._first + _checked(index, self._length)))

    def index_of(self, value: str) -> int | None:
        try:
            address = self._address(value)
        except ValueError:
            return None
        return _number(int(address) - self._first, self._length)


class BlockRange:
    """The blocks of `prefix_length` that `cidr` is cut into: a node's pod CIDR out of the cluster's."""

    def __init__(self, cidr: str, prefix_length: int) -> None:
        self.network = ipaddress.ip_network(cidr)
        self.prefix_length = prefix_length
        if not self.network.prefixlen <= prefix_length <= self.network.max_prefixlen:
            raise ValueError(f"{cidr} cannot be cut into blocks of /{prefix_length}")
        self._block = type(self.network)
        self._address = type(self.network.network_address)
        self._shift = self.network.max_prefixlen - prefix_length
        self._first = int(self.network.network_address)
        self._length = min(1 << (prefix_length - self.network.prefixlen), _LONGEST)

    def __len__(self) -> int:
        return self._length

    def __str__(self) -> str:
        return f"{self.network} in blocks of /{self.prefix_length}"

    def at(self, index: int) -> str:
        address = self._address(self._first + (_checked(index, self._length) << self._shift))
        return f"{address}/{self.prefix_length}"

    def index_of(self, value: str) -> int | None:
        try:
            block = self._block(value)
        except ValueError:
            return None
        if block.prefixlen != self.prefix_length:
            return None
        return _number((int(block.network_address) - self._first) >> self._shift, self._length)


class PortRange:
    """The ports from `first` to `last`, both included."""

    def __init__(self, first: int, last: int) -> None:
        if not 0 < first <= last < 65536:
            raise ValueError(f"{first}-{last} is no range of ports")
        self.first = first
        self.last = last

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def at(self, index: int) -> str:
        return str(self.first + _checked(index, len(self)))

    def index_of(self, value: str) -> int | None:
        return _number(int(value) - self.first, len(self)) if value.isascii() and value.isdigit() else None


def _checked(index: int, length: int) -> int:
    if not 0 <= index < length:
        raise IndexError(f"{index} lies outside the range's {length} values")
    return index


def _number(index: int, length: int) -> int | None:
    return index if 0 <= index < length else None
