"""What pods get on creation from two small plugins: a priority, and tolerations for a node's short failures."""

from __future__ import annotations

from fauxkube.admission.chain import Operation, Review
from fauxkube.kinds.gvrs import PODS
from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status

#: The classes that every cluster has (`scheduling.SystemPriorityClasses`); named ones come with the PriorityClass kind.
SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}

_SECONDS = 300
_NOT_READY = "node.kubernetes.io/not-ready"
_UNREACHABLE = "node.kubernetes.io/unreachable"


def _creates_pod(resource: Resource, subresource: str, operation: Operation) -> bool:
    return resource.gvr == PODS and not subresource and operation is Operation.CREATE


class Priority:
    """Upstream's `Priority`: the class's value is written into the pod; without a class it is 0."""

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        return _creates_pod(resource, subresource, operation)

    async def admit(self, review: Review) -> None:
        spec = (review.object or {}).get("spec")
        if not isinstance(spec, dict):
            return
        name = spec.get("priorityClassName") or ""
        if name and name not in SYSTEM_PRIORITIES:
            raise status.forbidden("pods", review.name, f"no PriorityClass with name {name} was found")
        value = SYSTEM_PRIORITIES.get(name, 0)
        if spec.get("priority") not in (None, value):
            problem = (
                f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
                f"priority admission controller computed {value} from the given PriorityClass name"
            )
            raise status.forbidden("pods", review.name, problem)
        spec["priority"] = value
        spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


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
