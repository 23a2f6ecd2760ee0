"""The network add-on that gives pods their addresses, each out of a pool of its node (with the host-local IPAM).

An address is reserved here and becomes the pod's with the status write that carries it; until then it is kept for the
next try, and given back when the pod goes. Pods for which there was none wait in line for the next to become free.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from fauxkube.kinds.core.node_network import ROUTED, network_of
from fauxkube.machinery.objects import Object, key_of, name_of


class PodPool(Protocol):
    """The addresses of one node's block; what is reserved goes to no one else until it is cancelled or released."""

    def reserve(self) -> str | None:
        """A free address; None when there is none."""

    def cancel(self, value: str) -> None:
        """Give back an address that no pod came to hold."""


#: The pool of a node's block, by the node's name and the block's CIDR.
Pools: TypeAlias = Callable[[str, str], PodPool]


class PoolExhaustedError(Exception):
    """A node's block has no address left; the message is that of the plugin."""


class _Held(NamedTuple):
    uid: str
    addresses: tuple[tuple[PodPool, str], ...]


class Cni:
    """Reservations by pod key, and the pods that wait by node. `network` is the kind that the cluster began with."""

    def __init__(self, pools: Pools, network: str = ROUTED) -> None:
        self._pools = pools
        self._network = network
        self._held: dict[str, _Held] = {}
        self._waiting: dict[str, dict[str, None]] = {}

    def addresses(self, pod: Object, node: Object) -> list[str]:
        """An address of each family for the pod out of the node's blocks; `PoolExhaustedError` when there is none."""
        key, uid = key_of(pod), pod["metadata"]["uid"]
        held = self._held.get(key)
        if held is None or held.uid != uid:
            self.give_up(key)
            held = self._held[key] = _Held(uid, self._reserve(node))
        return [address for _, address in held.addresses]

    def _reserve(self, node: Object) -> tuple[tuple[PodPool, str], ...]:
        reserved: list[tuple[PodPool, str]] = []
        for blocks in _by_family(self._blocks_of(node)):
            found = self._first_free(name_of(node), blocks)
            if found is None:
                for pool, value in reserved:
                    pool.cancel(value)
                raise _exhausted(blocks[0])
            reserved.append(found)
        return tuple(reserved)

    def _first_free(self, node: str, blocks: Sequence[str]) -> tuple[PodPool, str] | None:
        pools = (self._pools(node, block) for block in blocks)
        return next(((pool, address) for pool in pools if (address := pool.reserve())), None)

    def _blocks_of(self, node: Object) -> Sequence[str]:
        network = network_of(node, self._network)
        return network.blocks if network is not None else ()

    def refuse(self, pod: Object, node: Object) -> None:
        """Act as if the node's block had no address left; a pod that one is kept for has it."""
        if key_of(pod) not in self._held:
            raise _exhausted(self._blocks_of(node)[0])

    def settle(self, key: str) -> None:
        """The pod holds its addresses: its status says so."""
        self._held.pop(key, None)

    def give_up(self, key: str) -> None:
        """The pod will not come to hold the addresses that were kept for it."""
        held = self._held.pop(key, None)
        for pool, address in held.addresses if held else ():
            pool.cancel(address)

    def wait(self, key: str, node_name: str) -> None:
        """The pod stands in line for an address of its node."""
        self._waiting.setdefault(node_name, {})[key] = None

    def leave(self, key: str, node_name: str) -> None:
        """The pod needs no address any more."""
        self._waiting.get(node_name, {}).pop(key, None)

    def next_waiting(self, node_name: str) -> str | None:
        """Take the pod that has waited longest on a node out of the line."""
        line = self._waiting.get(node_name)
        if not line:
            return None
        key = next(iter(line))
        del line[key]
        return key


def sandbox_failure(pod: Object, problem: str, plugin: str = "bridge") -> str:
    """The kubelet's words for a sandbox that got no address, containerd's and the plugin's inside."""
    sandbox = hashlib.sha256(f"{pod['metadata']['uid']}/sandbox".encode()).hexdigest()
    return (
        "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
        f'"{sandbox}": plugin type="{plugin}" failed (add): {problem}'
    )


def _by_family(blocks: Sequence[str]) -> list[list[str]]:
    """The blocks of each IP family, the main one's first."""
    found: dict[bool, list[str]] = {}
    for block in blocks:
        found.setdefault(":" in block, []).append(block)
    return [*found.values()]


def _exhausted(cidr: str) -> PoolExhaustedError:
    return PoolExhaustedError(
        f"failed to allocate for range 0: no IP addresses available in range set: {_range_of(cidr)}"
    )


def _range_of(cidr: str) -> str:
    """As host-local prints it: the first and the last address that could be given."""
    network = ipaddress.ip_network(cidr)
    return f"{network[1]}-{network[-2 if network.version == 4 else -1]}"
