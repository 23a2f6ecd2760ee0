"""The nodes' leases in `kube-node-lease`, renewed every ten seconds (the kubelet's `nodelease`, KEP-9).

A lease belongs to its node, so it goes when the node goes.
"""

from __future__ import annotations

from fauxkube.client.loop import Loop
from fauxkube.kinds.gvrs import LEASES, NODES
from fauxkube.machinery.objects import Object, name_of
from fauxkube.machinery.status import StatusError
from fauxkube.machinery.times import from_time, to_micro_time
from fauxkube.nodes.context import Context
from fauxkube.nodes.node_faults import NodeFaults

NAMESPACE = "kube-node-lease"
#: Seconds between two renewals (up to a twenty-fifth more, so that nodes do not renew in step), and after how many the
#: node counts as lost.
RENEW_SECONDS = 10.0
_JITTER = 0.04
DURATION_SECONDS = 40

_WORKERS = 4


class Heartbeats:
    """The leases of the nodes that were handed to `keep`, for as long as those exist and are heard of."""

    def __init__(self, context: Context, faults: NodeFaults) -> None:
        self._client = context.client
        self._nodes = context.informers.of(NODES)
        self._leases = context.informers.of(LEASES)
        self._clock = context.clock
        self._chance = context.chance
        self._faults = faults
        self._kept: set[str] = set()
        #: The kept nodes that are silent.
        self._missed: set[str] = set()
        faults.on_change(self._resume)
        #: Renews what is due; to be started and closed by the owner.
        self.loop = Loop("kubelet-leases", context.clock, self._renew, workers=_WORKERS)

    def keep(self, node: str) -> None:
        """Keep the node's lease from now on."""
        if node not in self._kept:
            self._kept.add(node)
            self.loop.queue.add_after(node, self._seconds_left(node))

    def _resume(self, node: str) -> None:
        """A silent node may be heard of again."""
        if node in self._missed:
            self._missed.discard(node)
            self.loop.queue.add(node)

    def _seconds_left(self, node: str) -> float:
        """For how long the lease needs no renewal; a fork takes over what its source has just renewed."""
        lease = self._leases.get(f"{NAMESPACE}/{node}")
        renewed = lease["spec"].get("renewTime") if lease else None
        return RENEW_SECONDS - (self._clock.now() - from_time(renewed)).total_seconds() if renewed else 0.0

    def drop(self, node: str) -> None:
        """The node is gone."""
        self._kept.discard(node)
        self._missed.discard(node)

    async def _renew(self, name: str) -> None:
        node = self._nodes.get(name)
        if node is None or name not in self._kept:
            return
        if self._faults.silent(name):
            self._missed.add(name)
            return
        now = to_micro_time(self._clock.now())
        try:
            await self._client.patch(LEASES, name, {"spec": {"renewTime": now}}, namespace=NAMESPACE)
        except StatusError as error:
            if error.code != 404:
                raise
            await self._client.create(LEASES, new_lease(node, now), namespace=NAMESPACE)
        jitter = _JITTER * self._chance.of("lease", name).random()
        self.loop.queue.add_after(name, RENEW_SECONDS * (1 + jitter))


def new_lease(node: Object, now: str) -> Object:
    """A node's lease; `now` is a MicroTime."""
    name = name_of(node)
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": NAMESPACE, "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": DURATION_SECONDS, "renewTime": now},
    }
