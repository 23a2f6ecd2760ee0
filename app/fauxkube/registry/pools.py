"""The pools that addresses, blocks and ports are handed out of, kept in step with the store's claims."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fauxkube.ipam.allocator import Allocator
from fauxkube.ipam.ranges import AddressRange, BlockRange, PortRange
from fauxkube.store.model import Claim
from fauxkube.store.store import Store

CLUSTER_IPS = "services/clusterips"
NODE_PORTS = "services/nodeports"
LOAD_BALANCERS = "services/loadbalancers"
POD_CIDRS = "nodes/podcidrs"

#: Kept back in a node's block: the network's own address and its gateway (the bridge); the last is broadcast.
_RESERVED_POD_ADDRESSES = (2, 1)

_LEAST_STATIC = 16


def pod_pool_name(node: str) -> str:
    """The pool of one node's pod addresses."""
    return f"pods/{node}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What there is to hand out: CIDRs, the size of a node's block, and the node ports, both ends included."""

    cluster_cidr: str = "10.244.0.0/16"
    node_prefix: int = 24
    service_cidr: str = "10.96.0.0/12"
    node_ports: tuple[int, int] = (30000, 32767)
    load_balancer_cidr: str = "203.0.113.0/24"


class Pools:
    """The allocators of one cluster by their pool's name; those of pods come and go with their nodes."""

    def __init__(self, ranges: Ranges, store: Store) -> None:
        self.ranges = ranges
        self._store = store
        cluster_ips = AddressRange(ranges.service_cidr, reserved_first=1, reserved_last=1)
        node_ports = PortRange(*ranges.node_ports)
        self._allocators: dict[str, Allocator] = {
            CLUSTER_IPS: Allocator(cluster_ips, dynamic_from=_static_band(len(cluster_ips), step=16, most=256)),
            NODE_PORTS: Allocator(node_ports, dynamic_from=_static_band(len(node_ports), step=32, most=128)),
            LOAD_BALANCERS: Allocator(AddressRange(ranges.load_balancer_cidr, reserved_first=1, reserved_last=1)),
            POD_CIDRS: Allocator(BlockRange(ranges.cluster_cidr, ranges.node_prefix)),
        }
        self._pod_cidrs: dict[str, str] = {}

    def load(self) -> None:
        """Take over what the store says is held; called once the store is open."""
        for name, allocator in self._allocators.items():
            allocator.load(self._store.allocations(name))

    def __getitem__(self, name: str) -> Allocator:
        return self._allocators[name]

    def find(self, name: str) -> Allocator | None:
        """The pool's allocator, if there is one."""
        return self._allocators.get(name)

    def names(self) -> list[str]:
        """All pools there are."""
        return list(self._allocators)

    def of_pods(self, node: str, cidr: str) -> Allocator:
        """The pool of a node's pod addresses, made when it is first asked for or the node has got another block."""
        name = pod_pool_name(node)
        if self._pod_cidrs.get(node) != cidr:
            self._pod_cidrs[node] = cidr
            self._allocators[name] = _pod_allocator(cidr)
            self._allocators[name].load(self._store.allocations(name))
        return self._allocators[name]

    def settle(self, owner: str, claims: Iterable[Claim], releases: Iterable[Claim]) -> None:
        """Follow a write that has happened: `owner` now holds `claims` and no longer `releases`."""
        for pool, value in releases:
            if allocator := self._allocators.get(pool):
                allocator.release(value)
        for pool, value in claims:
            if allocator := self._allocators.get(pool):
                allocator.claim(value, owner)


def _pod_allocator(cidr: str) -> Allocator:
    first, last = _RESERVED_POD_ADDRESSES
    return Allocator(AddressRange(cidr, reserved_first=first, reserved_last=last))


def _static_band(size: int, *, step: int, most: int) -> int:
    """How many values at the start are left to those who ask for one by name (KEP-3070, KEP-3668)."""
    return min(max(_LEAST_STATIC, size // step), most) if size > _LEAST_STATIC else 0
