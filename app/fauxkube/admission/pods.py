"""What pods get on creation: tolerations for a node's short failures."""

from __future__ import annotations

from fauxkube.admission.chain import Operation, Review
from fauxkube.kinds.gvrs import PODS
from fauxkube.kinds.resource import Resource

_SECONDS = 300
_NOT_READY = "node.kubernetes.io/not-ready"
_UNREACHABLE = "node.kubernetes.io/unreachable"


def _creates_pod(resource: Resource, subresource: str, operation: Operation) -> bool:
    return resource.gvr == PODS and not subresource and operation is Operation.CREATE


class DefaultTolerationSeconds:
    """Upstream's `DefaultTolerationSeconds`: a pod outlives its node's not-ready and unreachable taints for 300 s."""

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        return _creates_pod(resource, subresource, operation)

    async def admit(self, review: Review) -> None:
        spec = (review.object or {}).get("spec")
        if not isinstance(spec, dict):
            return
        tolerations = spec.get("tolerations") or []
        missing = [key for key in (_NOT_READY, _UNREACHABLE) if not _tolerated(tolerations, key)]
        if missing:
            spec["tolerations"] = [
                *tolerations,
                *(
                    {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _SECONDS}
                    for key in missing
                ),
            ]


def _tolerated(tolerations: list[dict[str, object]], key: str) -> bool:
    return any(
        toleration.get("key") in (key, None, "") and toleration.get("effect") in ("NoExecute", None, "")
        for toleration in tolerations
    )
