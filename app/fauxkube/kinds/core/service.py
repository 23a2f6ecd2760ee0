"""Services: the resource and the rules of its writes, as upstream's `pkg/registry/core/service` has them."""

from __future__ import annotations

from collections.abc import Sequence

from fauxkube.kinds.core import service_table, service_validation
from fauxkube.kinds.core.service_allocation import (
    drop_type_dependent_fields,
    normalise_cluster_ips,
    patch_allocated_values,
)
from fauxkube.kinds.core.service_defaults import default_service
from fauxkube.kinds.resource import Resource, Strategy
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError
from fauxkube.machinery.objects import Object


class ServiceStrategy(Strategy):
    """The rules of a service's writes."""

    allow_create_on_update = True

    def validate_name(self, name: str) -> Sequence[str]:
        """A service's name is the first label of its DNS name; since 1.36 it may start with a digit (KEP-5311)."""
        return names.dns_label_problems(name)

    def default(self, obj: Object) -> None:
        default_service(obj)

    def prepare_for_create(self, obj: Object) -> None:
        obj["status"] = {"loadBalancer": {}}
        normalise_cluster_ips(obj, None)

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        super().prepare_for_update(obj, old)
        patch_allocated_values(obj, old)
        normalise_cluster_ips(obj, old)
        drop_type_dependent_fields(obj, old)

    def validate(self, obj: Object) -> list[FieldError]:
        return service_validation.validate_service(obj)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return service_validation.validate_service_update(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return service_validation.validate_service_status(obj)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return service_validation.service_warnings(obj)


def _fields(service: Object) -> dict[str, str]:
    spec = service["spec"]
    return {"spec.clusterIP": spec.get("clusterIP") or "", "spec.type": spec.get("type") or ""}


RESOURCE = Resource(
    kind="Service",
    plural="services",
    singular="service",
    short_names=("svc",),
    categories=("all",),
    subresources={"proxy": ("create", "delete", "get", "patch", "update"), "status": ("get", "patch", "update")},
    strategy=ServiceStrategy(),
    columns=service_table.COLUMNS,
    row=service_table.row,
    fields=_fields,
    field_names=("spec.clusterIP", "spec.type"),
    returns_deleted=True,
)
