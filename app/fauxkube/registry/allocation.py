"""Which addresses, blocks and ports an object holds, and the hooks that give it those it needs.

What an object holds is read off the object itself, so that the claims written with it, in the same transaction, never
disagree with it: a service holds its cluster IPs, node ports and ingress addresses, a node its pod CIDR, a pod its
address. What is missing is reserved just before the write, and goes back when the write does not happen.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Protocol

from fauxkube.kinds.gvrs import NODES, PODS, SERVICES
from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status
from fauxkube.machinery.objects import GVR, Object
from fauxkube.registry.node_blocks import NodeBlocks
from fauxkube.registry.pod_addresses import PodAddresses
from fauxkube.registry.pools import Pools
from fauxkube.registry.service_addresses import ServiceAddresses
from fauxkube.store.model import Claim, Taken
from fauxkube.store.store import Store


class Reservation:
    """What has been reserved for one write; leaving its `with` block unsettled gives it back."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._reserved: list[Claim] = []

    def hold(self, pool: str, value: str) -> str:
        """Note a reserved value."""
        self._reserved.append(Claim(pool, value))
        return value

    def settle(self, owner: str, claims: Iterable[Claim], releases: Iterable[Claim]) -> None:
        """The write has happened."""
        self._reserved.clear()
        self._pools.settle(owner, claims, releases)

    def __enter__(self) -> Reservation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool, value in self._reserved:
            self._pools[pool].cancel(value)
        self._reserved.clear()


class Holder(Protocol):
    """The rules of one kind that holds values."""

    def assign(self, obj: Object, old: Object | None, reservation: Reservation) -> None:
        """Give `obj` what it needs and lacks; StatusError when that cannot be had."""

    def holdings(self, key: str, obj: Object) -> set[Claim]:
        """What an object under that key holds."""

    def refusal(self, obj: Object, taken: Taken) -> status.StatusError:
        """What to answer when a value turned out to be another's."""


class Allocations:
    """The hooks of all kinds that hold values."""

    def __init__(self, pools: Pools, store: Store) -> None:
        self._pools = pools
        self._store = store
        self._holders: dict[GVR, Holder] = {
            SERVICES: ServiceAddresses(pools),
            NODES: NodeBlocks(pools),
            PODS: PodAddresses(pools, store),
        }

    def assign(self, resource: Resource, obj: Object, old: Object | None) -> Reservation:
        """Reserve what `obj` needs, and put it in."""
        reservation = Reservation(self._pools)
        if holder := self._holders.get(resource.gvr):
            try:
                holder.assign(obj, old, reservation)
            except BaseException:
                reservation.__exit__(None, None, None)
                raise
        return reservation

    def changes(
        self, resource: Resource, key: str, new: Object | None, old: Object | None
    ) -> tuple[list[Claim], list[Claim]]:
        """What a write claims and releases; `new` is None when the object goes, `old` when it comes."""
        holder = self._holders.get(resource.gvr)
        if holder is None:
            return [], []
        after = holder.holdings(key, new) if new else set()
        before = holder.holdings(key, old) if old else set()
        held = [claim for claim in before - after if self._store.owner_of(claim) == key]
        return sorted(after - before), sorted(held)

    def settle(self, owner: str, claims: Iterable[Claim], releases: Iterable[Claim]) -> None:
        """A write without a reservation has happened."""
        self._pools.settle(owner, claims, releases)

    def refusal(self, resource: Resource, obj: Object, taken: Taken) -> status.StatusError:
        """What to answer when the store found a value to be another's."""
        return self._holders[resource.gvr].refusal(obj, taken)
