"""The rules on certificate signing requests (`pkg/apis/certificates/validation`)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

from fauxkube.kinds.certificates.conditions import APPROVED, DENIED, FAILED, certificate_of, conditions_of, of_type
from fauxkube.kinds.certificates.pkcs10 import PemError, certificates_problem, request_of, signature_problem
from fauxkube.machinery import names
from fauxkube.machinery.fields import FieldError, Path
from fauxkube.machinery.objects import Object

#: The signer of before there were signers, which only requests of an older version may name.
LEGACY_SIGNER = "kubernetes.io/legacy-unknown"

USAGES = tuple(
    sorted(
        (
            "signing",
            "digital signature",
            "content commitment",
            "key encipherment",
            "key agreement",
            "data encipherment",
            "cert sign",
            "crl sign",
            "encipher only",
            "decipher only",
            "any",
            "server auth",
            "client auth",
            "code signing",
            "email protection",
            "s/mime",
            "ipsec end system",
            "ipsec tunnel",
            "ipsec user",
            "timestamping",
            "ocsp signing",
            "microsoft sgc",
            "netscape sgc",
        )
    )
)
#: Seconds that a certificate is asked for at least.
_SHORTEST = 600
_DOMAIN_LENGTH = 253
_SIGNER_LENGTH = _DOMAIN_LENGTH + 1 + 63 + 1 + 253
_SPEC, _STATUS = Path("spec"), Path("status")
_SIGNER, _CONDITIONS, _CERTIFICATE = (
    _SPEC.child("signerName"),
    _STATUS.child("conditions"),
    _STATUS.child("certificate"),
)


def validate_request(csr: Object, old: Object | None = None) -> list[FieldError]:
    """The rules on a request by itself; what `old` already had is let through."""
    spec = csr["spec"]
    errors = _pem_errors(csr) + _usage_errors(spec.get("usages") or ())
    errors += _signer_errors(spec.get("signerName") or "", old)
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _SHORTEST:
        problem = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(_SPEC.child("expirationSeconds").invalid(seconds, problem))
    errors += _condition_errors(conditions_of(csr))
    if old is None or certificate_of(csr) != certificate_of(old):
        errors += _certificate_errors(certificate_of(csr))
    return errors


def _pem_errors(csr: Object) -> list[FieldError]:
    try:
        problem = signature_problem(request_of(csr))
    except PemError as error:
        problem = str(error)
    return [_SPEC.child("request").invalid(csr["spec"].get("request"), problem)] if problem else []


def _usage_errors(usages: Sequence[str]) -> list[FieldError]:
    path = _SPEC.child("usages")
    if not usages:
        return [path.required()]
    unknown = [path.index(at).not_supported(each, USAGES) for at, each in enumerate(usages) if each not in USAGES]
    twice = [path.index(at).duplicate(each) for at, each in enumerate(usages) if each in usages[:at]]
    return unknown + twice


def _signer_errors(name: str, old: Object | None) -> list[FieldError]:
    if name == LEGACY_SIGNER:
        known = old is not None and old["spec"].get("signerName") == LEGACY_SIGNER
        return [] if known else [_SIGNER.invalid(name, "the legacy signerName is not allowed via this API version")]
    if not name:
        return [_SIGNER.required()]
    segments = name.split("/")
    if len(segments) != 2:
        form = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [_SIGNER.invalid(name, form)]
    errors = _domain_errors(segments[0])
    errors += _label_errors(segments[1], segments[1].split("."), names.dns_subdomain_problems)
    return [*errors, _SIGNER.too_long(_SIGNER_LENGTH)] if len(name) > _SIGNER_LENGTH else errors


def _domain_errors(domain: str) -> list[FieldError]:
    errors = [_SIGNER.too_long(_DOMAIN_LENGTH)] if len(domain) > _DOMAIN_LENGTH else []
    labels = domain.split(".")
    errors += _label_errors(domain, labels, names.dns_label_problems)
    if len(labels) < 2:
        errors.append(_SIGNER.invalid(domain, "should be a domain with at least two segments separated by dots"))
    return errors


def _label_errors(segment: str, labels: Sequence[str], problems_of: Callable[[str], Sequence[str]]) -> list[FieldError]:
    """What is wrong with the first label that something is wrong with."""
    for label in labels:
        if problems := problems_of(label):
            return [_SIGNER.invalid(segment, f'validating label "{label}": {each}') for each in problems]
    return []


def _condition_errors(conditions: Sequence[Object]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for at, condition in enumerate(conditions):
        sort, path = condition.get("type") or "", _CONDITIONS.index(at)
        errors += [path.child("type").required()] if not sort else []
        errors += _state_errors(sort, condition.get("status") or "", path.child("status"))
        if (sort == APPROVED and DENIED in seen) or (sort == DENIED and APPROVED in seen):
            errors.append(_CONDITIONS.invalid(sort, "Approved and Denied conditions are mutually exclusive"))
        errors += [path.child("type").duplicate(sort)] if sort in seen else []
        seen.add(sort)
    return errors


def _state_errors(type: str, state: str, path: Path) -> list[FieldError]:
    allowed = ("True",) if type in (APPROVED, DENIED, FAILED) else ("False", "True", "Unknown")
    if not state:
        return [path.required()]
    return [] if state in allowed else [path.not_supported(state, allowed)]


def _certificate_errors(certificate: str) -> list[FieldError]:
    problem = certificates_problem(base64.b64decode(certificate))
    return [_CERTIFICATE.invalid("<certificate data>", problem)] if problem else []


def validate_request_update(
    csr: Object, old: Object, *, approves: bool = False, issues: bool = False
) -> list[FieldError]:
    """The rules on a change; what only some may change is theirs who `approve`, and theirs who `issue`."""
    errors = [
        _CONDITIONS.forbidden(f'updates may not remove a condition of type "{sort}"')
        for sort in (APPROVED, DENIED, FAILED)
        if len(of_type(csr, sort)) < len(of_type(old, sort))
    ]
    if not approves:
        errors += [error for sort in (APPROVED, DENIED) for error in _approval_errors(csr, old, sort)]
    if certificate_of(csr) != certificate_of(old):
        if not issues:
            errors.append(_CERTIFICATE.forbidden("updates may not set certificate content"))
        elif certificate_of(old):
            errors.append(_CERTIFICATE.forbidden("updates may not modify existing certificate content"))
    return errors


def _approval_errors(csr: Object, old: Object, type: str) -> list[FieldError]:
    new, before = of_type(csr, type), of_type(old, type)
    if len(new) > len(before):
        return [_CONDITIONS.forbidden(f'updates may not add a condition of type "{type}"')]
    if len(new) == len(before) and new != before:
        return [_CONDITIONS.forbidden(f'updates may not modify a condition of type "{type}"')]
    return []
