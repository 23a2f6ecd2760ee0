"""A pod's addresses, which its node's network add-on reserves and its status then carries.

The API server accepts whatever address a pod's status names, as upstream does; it is claimed where it lies in the
node's pool and is nobody else's, so that it is not handed out again before the pod has gone or run to its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxkube.ipam.families import canonical_ip
from fauxkube.kinds.core.pod_status import is_terminal
from fauxkube.machinery import status
from fauxkube.machinery.objects import Object, name_of
from fauxkube.registry.pools import Pools
from fauxkube.store.model import Claim, Taken
from fauxkube.store.store import Store

if TYPE_CHECKING:
    from fauxkube.registry.allocation import Reservation


class PodAddresses:
    """Holds `status.podIPs`."""

    def __init__(self, pools: Pools, store: Store) -> None:
        self._pools = pools
        self._store = store

    def assign(self, obj: Object, old: Object | None, reservation: Reservation) -> None:
        """Nothing: the node's network add-on has reserved the address."""

    def holdings(self, key: str, obj: Object) -> set[Claim]:
        addresses = obj.get("status", {}).get("podIPs")
        spec = obj["spec"]
        if not addresses or spec.get("hostNetwork") or is_terminal(obj):
            return set()
        node = spec.get("nodeName") or ""
        given = (canonical_ip(address["ip"]) for address in addresses if address.get("ip"))
        claims = (Claim(self._pools.pool_of_pod(node, address), address) for address in given)
        return {claim for claim in claims if self._may_hold(key, claim)}

    def _may_hold(self, key: str, claim: Claim) -> bool:
        owner = self._store.owner_of(claim)
        if owner is not None:
            return owner == key
        allocator = self._pools.find(claim.pool)
        return allocator is not None and allocator.contains(claim.value)

    def refusal(self, obj: Object, taken: Taken) -> status.StatusError:
        return status.conflict(
            "pods", name_of(obj), f"the address {taken.claim.value} is another pod's ({taken.owner})"
        )
