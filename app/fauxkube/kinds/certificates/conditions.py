"""What the conditions of a CertificateSigningRequest say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fauxkube.machinery.objects import Object
from fauxkube.machinery.times import to_time

APPROVED, DENIED, FAILED = "Approved", "Denied", "Failed"


def conditions_of(csr: Object) -> Sequence[Object]:
    """All of them."""
    found: Sequence[Object] = (csr.get("status") or {}).get("conditions") or ()
    return found


def of_type(csr: Object, type: str) -> list[Object]:
    """Those of a type."""
    return [each for each in conditions_of(csr) if each.get("type") == type]


def has(csr: Object, type: str) -> bool:
    """Whether there is one of that type; they are true where they are."""
    return any(each.get("type") == type for each in conditions_of(csr))


def is_approved(csr: Object) -> bool:
    """Whether it is approved and not denied as well."""
    return has(csr, APPROVED) and not has(csr, DENIED)


def certificate_of(csr: Object) -> str:
    """The certificate that was issued, PEM in base64; empty while there is none."""
    return (csr.get("status") or {}).get("certificate") or ""


def with_condition(csr: Object, type: str, *, reason: str, message: str) -> Object:
    """The request with one more condition, which is true; its times are the server's to set."""
    added = {"type": type, "status": "True", "reason": reason, "message": message}
    return csr | {"status": (csr.get("status") or {}) | {"conditions": [*conditions_of(csr), added]}}


def keep_conditions(csr: Object, old: Object, type: str) -> None:
    """Put the conditions of a type back as they were, unless some were added or removed."""
    before, conditions = of_type(old, type), conditions_of(csr)
    places = [index for index, each in enumerate(conditions) if each.get("type") == type]
    if before and len(before) == len(places):
        kept = dict(zip(places, before, strict=True))
        csr["status"]["conditions"] = [kept.get(index, each) for index, each in enumerate(conditions)]


def stamp(csr: Object, old: Object, now: datetime) -> None:
    """Say when conditions were written and turned, where they do not."""
    for condition in conditions_of(csr):
        condition["lastUpdateTime"] = condition.get("lastUpdateTime") or to_time(now)
        if not condition.get("lastTransitionTime"):
            condition["lastTransitionTime"] = _turned(condition, old) or to_time(now)


def _turned(condition: Object, old: Object) -> str:
    for each in of_type(old, condition.get("type") or ""):
        if each.get("status") == condition.get("status") and each.get("lastTransitionTime"):
            return str(each["lastTransitionTime"])
    return ""
