"""The pools that addresses, blocks and ports are handed out of, kept in step with the store's claims."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fauxkube.ipam.allocator import Allocator
from fauxkube.ipam.bands import node_port_band, service_ip_band
from fauxkube.ipam.families import IPV4, IPV6, cidrs_of, families_of, family_of
from fauxkube.ipam.ranges import AddressRange, BlockRange, PortRange
from fauxkube.store.model import Allocation, Claim
from fauxkube.store.store import Store

CLUSTER_IPS = "services/clusterips"
NODE_PORTS = "services/nodeports"
LOAD_BALANCERS = "services/loadbalancers"
POD_CIDRS = "nodes/podcidrs"
#: Claims only, of what network add-ons take for nodes: which block is free, the add-on finds out.
ADD_ON_BLOCKS = "nodes/addonblocks"

_PORT_RANGE = re.compile(r"(\d{1,5})-(\d{1,5})")

#: The pool of a block that the cluster did not give its node.
_OTHER_POOL = re.compile(r"pods/(?P<node>[^/]+)/(?P<address>[0-9a-f.:]+)-(?P<length>\d+)")

#: What the names of the pools of pods' addresses start with.
_POD_POOLS = "pods/"

#: What the store's keys of nodes start with.
_NODE_KEYS = "nodes/"

#: Kept back at the start of a node's block: the network's own address and its gateway, the bridge.
_POD_RANGE_HEAD = 2


def of_family(pool: str, value: str) -> str:
    """Of the pools of that name, one a family, the one that an address, a CIDR or a family is of."""
    return f"{pool}/ipv6" if value == IPV6 or family_of(value) == IPV6 else pool


def pod_pool_name(node: str, family: str = IPV4) -> str:
    """The pool of one node's pod addresses, of one family."""
    return of_family(f"{_POD_POOLS}{node}", family)


def _other_pool(node: str, cidr: str) -> str:
    """The pool of a block that a node has beside those of the cluster: `pods/node-1/172.17.0.0-16`."""
    return f"pods/{node}/{cidr.replace('/', '-')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What there is to hand out: CIDRs, the sizes of a node's blocks, and the node ports, both ends included.

    CIDRs are written as flags write them, one or two (`10.244.0.0/16,fd00:10:244::/56`): of each family at most one,
    the main family's first. Of the load balancers' those count whose family services have.
    """

    cluster_cidr: str = "10.244.0.0/16"
    node_prefix: int = 24
    node_prefix_v6: int = 64
    service_cidr: str = "10.96.0.0/12"
    node_ports: tuple[int, int] = (30000, 32767)
    load_balancer_cidr: str = "203.0.113.0/24,2001:db8:113::/112"
    #: Whether nodes get blocks of the cluster CIDR (kube-controller-manager's `--allocate-node-cidrs`).
    node_blocks: bool = True

    @property
    def families(self) -> tuple[str, ...]:
        """The families of pods and nodes, the main one first."""
        return families_of(self.cluster_cidr)

    @property
    def service_families(self) -> tuple[str, ...]:
        """The families of services, the main one first."""
        return families_of(self.service_cidr)

    def prefix_of(self, cidr: str) -> int:
        """The prefix length of a node's block out of such a CIDR."""
        return self.node_prefix_v6 if family_of(cidr) == IPV6 else self.node_prefix


def port_range(text: str) -> tuple[int, int]:
    """Both ends of a range of ports, as a flag writes it: `30000-32767`; ValueError for any other text."""
    found = _PORT_RANGE.fullmatch(text)
    if found is None:
        raise ValueError("must be of the form 30000-32767")
    return int(found[1]), int(found[2])


