"""NamespaceLifecycle: nothing is created in a namespace that is not there or is going, and some namespaces stay."""

from __future__ import annotations

from fauxkube.admission.chain import Lookup, Operation, Review
from fauxkube.kinds.gvrs import NAMESPACES
from fauxkube.kinds.resource import Resource
from fauxkube.machinery import status
from fauxkube.machinery.objects import is_terminating

#: Namespaces that the API server will not delete.
IMMORTAL = frozenset({"default", "kube-system", "kube-public"})

#: How long a create waits for a namespace that may be on its way, in seconds (`missingNamespaceWait`).
_GRACE = 0.05


class NamespaceLifecycle:
    """Upstream's `plugin/pkg/admission/namespace/lifecycle`."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        if resource.gvr == NAMESPACES:
            return operation is Operation.DELETE
        return resource.namespaced and operation is Operation.CREATE

    async def admit(self, review: Review) -> None:
        if review.operation is Operation.DELETE:
            if review.name in IMMORTAL:
                raise status.forbidden("namespaces", review.name, "this namespace may not be deleted")
            return
        namespace = self._lookup.find(NAMESPACES, "", review.namespace)
        if namespace is None:
            namespace = await self._lookup.wait_for(NAMESPACES, "", review.namespace, seconds=_GRACE)
        if namespace is None:
            raise status.not_found("namespaces", review.namespace)
        if is_terminating(namespace):
            raise self._terminating(review)

    def _terminating(self, review: Review) -> status.StatusError:
        causes = [
            {
                "reason": "NamespaceTerminating",
                "message": f"namespace {review.namespace} is being terminated",
                "field": "metadata.namespace",
            }
        ]
        problem = f"unable to create new content in namespace {review.namespace} because it is being terminated"
        return status.forbidden(review.resource.group_resource, review.name, problem, causes=causes)
