"""A node's block of pod addresses, cut out of the cluster CIDR as the node registers.

Upstream's node IPAM controller does the same a moment later. A node that comes when all blocks are out is written
without one; its next write (the kubelet's own reports will do) tries again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxkube.machinery import status
from fauxkube.machinery.objects import Object, name_of
from fauxkube.registry.pools import POD_CIDRS, Pools
from fauxkube.store.model import Claim, Taken

if TYPE_CHECKING:
    from fauxkube.registry.allocation import Reservation


class NodeBlocks:
    """Holds `spec.podCIDR`."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    def assign(self, obj: Object, old: Object | None, reservation: Reservation) -> None:
        if obj.get("spec", {}).get("podCIDR"):
            return
        spec = obj["spec"] = dict(obj.get("spec") or {})
        block = self._pools[POD_CIDRS].reserve()
        if block is not None:
            spec["podCIDR"] = reservation.hold(POD_CIDRS, block)
            spec["podCIDRs"] = [block]

    def holdings(self, key: str, obj: Object) -> set[Claim]:
        pool = self._pools[POD_CIDRS]
        cidrs = obj.get("spec", {}).get("podCIDRs") or ()
        return {Claim(POD_CIDRS, cidr) for cidr in cidrs if pool.contains(cidr) and pool.owner_of(cidr) in (None, key)}

    def refusal(self, obj: Object, taken: Taken) -> status.StatusError:
        problem = f"the pod CIDR {taken.claim.value} is another node's ({taken.owner})"
        return status.conflict("nodes", name_of(obj), problem)
