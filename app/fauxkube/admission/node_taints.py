"""TaintNodesByCondition: a new node is tainted not-ready until its kubelet has said that it is ready."""

from __future__ import annotations

from fauxkube.admission.chain import Operation, Review
from fauxkube.kinds.gvrs import NODES
from fauxkube.kinds.resource import Resource

NOT_READY_TAINT = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


class TaintNodesByCondition:
    """Upstream's `plugin/pkg/admission/nodetaint`."""

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        return resource.gvr == NODES and not subresource and operation is Operation.CREATE

    async def admit(self, review: Review) -> None:
        if review.object is None:
            return
        spec = review.object.setdefault("spec", {})
        taints = spec.get("taints") or []
        if NOT_READY_TAINT not in [{"key": taint.get("key"), "effect": taint.get("effect")} for taint in taints]:
            spec["taints"] = [*taints, dict(NOT_READY_TAINT)]
