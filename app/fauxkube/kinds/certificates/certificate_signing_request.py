"""CertificateSigningRequests: who asks for which certificate, whether they get it, and the certificate.

Who asks is set by the server from the request's user, and what is asked for never changes. `approval` alone approves
and denies, `status` alone brings the certificate, as in upstream's `pkg/registry/certificates/certificates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fauxkube.kinds.certificates.conditions import (
    APPROVED,
    DENIED,
    FAILED,
    certificate_of,
    conditions_of,
    has,
    keep_conditions,
    stamp,
)
from fauxkube.kinds.certificates.validation import validate_request, validate_request_update
from fauxkube.kinds.resource import NAME_COLUMN, Column, Resource, Strategy
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError
from fauxkube.machinery.objects import Object
from fauxkube.machinery.table import NONE, age, human_duration
from fauxkube.machinery.users import UserInfo

_ASKER = ("username", "uid", "groups", "extra")


class RequestStrategy(Strategy):
    """The rules of a request's writes."""

    def validate_name(self, name: str) -> Sequence[str]:
        return names.path_segment_problems(name)

    def default(self, obj: Object) -> None:
        obj.setdefault("spec", {})
        obj.setdefault("status", {})

    def prepare_for_create(self, obj: Object) -> None:
        obj["status"] = {}

    def mark(self, obj: Object, old: Object | None, *, user: UserInfo, now: datetime) -> None:
        if old is not None:
            stamp(obj, old, now)
            return
        obj["spec"] = {name: value for name, value in obj["spec"].items() if name not in _ASKER} | _asker(user)

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        super().prepare_for_update(obj, old)
        obj["spec"] = old["spec"]

    def prepare_for_status_update(self, obj: Object, old: Object) -> None:
        super().prepare_for_status_update(obj, old)
        for sort in (APPROVED, DENIED):
            keep_conditions(obj, old, sort)

    def validate_create(self, obj: Object) -> list[FieldError]:
        return validate_request(obj)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_request(obj, old) + validate_request_update(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_request(obj, old) + validate_request_update(obj, old, issues=True)


class ApprovalStrategy(RequestStrategy):
    """The rules of writes to `approval`, which change the conditions and nothing else."""

    def prepare_for_update(self, obj: Object, old: Object) -> None:
        conditions = conditions_of(obj)
        super().prepare_for_update(obj, old)
        obj["status"] = {key: value for key, value in (old.get("status") or {}).items() if key != "conditions"}
        if conditions:
            obj["status"]["conditions"] = conditions

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validate_request(obj, old) + validate_request_update(obj, old, approves=True)


def _asker(user: UserInfo) -> Object:
    asker = {
        "username": user.name,
        "uid": user.uid,
        "groups": list(user.groups),
        "extra": {key: list(values) for key, values in user.extra.items()},
    }
    return {name: value for name, value in asker.items() if value}


def _row(csr: Object, now: datetime) -> list[Any]:
    spec = csr["spec"]
    seconds = spec.get("expirationSeconds")
    asked = NONE if seconds is None else human_duration(timedelta(seconds=seconds))
    signer = spec.get("signerName") or NONE
    return [csr["metadata"]["name"], age(csr, now), signer, spec.get("username") or "", asked, _state(csr)]


def _state(csr: Object) -> str:
    words = ["Denied" if has(csr, DENIED) else "Approved" if has(csr, APPROVED) else "Pending"]
    words += ["Failed"] if has(csr, FAILED) else []
    words += ["Issued"] if certificate_of(csr) else []
    return ",".join(words)


def _fields(csr: Object) -> dict[str, str]:
    return {"spec.signerName": csr["spec"].get("signerName") or ""}


_UPDATED = ("get", "patch", "update")

RESOURCE = Resource(
    group="certificates.k8s.io",
    kind="CertificateSigningRequest",
    plural="certificatesigningrequests",
    singular="certificatesigningrequest",
    namespaced=False,
    short_names=("csr",),
    subresources={"approval": _UPDATED, "status": _UPDATED},
    strategy=RequestStrategy(),
    subresource_strategies={"approval": ApprovalStrategy()},
    columns=(
        NAME_COLUMN,
        Column("Age", "CreationTimestamp is the server's time when this object was created."),
        Column("SignerName", "The signer that is asked for the certificate."),
        Column("Requestor", "The user who asks."),
        Column("RequestedDuration", "How long the certificate is asked to be valid."),
        Column("Condition", "Whether the request is approved, denied, failed, or its certificate issued."),
    ),
    row=_row,
    fields=_fields,
    field_names=("spec.signerName",),
)
