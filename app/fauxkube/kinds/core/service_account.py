"""ServiceAccounts: the identities that pods run as. Of the secrets that one refers to, only the names are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fauxkube.kinds.resource import AGE_COLUMN, NAME_COLUMN, Resource, Strategy
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import age

ENFORCE_MOUNTABLE_SECRETS = "kubernetes.io/enforce-mountable-secrets"
_ENFORCE_DEPRECATED = (
    f"metadata.annotations[{ENFORCE_MOUNTABLE_SECRETS}]: deprecated in v1.32+; "
    "prefer separate namespaces to isolate access to mounted secrets"
)


class ServiceAccountStrategy(Strategy):
    """The rules of a service account's writes."""

    def prepare_for_create(self, obj: Object) -> None:
        _keep_names_of_secrets(obj)

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        _keep_names_of_secrets(obj)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        before = old is not None and _enforces_mountable_secrets(old)
        return [_ENFORCE_DEPRECATED] if _enforces_mountable_secrets(obj) and not before else []


def _enforces_mountable_secrets(service_account: Object) -> bool:
    return ENFORCE_MOUNTABLE_SECRETS in (service_account["metadata"].get("annotations") or {})


def _keep_names_of_secrets(obj: Object) -> None:
    if obj.get("secrets"):
        obj["secrets"] = [{"name": each["name"]} if each.get("name") else {} for each in obj["secrets"]]


def _row(service_account: Object, now: datetime) -> list[Any]:
    return [service_account["metadata"]["name"], age(service_account, now)]


RESOURCE = Resource(
    kind="ServiceAccount",
    plural="serviceaccounts",
    singular="serviceaccount",
    short_names=("sa",),
    strategy=ServiceAccountStrategy(),
    columns=(NAME_COLUMN, AGE_COLUMN),
    row=_row,
    returns_deleted=True,
)