class Pools:
    """The allocators of one cluster by their pool's name; those of pods come and go with their nodes."""

    def __init__(self, ranges: Ranges, store: Store, allocators: Mapping[str, Allocator] | None = None) -> None:
        """With `allocators`, which become its own, in place of those of the ranges, all of them free."""
        self.ranges = ranges
        self._store = store
        self._allocators = _allocators_of(ranges) if allocators is None else {**allocators}
        #: The blocks of nodes, by the names of the pools that they make.
        self._pod_cidrs: dict[str, str] = {}
        #: By node: the pools of blocks that the cluster did not give it.
        self._other_pools: defaultdict[str, list[str]] = defaultdict(list)

    def load(self) -> None:
        """Take over what the store says is held; called once the store is open."""
        held: defaultdict[str, list[Allocation]] = defaultdict(list)
        for allocation in self._store.allocations():
            held[allocation.pool].append(allocation)
        for block in (*held[POD_CIDRS], *held[of_family(POD_CIDRS, IPV6)]):
            if block.owner is not None:
                self._open(pod_pool_name(block.owner.removeprefix(_NODE_KEYS), block.value), block.value)
        for pool in held:
            if found := _OTHER_POOL.fullmatch(pool):
                self._open(pool, f"{found['address']}/{found['length']}", found["node"])
        for name, allocator in self._allocators.items():
            allocator.load(held[name])

    def fork(self, store: Store) -> Pools:
        """The pools of a fork of the store: what is reserved here for writes on their way is free there."""
        if not self._store.instant:
            # A write may be in the store and not be settled here yet; the claims themselves leave no gap.
            other = Pools(self.ranges, store)
            other.load()
            return other
        other = Pools(self.ranges, store, {name: allocator.fork() for name, allocator in self._allocators.items()})
        other._pod_cidrs = self._pod_cidrs.copy()
        other._other_pools.update({node: [*pools] for node, pools in self._other_pools.items()})
        return other

    def __getitem__(self, name: str) -> Allocator:
        return self._allocators[name]

    def find(self, name: str) -> Allocator | None:
        """The pool's allocator, if there is one."""
        return self._allocators.get(name)

    def by_family(self, name: str) -> dict[str, Allocator]:
        """The pools of that name by the IP family that each is of."""
        found = {family: self.find(of_family(name, family)) for family in (IPV4, IPV6)}
        return {family: allocator for family, allocator in found.items() if allocator is not None}

    def names(self) -> list[str]:
        """All pools there are."""
        return list(self._allocators)

    def of_pods(self, node: str, cidr: str) -> Allocator:
        """The pool of a node's block of addresses, made when it is first asked for or the node has got another.

        A block that the cluster did not give the node (of a bridge, of an add-on's own range) makes another pool.
        """
        name = pod_pool_name(node, cidr)
        if self._pod_cidrs.get(name) == cidr:
            return self._allocators[name]
        if self._store.owner_of(Claim(of_family(POD_CIDRS, cidr), cidr)) != f"{_NODE_KEYS}{node}":
            name = _other_pool(node, cidr)
        if self._pod_cidrs.get(name) != cidr:
            self._open(name, cidr, node if name == _other_pool(node, cidr) else "")
            self._allocators[name].load(self._store.allocations(name))
        return self._allocators[name]

    def pool_of_pod(self, node: str, address: str) -> str:
        """The pool of a node that the address of one of its pods is out of."""
        pools = (name for name in self._other_pools.get(node, ()) if self._allocators[name].contains(address))
        return next(pools, pod_pool_name(node, address))

    def _open(self, name: str, cidr: str, other_of: str = "") -> None:
        """Make a pool of a node's block; of those that the cluster did not give it, for the node `other_of`."""
        self._pod_cidrs[name] = cidr
        self._allocators[name] = _pod_allocator(cidr)
        if other_of and name not in self._other_pools[other_of]:
            self._other_pools[other_of].append(name)

    def reserve_block(self, family: str) -> str | None:
        """A free block for a node; None when there is none.

        One that pods still have addresses of, whose node is gone or has got another, is passed over: it must not be
        given to a node that would hand them out again.
        """
        allocator = self[of_family(POD_CIDRS, family)]
        inhabited: list[str] = []
        while (block := allocator.reserve()) is not None and allocator.is_reused(block) and self._is_inhabited(block):
            inhabited.append(block)
        for each in reversed(inhabited):
            allocator.cancel(each)
        return block

    def _is_inhabited(self, block: str) -> bool:
        network = ipaddress.ip_network(block)
        return any(
            each.owner is not None and each.pool.startswith(_POD_POOLS) and ipaddress.ip_address(each.value) in network
            for each in self._store.allocations()
        )

    def settle(self, owner: str, claims: Iterable[Claim], releases: Iterable[Claim]) -> None:
        """Follow a write that has happened: `owner` now holds `claims` and no longer `releases`."""
        for pool, value in releases:
            if allocator := self._allocators.get(pool):
                allocator.release(value)
        for pool, value in claims:
            if allocator := self._allocators.get(pool):
                allocator.claim(value, owner)


def _allocators_of(ranges: Ranges) -> dict[str, Allocator]:
    """Those of the cluster's own ranges, by their pool's name."""
    node_ports = PortRange(*ranges.node_ports)
    return {
        **{of_family(CLUSTER_IPS, cidr): _cluster_ips(cidr) for cidr in cidrs_of(ranges.service_cidr)},
        NODE_PORTS: Allocator(node_ports, dynamic_from=node_port_band(len(node_ports))),
        **{
            of_family(LOAD_BALANCERS, cidr): Allocator(AddressRange(cidr))
            for cidr in cidrs_of(ranges.load_balancer_cidr)
            if family_of(cidr) in ranges.service_families
        },
        **{
            of_family(POD_CIDRS, cidr): Allocator(BlockRange(cidr, ranges.prefix_of(cidr)))
            for cidr in cidrs_of(ranges.cluster_cidr)
        },
    }


def _cluster_ips(cidr: str) -> Allocator:
    addresses = ipaddress.ip_network(cidr).num_addresses
    return Allocator(AddressRange(cidr), dynamic_from=service_ip_band(addresses))


def _pod_allocator(cidr: str) -> Allocator:
    return Allocator(AddressRange(cidr, head=_POD_RANGE_HEAD))
