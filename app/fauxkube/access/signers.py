"""Which certificate requests Kubernetes' own signers sign, for how long, and which the control plane approves itself.

Mirrors `pkg/apis/certificates/helpers.go` and `pkg/controller/certificates/{approver,signer}`. Pure functions on a
CertificateSigningRequest and the PKCS#10 request in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from fauxkube.access import bootstrap_tokens
from fauxkube.kinds.certificates.pkcs10 import CertificateRequest
from fauxkube.kinds.certificates.validation import LEGACY_SIGNER
from fauxkube.machinery.objects import Object
from fauxkube.machinery.users import MASTERS

CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING = "kubernetes.io/kubelet-serving"

NODES_GROUP = "system:nodes"
NODE_PREFIX = "system:node:"

#: How long certificates last at most (`--cluster-signing-duration`), and at least.
_LONGEST = timedelta(hours=8760)
_SHORTEST = timedelta(minutes=10)
#: How far back they begin, for clocks that are slow; it counts for those that last as long as `_SHORT`.
_BACKDATED = timedelta(minutes=5)
_SHORT = timedelta(hours=8)

_SIGNATURE, _ENCIPHERMENT = "digital signature", "key encipherment"


class Validity(NamedTuple):
    """From when until when a certificate is valid."""

    since: datetime
    until: datetime


def refusal(csr: Object, request: CertificateRequest) -> str | None:
    """Why its signer cannot sign the request, empty when it can; None where the signer is none of Kubernetes' own."""
    rule = _RULES.get(csr["spec"]["signerName"])
    return rule(request, set(csr["spec"].get("usages") or ())) if rule else None


def validity(csr: Object, now: datetime) -> Validity:
    """How long the certificate is to be valid that is signed now."""
    asked = csr["spec"].get("expirationSeconds")
    life = _LONGEST if asked is None else min(max(timedelta(seconds=asked), _SHORTEST), _LONGEST)
    now = now.replace(microsecond=0)
    since = now - _BACKDATED
    return Validity(since, now + life if life < _SHORT else since + life)


def automatic_approval(csr: Object, request: CertificateRequest) -> str:
    """What is said of a request that the control plane approves by itself; empty where it does not.

    Whether the user may have it is a matter of roles upstream; here it is theirs whom kubeadm gives these roles to:
    those with a bootstrap token, and nodes for their own name.
    """
    spec = csr["spec"]
    usages = set(spec.get("usages") or ())
    if spec["signerName"] != KUBELET_CLIENT or _kubelet_client(request, usages):
        return ""
    groups = set(spec.get("groups") or ())
    if spec.get("username") == request.common_name and groups & {NODES_GROUP, MASTERS}:
        return "Auto approving self kubelet client certificate after SubjectAccessReview."
    if groups & {bootstrap_tokens.GROUP, MASTERS}:
        return "Auto approving kubelet client certificate after SubjectAccessReview."
    return ""


def _kubelet_serving(request: CertificateRequest, usages: set[str]) -> str:
    names = request.alternatives
    if request.organizations != [NODES_GROUP]:
        return "subject organization is not system:nodes"
    if not names["DNS"] and not names["IP"]:
        return "DNS or IP subjectAltName is required"
    if sort := _first(names, ("Email", "URI")):
        return f"{sort} subjectAltNames are not allowed"
    if problem := _usages_problem(usages, "server auth"):
        return problem
    return _node_problem(request)


def _kubelet_client(request: CertificateRequest, usages: set[str]) -> str:
    if request.organizations != [NODES_GROUP]:
        return "subject organization is not system:nodes"
    if sort := _first(request.alternatives, ("DNS", "Email", "IP", "URI")):
        return f"{sort} subjectAltNames are not allowed"
    return _node_problem(request) or _usages_problem(usages, "client auth")


def _client(usages: set[str]) -> str:
    for usage in sorted(usages - {_SIGNATURE, _ENCIPHERMENT, "client auth"}):
        return f"invalid usage for client certificate: {usage}"
    return "" if "client auth" in usages else "missing required usage for client certificate: client auth"


_RULES: Mapping[str, Callable[[CertificateRequest, set[str]], str]] = {
    CLIENT: lambda _, usages: _client(usages),
    KUBELET_CLIENT: _kubelet_client,
    KUBELET_SERVING: _kubelet_serving,
    LEGACY_SIGNER: lambda *_: "",
}


def _first(names: Mapping[str, list[str]], sorts: Iterable[str]) -> str:
    return next((sort for sort in sorts if names[sort]), "")


def _node_problem(request: CertificateRequest) -> str:
    named = request.common_name.startswith(NODE_PREFIX)
    return "" if named else "subject common name does not begin with system:node:"


def _usages_problem(usages: set[str], purpose: str) -> str:
    """They are those of a signing key for the purpose, which may encipher keys, too."""
    if usages - {_ENCIPHERMENT} == {_SIGNATURE, purpose}:
        return ""
    return f"usages did not match [{' '.join(sorted((_SIGNATURE, _ENCIPHERMENT, purpose)))}]"
