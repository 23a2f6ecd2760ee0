"""The cluster's certificate authority: a key and a certificate of its own, which signs others.

It is kept as the secret `kube-system/fauxkube-ca`, as there is no machine to keep files on. Keys are ECDSA P-256, and
signatures, serial numbers and keys follow a seeded `Chance`. Mirrors `pkg/controller/certificates/authority` and
kubeadm's `util/pkiutil`. `cryptography` is imported once something is to be signed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from fauxkube.kinds.certificates.pkcs10 import CertificateRequest
from fauxkube.kit.chance import Chance
from fauxkube.machinery.objects import Object

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

NAMESPACE: Final = "kube-system"
NAME: Final = "fauxkube-ca"
SECRET_TYPE: Final = "kubernetes.io/tls"  # noqa: S105 - no password, but the type of secrets that hold a key
#: How long the authority itself lasts, as kubeadm's does.
_CA_LIFE = timedelta(days=3650)
_SERIAL_BITS = 128

_KEY_USAGES: Mapping[str, str] = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
_EXTENDED_USAGES: Mapping[str, str] = {
    "any": "2.5.29.37.0",
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3",
    "email protection": "1.3.6.1.5.5.7.3.4",
    "s/mime": "1.3.6.1.5.5.7.3.4",
    "ipsec end system": "1.3.6.1.5.5.7.3.5",
    "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
    "ipsec user": "1.3.6.1.5.5.7.3.7",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp signing": "1.3.6.1.5.5.7.3.9",
    "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
    "netscape sgc": "2.16.840.1.113730.4.1",
}


class AuthorityExpiredError(Exception):
    """The authority's own certificate has ended."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority's certificate and key, both PEM."""

    certificate: bytes
    key: bytes

    def to_secret(self) -> Object:
        """The secret that it is kept as."""
        data = {"tls.crt": self.certificate, "tls.key": self.key}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "type": SECRET_TYPE,
            "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
        }

    @classmethod
    def from_secret(cls, secret: Object) -> Authority:
        """The authority that a secret of type `kubernetes.io/tls` keeps."""
        data = secret["data"]
        return cls(base64.b64decode(data["tls.crt"]), base64.b64decode(data["tls.key"]))

    @property
    def hash(self) -> str:
        """The hash of its public key, by which nodes know it: `sha256:...`."""
        return key_hash(self.certificate)

    def sign(
        self, request: CertificateRequest, usages: Sequence[str], *, since: datetime, until: datetime, chance: Chance
    ) -> bytes:
        """The certificate that is asked for, PEM; it ends with the authority's own at the latest.

        AuthorityExpiredError once that has ended.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization

        own = x509.load_pem_x509_certificate(self.certificate)
        if since >= own.not_valid_after_utc:
            raise AuthorityExpiredError(f"the signer has expired: NotAfter={own.not_valid_after_utc}")
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.csr.subject)
            .issuer_name(own.subject)
            .public_key(request.csr.public_key())
            .serial_number(chance.number(_SERIAL_BITS) or 1)
            .not_valid_before(since)
            .not_valid_after(min(until, own.not_valid_after_utc))
        )
        for extension, critical in _extensions(request, usages, own):
            builder = builder.add_extension(extension, critical)
        signed = builder.sign(_load_key(self.key), hashes.SHA256(), ecdsa_deterministic=True)
        return signed.public_bytes(serialization.Encoding.PEM)


def new_authority(name: str, *, now: datetime, chance: Chance) -> Authority:
    """An authority of that common name, which signs itself, for ten years from now on."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    key, subject = new_key(chance), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public, moment = key.public_key(), now.replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(chance.number(_SERIAL_BITS) or 1)
        .not_valid_before(moment - timedelta(minutes=5))
        .not_valid_after(moment + _CA_LIFE)
        .add_extension(_key_usage(("digital signature", "key encipherment", "cert sign")), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return Authority(certificate.public_bytes(serialization.Encoding.PEM), key_pem(key))


def new_key(chance: Chance) -> ec.EllipticCurvePrivateKey:
    """A new private key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    curve = ec.SECP256R1()
    return ec.derive_private_key(chance.number(curve.key_size - 1) or 1, curve)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The private key as PEM."""
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key as PEM."""
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def new_request(
    key: ec.EllipticCurvePrivateKey,
    common_name: str,
    organizations: Sequence[str],
    alternatives: Sequence[x509.GeneralName] = (),
) -> bytes:
    """A request for a certificate of that subject, with those alternative names, PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def key_hash(certificate: bytes) -> str:
    """The hash of a certificate's public key (RFC 7469), as `--discovery-token-ca-cert-hash` takes it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    public = x509.load_pem_x509_certificate(certificate).public_key()
    info = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(info).hexdigest()}"


def ends_at(certificates: bytes) -> datetime:
    """When the first of the certificates, PEM, ceases to be valid."""
    from cryptography import x509

    return x509.load_pem_x509_certificates(certificates)[0].not_valid_after_utc


def _load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"the authority's key is to be of an elliptic curve: {type(key).__name__}")
    return key


def _extensions(
    request: CertificateRequest, usages: Sequence[str], issuer: x509.Certificate
) -> list[tuple[x509.ExtensionType, bool]]:
    """A certificate's extensions in Go's order: the alternative names are the request's, nothing else of it is."""
    from cryptography import x509

    extended = sorted({_EXTENDED_USAGES[each] for each in usages if each in _EXTENDED_USAGES})
    plain = [each for each in usages if each in _KEY_USAGES]
    issued_by = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    found: list[tuple[x509.ExtensionType, bool]] = [(_key_usage(plain), True)] if plain else []
    if extended:
        found.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(each) for each in extended]), False))
    found.append((x509.BasicConstraints(ca=False, path_length=None), True))
    found.append((x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issued_by), False))
    if any(request.alternatives.values()):
        names = request.csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        found.append((names.value, not list(request.csr.subject)))
    return found


def _key_usage(usages: Sequence[str]) -> x509.KeyUsage:
    from cryptography import x509

    wanted = {_KEY_USAGES[each] for each in usages}
    if wanted & {"encipher_only", "decipher_only"}:
        wanted.add("key_agreement")  # without which neither means anything (RFC 5280, 4.2.1.3)
    return x509.KeyUsage(**{name: name in wanted for name in _KEY_USAGES.values()})
