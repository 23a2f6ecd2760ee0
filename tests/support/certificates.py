"""Certificate requests as tests make them."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fauxkube.access.signers import CLIENT
from fauxkube.kinds.certificates.pkcs10 import CertificateRequest, parse_request
from fauxkube.machinery.objects import Object

KEY = ec.derive_private_key(12_345, ec.SECP256R1())
KUBELET_USAGES = ("digital signature", "client auth")


def pem_of(
    common_name: str = "jane", organizations: Sequence[str] = ("dev",), alternatives: Sequence[x509.GeneralName] = ()
) -> bytes:
    """A PKCS#10 request, PEM."""
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def request(*args: str | Sequence[str], alternatives: Sequence[x509.GeneralName] = ()) -> CertificateRequest:
    """The same, parsed."""
    return parse_request(pem_of(*args, alternatives=alternatives))  # type: ignore[arg-type]


def csr(
    name: str = "jane",
    *,
    pem: bytes | None = None,
    signer: str = CLIENT,
    usages: Sequence[str] = ("client auth",),
    seconds: int | None = None,
) -> Object:
    """A CertificateSigningRequest to create."""
    spec: Object = {
        "request": base64.b64encode(pem_of() if pem is None else pem).decode(),
        "signerName": signer,
        "usages": list(usages),
    }
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": spec | ({} if seconds is None else {"expirationSeconds": seconds}),
    }
