"""DefaultIngressClass: a new ingress that names no class gets the one that is marked as the default."""

from __future__ import annotations

from fauxkube.admission.chain import Lookup, Operation, Review
from fauxkube.kinds.gvrs import INGRESS_CLASSES, INGRESSES
from fauxkube.kinds.networking.ingress import annotated_class
from fauxkube.kinds.networking.ingress_class import is_default
from fauxkube.kinds.resource import Resource
from fauxkube.machinery.objects import Object, name_of


class DefaultIngressClass:
    """Upstream's `plugin/pkg/admission/network/defaultingressclass`; of several defaults the newest counts."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def handles(self, resource: Resource, subresource: str, operation: Operation) -> bool:
        return resource.gvr == INGRESSES and not subresource and operation is Operation.CREATE

    async def admit(self, review: Review) -> None:
        ingress = review.object
        if ingress is None or annotated_class(ingress) is not None:
            return
        default = self._default()
        if default is not None and ingress["spec"].get("ingressClassName") is None:
            ingress["spec"]["ingressClassName"] = name_of(default)

    def _default(self) -> Object | None:
        """The default class; of those made in the same second the first by name."""
        classes = sorted(filter(is_default, self._lookup.list_all(INGRESS_CLASSES)), key=name_of)
        return max(classes, key=lambda each: str(each["metadata"]["creationTimestamp"]), default=None)
