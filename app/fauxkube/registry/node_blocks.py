"""A node's blocks of pod addresses, cut out of the cluster's CIDRs as the node registers: one for each IP family.

Upstream's node IPAM controller does the same a moment later. A node that comes when all blocks of a family are out is
written without any; its next write (the kubelet's own reports will do) tries again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxkube.kinds.core.node_network import own_blocks
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object, name_of
from fauxkube.registry.pools import ADD_ON_BLOCKS, POD_CIDRS, Pools, of_family
from fauxkube.store.model import Claim, Taken

if TYPE_CHECKING:
    from fauxkube.registry.allocation import Reservation


class NodeBlocks:
    """Holds `spec.podCIDRs`, and what add-ons took for the node out of ranges of their own."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    def assign(self, obj: Object, old: Object | None, reservation: Reservation) -> None:
        if not self._pools.ranges.node_blocks or obj.get("spec", {}).get("podCIDR"):
            return
        spec = obj["spec"] = dict(obj.get("spec") or {})
        if blocks := self._reserve(reservation):
            spec["podCIDR"], spec["podCIDRs"] = blocks[0], blocks

    def _reserve(self, reservation: Reservation) -> list[str]:
        """A block of each family in the cluster's order; none where a family has none left."""
        blocks: list[str] = []
        for family in self._pools.ranges.families:
            block = self._pools.reserve_block(family)
            if block is None:
                for other in blocks:
                    self._pools[of_family(POD_CIDRS, other)].cancel(other)
                return []
            blocks.append(block)
        for block in blocks:
            reservation.hold(of_family(POD_CIDRS, block), block)
        return blocks

    def holdings(self, key: str, obj: Object) -> set[Claim]:
        cidrs = obj.get("spec", {}).get("podCIDRs") or ()
        claims = (Claim(of_family(POD_CIDRS, cidr), cidr) for cidr in cidrs)
        given = {claim for claim in claims if self._may_hold(key, claim)}
        return given | {Claim(ADD_ON_BLOCKS, block) for block in own_blocks(obj)}

    def _may_hold(self, key: str, claim: Claim) -> bool:
        pool = self._pools.find(claim.pool)
        return pool is not None and pool.contains(claim.value) and pool.owner_of(claim.value) in {None, key}

    def refusal(self, obj: Object, taken: Taken) -> status.StatusError:
        problem = f"the pod CIDR {taken.claim.value} is another node's ({taken.owner})"
        return status.conflict("nodes", name_of(obj), problem)
